// LD_PRELOAD this into a program: its wall clock is off by as many seconds as stand in the file
// that CABROKER_CLOCK_FILE names, and jumps when the file changes. Its steady clock is the
// machine's.
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>

namespace {

long seconds_off() {
    static const char* const path = std::getenv("CABROKER_CLOCK_FILE");
    if (path == nullptr) return 0;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    std::array<char, 32> text{};
    const ssize_t size = read(file, text.data(), text.size() - 1);
    close(file);
    return size > 0 ? std::strtol(text.data(), nullptr, 10) : 0;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* out) noexcept {
    const long code = syscall(SYS_clock_gettime, clock, out);
    if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        out->tv_sec += seconds_off();
    return static_cast<int>(code);
}

extern "C" time_t time(time_t* out) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != nullptr) *out = now.tv_sec;
    return now.tv_sec;
}

extern "C" int gettimeofday(timeval* out, void*) noexcept {
    timespec now{};
    const int code = clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return code;
}
