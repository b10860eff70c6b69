#include "daemon/link/host_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <vector>

namespace cabroker::link {
namespace {

constexpr int kLinkDescriptor = 3;

}  // namespace

std::string find_program(const std::string& program) {
    if (program.find('/') != std::string::npos) return program;
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) {
        const auto beside = self.parent_path() / program;
        if (std::filesystem::exists(beside, error)) return beside.string();
    }
    return program;
}

domain::Result<HostProcess> start_host(const std::string& program) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return domain::Error(domain::ErrorCode::unreachable,
                             std::string("cannot make a socket pair: ") + std::strerror(errno));
    }
    // dup2 onto itself would keep close-on-exec.
    const int child_end = fcntl(ends[1], F_DUPFD_CLOEXEC, kLinkDescriptor + 1);
    close(ends[1]);
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, child_end, kLinkDescriptor);
    // Asio opens and accepts sockets without close-on-exec: the outside must inherit no client.
    posix_spawn_file_actions_addclosefrom_np(&actions, kLinkDescriptor + 1);
    posix_spawnattr_t attributes{};
    posix_spawnattr_init(&attributes);
    sigset_t none{};
    sigemptyset(&none);
    sigset_t defaults{};
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes,
                             static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));

    std::string path = find_program(program);
    std::string flag = "--link-fd";
    std::string number = std::to_string(kLinkDescriptor);
    std::array<char*, 4> arguments{path.data(), flag.data(), number.data(), nullptr};
    std::string search = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    std::string locale = "LC_ALL=C.UTF-8";
    std::vector<char*> environment{search.data(), locale.data()};
    std::string sanitizer;
    if (const char* options = getenv("ASAN_OPTIONS"); options != nullptr) {
        sanitizer = std::string("ASAN_OPTIONS=") + options;
        environment.push_back(sanitizer.data());
    }
    environment.push_back(nullptr);
    HostProcess host;
    const int failed = posix_spawnp(&host.pid, path.c_str(), &actions, &attributes,
                                    arguments.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(child_end);
    if (failed != 0) {
        close(ends[0]);
        return domain::Error(domain::ErrorCode::unreachable,
                             "cannot start " + path + ": " + std::strerror(failed));
    }
    host.socket = ends[0];
    return host;
}

bool reap_host(pid_t pid) {
    int status = 0;
    const pid_t ended = waitpid(pid, &status, WNOHANG);
    return ended == pid || (ended < 0 && errno == ECHILD);
}

void kill_host(pid_t pid) { kill(pid, SIGKILL); }

}  // namespace cabroker::link
