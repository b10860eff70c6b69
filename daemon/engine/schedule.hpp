// How long to wait before the next try or the next look: exponential, capped, jittered. Pure.
#pragma once

#include "domain/time.hpp"

namespace cabroker::engine {

struct Pace {
    domain::Duration first{};
    domain::Duration max{};
};

/// Before try number `attempt` + 1 (attempt counts from 1). Full jitter: uniform between a tenth of
/// the cap and the cap, which doubles from `first` to `max`. `fraction` is uniform in [0, 1).
[[nodiscard]] domain::Duration backoff_delay(const Pace& pace, int attempt, double fraction);

/// Before look number `attempt` + 1 at something that somebody else works on: grows by half each
/// time from `first` to `max`, a tenth of jitter either way so that many requests spread.
[[nodiscard]] domain::Duration poll_delay(const Pace& pace, int attempt, double fraction);

}  // namespace cabroker::engine
