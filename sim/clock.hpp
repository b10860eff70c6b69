// The simulated world's clock: the real one plus an offset that the control API moves.
#pragma once

#include "runtime/clock.hpp"

namespace cabroker::sim {

inline constexpr std::chrono::hours kDay{24};

/// One thread.
class SimClock final : public runtime::Clock {
  public:
    [[nodiscard]] domain::Time now() const override { return real_.now() + offset_; }
    [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
        return real_.steady();
    }
    void advance(domain::Duration by) { offset_ += by; }
    void set_offset(domain::Duration offset) { offset_ = offset; }
    [[nodiscard]] domain::Duration offset() const { return offset_; }

  private:
    runtime::SystemClock real_;
    domain::Duration offset_{};
};

}  // namespace cabroker::sim
