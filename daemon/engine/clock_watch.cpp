#include "daemon/engine/clock_watch.hpp"

namespace cabroker::engine {

ClockWatch::ClockWatch(const runtime::Clock& clock)
    : clock_(clock), date_(clock.now()), steady_(clock.steady()) {}

domain::Duration ClockWatch::jump() {
    const domain::Time date = clock_.now();
    const auto steady = clock_.steady();
    const auto passed = std::chrono::duration_cast<domain::Duration>(steady - steady_);
    const domain::Duration jump = (date - date_) - passed;
    date_ = date;
    steady_ = steady;
    return jump > -kDateSet && jump < kDateSet ? domain::Duration::zero() : jump;
}

}  // namespace cabroker::engine
