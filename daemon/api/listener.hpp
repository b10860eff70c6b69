// A listening Unix stream socket: made at a path, safely, or handed over by systemd.
#pragma once

#include <sys/types.h>

#include <string>

#include "domain/error.hpp"

namespace cabroker::api {

/// Owns the descriptor. A socket that it made at a path is removed again when it closes, unless
/// another file stands there by then.
class Listener {
  public:
    /// Binds with mode 0660. The folder must exist, belong to root or to this process's user, and
    /// be writable by nobody else (sticky folders such as /tmp are good enough). A socket that
    /// nobody answers on is replaced; a live daemon or any other file is bad_configuration.
    [[nodiscard]] static domain::Result<Listener> at(const std::string& path);
    /// Takes over a listening socket, for instance one from systemd. bad_configuration when it is
    /// not a listening Unix stream socket; the descriptor is then closed.
    [[nodiscard]] static domain::Result<Listener> adopt(int descriptor);

    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    Listener(Listener&& other) noexcept;
    Listener& operator=(Listener&& other) noexcept;
    ~Listener();

    [[nodiscard]] int descriptor() const { return descriptor_; }
    /// Empty for an adopted one.
    [[nodiscard]] const std::string& path() const { return path_; }
    /// Stops listening now.
    void close() noexcept;

  private:
    Listener(int descriptor, std::string path, dev_t device, ino_t inode)
        : descriptor_(descriptor), path_(std::move(path)), device_(device), inode_(inode) {}
    int descriptor_ = -1;
    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace cabroker::api
