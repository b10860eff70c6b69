#include "daemon/api/listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace cabroker::api {
namespace {

using domain::Error;
using domain::ErrorCode;

constexpr int kBacklog = 1024;

Error cannot_listen(const std::string& path, const std::string& why) {
    return Error(ErrorCode::bad_configuration, "cannot listen on " + path + ": " + why);
}

std::string errno_text() { return std::strerror(errno); }

struct Descriptor {
    int fd = -1;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
    int release() { return std::exchange(fd, -1); }
};

// Somebody who may write the folder could put another socket in our place.
domain::Result<void> check_folder(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    struct stat info {};
    if (::stat(folder.c_str(), &info) != 0)
        return cannot_listen(path, "folder " + folder + ": " + errno_text());
    if (!S_ISDIR(info.st_mode)) return cannot_listen(path, folder + " is no folder");
    if (info.st_uid != 0 && info.st_uid != ::geteuid())
        return cannot_listen(
            path, folder + " belongs to another user; use a folder of root or of your own");
    const bool others_write = (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if (others_write && (info.st_mode & S_ISVTX) == 0)
        return cannot_listen(path, "others may write " + folder + "; make it 0755 or tighter");
    return {};
}

domain::Result<void> clear_stale(const std::string& path, const sockaddr_un& address) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
        if (errno == ENOENT) return {};
        return cannot_listen(path, errno_text());
    }
    if (!S_ISSOCK(info.st_mode))
        return cannot_listen(path, "something else than a socket stands there");
    Descriptor probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (probe.fd < 0) return cannot_listen(path, errno_text());
    const int connected =
        ::connect(probe.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (connected == 0 || errno == EAGAIN || errno == EINPROGRESS)
        return cannot_listen(path, "another daemon answers there");
    if (errno != ECONNREFUSED) return cannot_listen(path, errno_text());
    if (::unlink(path.c_str()) != 0) return cannot_listen(path, errno_text());
    return {};
}

}  // namespace

domain::Result<Listener> Listener::at(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (!path.starts_with('/')) return cannot_listen(path, "the path must be absolute");
    if (path.size() >= sizeof address.sun_path)
        return cannot_listen(path, "the path is longer than " +
                                       std::to_string(sizeof address.sun_path - 1) + " octets");
    std::memcpy(address.sun_path, path.data(), path.size());
    if (domain::Result<void> folder = check_folder(path); !folder) return folder.error();
    if (domain::Result<void> cleared = clear_stale(path, address); !cleared) return cleared.error();

    Descriptor made{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (made.fd < 0) return cannot_listen(path, errno_text());
    // Everybody may connect: who a peer is and what it may do is the kernel's word, and one without
    // a role learns health and version only. Nobody but us and root can put another socket here,
    // as the folder is checked.
    const mode_t old_mask = ::umask(0111);
    const int bound = ::bind(made.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int why = errno;
    ::umask(old_mask);
    if (bound != 0) return cannot_listen(path, std::strerror(why));
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 || ::listen(made.fd, kBacklog) != 0)
        return cannot_listen(path, errno_text());
    return Listener(made.release(), path, info.st_dev, info.st_ino);
}

domain::Result<Listener> Listener::adopt(int descriptor) {
    Descriptor given{descriptor};
    const std::string name = "passed socket " + std::to_string(descriptor);
    const auto option = [&](int which) {
        int value = -1;
        socklen_t size = sizeof value;
        if (::getsockopt(descriptor, SOL_SOCKET, which, &value, &size) != 0) return -1;
        return value;
    };
    if (option(SO_DOMAIN) != AF_UNIX || option(SO_TYPE) != SOCK_STREAM ||
        option(SO_ACCEPTCONN) != 1)
        return cannot_listen(name, "it is no listening Unix stream socket");
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0 ||
        ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0)
        return cannot_listen(name, errno_text());
    return Listener(given.release(), {}, 0, 0);
}

Listener::Listener(Listener&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      device_(other.device_),
      inode_(other.inode_) {
    other.path_.clear();
}

Listener& Listener::operator=(Listener&& other) noexcept {
    if (this == &other) return *this;
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    path_ = std::move(other.path_);
    other.path_.clear();
    device_ = other.device_;
    inode_ = other.inode_;
    return *this;
}

Listener::~Listener() { close(); }

void Listener::close() noexcept {
    if (descriptor_ < 0) return;
    if (!path_.empty()) {
        struct stat info {};
        const bool ours =
            ::lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_;
        if (ours) ::unlink(path_.c_str());
    }
    ::close(std::exchange(descriptor_, -1));
}

}  // namespace cabroker::api
