#include "transport/work_budget.hpp"

#include <unistd.h>

#include <csignal>
#include <ctime>

namespace cabroker::transport {
namespace {

constexpr long kTick = 50'000'000;  // nanoseconds

/// What the signal handler touches, of the thread that it interrupts.
struct Ticks {
    volatile std::sig_atomic_t count = 0;
    volatile std::sig_atomic_t end = 0;
    unsigned long* volatile limit = nullptr;
};
thread_local Ticks ticks;
thread_local bool ticking = false;

void on_tick(int /*signal*/) {
    ticks.count = ticks.count + 1;
    if (ticks.limit != nullptr && ticks.count >= ticks.end) *ticks.limit = 1;
}

int tick_signal() { return SIGRTMIN + 7; }

/// The timer runs as this thread does and lives as long: an idle one has no ticks. When the kernel
/// has none left, the next piece of work asks again.
void start_ticking() {
    static const bool handled = [] {
        struct sigaction action {};
        action.sa_handler = on_tick;
        action.sa_flags = SA_RESTART;
        return sigaction(tick_signal(), &action, nullptr) == 0;
    }();
    if (!handled) return;
    sigset_t ours{};
    sigemptyset(&ours);
    sigaddset(&ours, tick_signal());
    pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = tick_signal();
    event._sigev_un._tid = gettid();
    timer_t timer{};
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) != 0) return;
    const itimerspec every{{0, kTick}, {0, kTick}};
    ticking = timer_settime(timer, 0, &every, nullptr) == 0;
    if (!ticking) timer_delete(timer);
}

}  // namespace

Work::Work(WorkBudget& budget, unsigned long* limit) : budget_(budget) {
    if (!ticking) start_ticking();
    begin_ = ticks.count;
    ticks.end = begin_ + budget.left_;
    ticks.limit = limit;
}

Work::~Work() {
    ticks.limit = nullptr;
    budget_.left_ -= ticks.count - begin_;
}

bool Work::too_long() const { return ticks.count - begin_ >= budget_.left_; }

}  // namespace cabroker::transport
