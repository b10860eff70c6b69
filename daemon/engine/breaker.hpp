// Stops asking an upstream that does not answer: after so many failures in a row the breaker opens,
// and once the time is over one single step may probe. Pure: no clock, no I/O.
#pragma once

#include <optional>
#include <string_view>

#include "domain/ids.hpp"
#include "domain/time.hpp"

namespace cabroker::engine {

struct BreakerPace {
    int failures = 5;         ///< in a row, until it opens
    domain::Duration open{};  ///< the first time; doubles with each failed probe
    domain::Duration max{};
};

enum class BreakerState { closed, open, half_open };
[[nodiscard]] std::string_view name_of(BreakerState state);

/// What a step tells about the upstream.
enum class Sign {
    none,    ///< nothing: it was not asked, or we could not ask
    alive,   ///< it answered, whatever it said
    silent,  ///< it did not
};

/// One per adapter. One thread: the loop's.
class Breaker {
  public:
    [[nodiscard]] BreakerState state(domain::Time now) const;
    /// May a step of this adapter start now? In half_open one at a time.
    [[nodiscard]] bool lets_through(domain::Time now) const;
    /// Failures in a row.
    [[nodiscard]] int failures() const { return failures_; }
    /// When the next probe may go; set while open or half open.
    [[nodiscard]] std::optional<domain::Time> open_until() const { return open_until_; }

    /// A request's steps start; in half_open they are the probe.
    void started(const domain::RequestId& request, domain::Time now);
    /// What one of its steps showed. `fraction` is uniform in [0, 1). True when the breaker opened
    /// or closed by it.
    [[nodiscard]] bool shows(const domain::RequestId& request, Sign sign, const BreakerPace& pace,
                             domain::Time now, double fraction);
    /// The date was set by so much; negative: back.
    void date_set(domain::Duration by);
    /// The request's steps ended; a probe that showed nothing leaves the place to another.
    void ended(const domain::RequestId& request);

  private:
    void open(const BreakerPace& pace, domain::Time now, double fraction);

    int failures_ = 0;
    int times_open_ = 0;
    std::optional<domain::Time> open_until_;
    std::optional<domain::RequestId> probe_;
};

}  // namespace cabroker::engine
