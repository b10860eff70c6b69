#include "adapters/program/keeper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace cabroker::adapters::program {
namespace {

constexpr rlim_t kMostFiles = 256;
constexpr rlim_t kLargestFile = 256UL * 1024 * 1024;
constexpr int kSweeps = 200;
constexpr int kSweepPause = 10;  // ms

void limit(__rlimit_resource what, rlim_t most) {
    rlimit now{};
    if (getrlimit(what, &now) != 0) return;
    // Never more than what the service manager allows.
    now.rlim_max = std::min(now.rlim_max, most);
    now.rlim_cur = now.rlim_max;
    setrlimit(what, &now);
}

[[noreturn]] void become(char** command, rlim_t memory, pid_t keeper) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper) _exit(kNotStarted);
    for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
    sigset_t none{};
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, kMostFiles);
    limit(RLIMIT_FSIZE, kLargestFile);
    limit(RLIMIT_DATA, memory);
    syscall(SYS_close_range, kLifeDescriptor, ~0U, 0);
    umask(077);
    if (chdir("/") == 0) execv(command[0], command);
    dprintf(STDERR_FILENO, "cannot start %s: %s\n", command[0], strerror(errno));
    _exit(kNotStarted);
}

// Kills what is left of the program, however it has moved itself away: orphans come to the keeper.
void sweep() {
    const std::string path = "/proc/self/task/" + std::to_string(getpid()) + "/children";
    for (int i = 0; i < kSweeps; ++i) {
        while (waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        if (waitpid(-1, nullptr, WNOHANG) < 0) return;  // no child is left
        FILE* children = fopen(path.c_str(), "re");
        if (children == nullptr) return;
        long child = 0;
        while (fscanf(children, "%ld", &child) == 1) kill(static_cast<pid_t>(child), SIGKILL);
        fclose(children);
        poll(nullptr, 0, kSweepPause);
    }
}

void wait_for_an_end(int ended) {
    std::array<pollfd, 2> wanted{pollfd{ended, POLLIN, 0}, pollfd{kLifeDescriptor, POLLIN, 0}};
    while (poll(wanted.data(), wanted.size(), -1) < 0 && errno == EINTR) {
    }
}

}  // namespace

void keep(char** arguments) {
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    setpgid(0, 0);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) std::signal(signal, SIG_IGN);
    unsigned long memory = 0;
    if (arguments[0] == nullptr || arguments[1] == nullptr) _exit(kNotStarted);
    std::from_chars(arguments[0], arguments[0] + strlen(arguments[0]), memory);
    const pid_t keeper = getpid();
    const pid_t program = fork();
    if (program < 0) _exit(kNotStarted);
    if (program == 0) become(arguments + 1, memory * 1024 * 1024, keeper);
    // The program alone holds its ends of the pipes, so that its end is seen.
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int end : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nothing, end);
    wait_for_an_end(static_cast<int>(syscall(SYS_pidfd_open, program, 0)));
    kill(program, SIGKILL);
    kill(-program, SIGKILL);  // not reaped yet, so the number is still its group's
    int status = 0;
    waitpid(program, &status, 0);
    sweep();
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : kKilled + WTERMSIG(status));
}

}  // namespace cabroker::adapters::program
