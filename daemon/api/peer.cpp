#include "daemon/api/peer.hpp"

#include <pwd.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

namespace cabroker::api {

using domain::Error;
using domain::ErrorCode;

domain::Result<policy::Peer> peer_of(int descriptor) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return Error(ErrorCode::internal, "cannot read the peer's credentials");
    policy::Peer peer;
    peer.uid = credentials.uid;
    peer.gid = credentials.gid;

    std::vector<gid_t> groups(64);
    for (int round = 0; round < 3; ++round) {
        size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
        if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) {
            groups.resize(size / sizeof(gid_t));
            peer.groups = std::move(groups);
            return peer;
        }
        if (errno != ERANGE) break;
        groups.resize(size / sizeof(gid_t) + 1);
    }
    return Error(ErrorCode::internal, "cannot read the peer's groups");
}

std::string user_name(uid_t uid) {
    std::vector<char> buffer(4096);
    passwd entry{};
    passwd* found = nullptr;
    while (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == ERANGE &&
           buffer.size() < 1024UL * 1024) {
        buffer.resize(buffer.size() * 2);
    }
    if (found == nullptr || found->pw_name == nullptr || *found->pw_name == '\0')
        return "uid " + std::to_string(uid);
    return found->pw_name;
}

}  // namespace cabroker::api
