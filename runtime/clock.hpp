// Time as a service that tests replace: the wall clock for dates, the steady clock for deadlines in
// seconds.
#pragma once

#include <chrono>

#include "domain/time.hpp"

namespace cabroker::runtime {

class Clock {
  public:
    virtual ~Clock() = default;
    /// The date, UTC. May jump.
    [[nodiscard]] virtual domain::Time now() const = 0;
    /// Never jumps; the zero point means nothing.
    [[nodiscard]] virtual std::chrono::steady_clock::time_point steady() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] domain::Time now() const override;
    [[nodiscard]] std::chrono::steady_clock::time_point steady() const override;
};

/// Stands still until a test moves it. One thread.
class FakeClock final : public Clock {
  public:
    explicit FakeClock(domain::Time start) : now_(start) {}
    [[nodiscard]] domain::Time now() const override { return now_; }
    [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::time_point(elapsed_);
    }
    /// Both clocks go on.
    void advance(domain::Duration by) {
        now_ += by;
        elapsed_ += by;
    }
    /// Only the wall clock steps, as when somebody sets the date.
    void step_wall(domain::Duration by) { now_ += by; }

  private:
    domain::Time now_;
    std::chrono::nanoseconds elapsed_{};
};

}  // namespace cabroker::runtime
