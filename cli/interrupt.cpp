#include "cli/interrupt.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>

namespace cabroker::cli {
namespace {

std::atomic<bool> seen{false};
std::array<int, 2> pipe_ends{-1, -1};

extern "C" void on_interrupt(int) {
    const int saved = errno;
    seen.store(true);
    const char octet = 'i';
    [[maybe_unused]] const auto ignored = write(pipe_ends[1], &octet, 1);
    errno = saved;
}

}  // namespace

void catch_interrupts() {
    if (pipe2(pipe_ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return;
    struct sigaction action {};
    action.sa_handler = on_interrupt;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
}

bool interrupted() { return seen.load(); }
int interrupt_fd() { return pipe_ends[0]; }

bool pause_for(domain::Duration time) {
    pollfd watched{interrupt_fd(), POLLIN, 0};
    if (!interrupted()) poll(&watched, 1, static_cast<int>(time.count()));
    return !interrupted();
}

}  // namespace cabroker::cli
