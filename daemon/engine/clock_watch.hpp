// Notices that somebody set the date. Due times and the end of an access code are dates, so that
// they outlive a restart; what was due in a minute must neither wait for hours nor be over at once
// because the date was wrong before.
#pragma once

#include <chrono>

#include "runtime/clock.hpp"

namespace cabroker::engine {

/// A date that goes off by less is time kept by NTP, not somebody's doing.
inline constexpr domain::Duration kDateSet = std::chrono::seconds(2);

/// One thread: the loop's.
class ClockWatch {
  public:
    /// The clock outlives the watch.
    explicit ClockWatch(const runtime::Clock& clock);
    /// How far the date was set forward (negative: back) since the last call, measured by the
    /// steady clock; zero when it was not, or by less than kDateSet. A machine that slept looks the
    /// same: the steady clock stands still then.
    [[nodiscard]] domain::Duration jump();

  private:
    const runtime::Clock& clock_;
    domain::Time date_;
    std::chrono::steady_clock::time_point steady_;
};

}  // namespace cabroker::engine
