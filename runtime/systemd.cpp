#include "runtime/systemd.hpp"

#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <cstdlib>

namespace cabroker::runtime {

void notify_systemd(const std::string& state) { sd_notify(0, state.c_str()); }

std::optional<std::chrono::microseconds> watchdog_interval() {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
    return std::chrono::microseconds(microseconds / 2);
}

std::vector<int> sockets_from_systemd() {
    std::vector<int> sockets;
    const int count = sd_listen_fds(1);
    for (int i = 0; i < count; ++i) {
        const int fd = SD_LISTEN_FDS_START + i;
        if (sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0) sockets.push_back(fd);
    }
    return sockets;
}

std::optional<std::string> credential_path(const std::string& name) {
    const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
    if (directory == nullptr || *directory == '\0') return std::nullopt;
    return std::string(directory) + "/" + name;
}

}  // namespace cabroker::runtime
