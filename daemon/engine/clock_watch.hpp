// Notices that somebody set the date back. Due times are dates, so that they outlive a restart;
// what was due in a minute must not wait for hours because the date was wrong before.
#pragma once

#include <chrono>

#include "runtime/clock.hpp"

namespace cabroker::engine {

/// A date that goes back by less is time kept by NTP, not somebody's doing.
inline constexpr domain::Duration kSetBack = std::chrono::seconds(2);

/// One thread: the loop's.
class ClockWatch {
  public:
    /// The clock outlives the watch.
    explicit ClockWatch(const runtime::Clock& clock);
    /// How far the date was set back since the last call, measured by the steady clock; zero when
    /// it was not, or by less than kSetBack.
    [[nodiscard]] domain::Duration set_back();

  private:
    const runtime::Clock& clock_;
    domain::Time date_;
    std::chrono::steady_clock::time_point steady_;
};

}  // namespace cabroker::engine
