#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/client.hpp"
#include "cli/text.hpp"

namespace cabroker::cli {
namespace {

std::string group_of(const std::string& path) {
    struct stat facts {};
    if (stat(path.c_str(), &facts) != 0) return {};
    const group* const entry = getgrgid(facts.st_gid);
    return entry == nullptr ? std::to_string(facts.st_gid) : std::string(entry->gr_name);
}

std::string own_name() {
    const passwd* const entry = getpwuid(geteuid());
    return entry == nullptr ? std::to_string(geteuid()) : std::string(entry->pw_name);
}

// Errno of a connection attempt; 0 when it works.
int probe(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(static_cast<char*>(address.sun_path), path.c_str(), path.size());
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API wants it
    const int rc = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = rc == 0 ? 0 : errno;
    close(fd);
    return error;
}

std::string who_may(const std::string& path) {
    std::string place = path;
    std::string group = group_of(place);
    if (group.empty()) {
        place = path.substr(0, path.rfind('/'));
        group = group_of(place);
    }
    std::string text = fmt::format("you ({}) may not use {}", own_name(), clean(path));
    if (group.empty()) return text + "\nask an administrator for access";
    return text + fmt::format(
                      "\n{} belongs to group {}; an administrator can add you: usermod -aG {} {}\n"
                      "then log in again",
                      clean(place), clean(group), shell_word(clean(group)), own_name());
}

}  // namespace

std::string explain_socket(const std::string& path) {
    const std::string other = "\nanother socket: -s PATH or CABROKER_SOCKET";
    const std::string start = "\nstart it: systemctl start cabrokerd";
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        return fmt::format("cannot reach the daemon: the socket path is over {} octets: {}",
                           sizeof(sockaddr_un::sun_path) - 1, clean(path));
    }
    const int error = probe(path);
    const std::string head = "cannot reach the daemon: ";
    switch (error) {
        case 0:
            return head + "the connection to " + clean(path) + " failed; try again";
        case ENOENT:
        case ENOTDIR:
            return head + "there is no socket " + clean(path) + ": is cabrokerd running?" + start +
                   other;
        case ECONNREFUSED:
            return head + "nobody listens on " + clean(path) + ": cabrokerd is not running" +
                   start + other;
        case EACCES:
        case EPERM:
            return head + who_may(path) + other;
        default:
            // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
            return head + clean(path) + ": " + std::strerror(error) + other;
    }
}

}  // namespace cabroker::cli
