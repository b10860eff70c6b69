#include "daemon/engine/breaker.hpp"

#include <algorithm>

namespace cabroker::engine {

std::string_view name_of(BreakerState state) {
    switch (state) {
        case BreakerState::closed:
            return "closed";
        case BreakerState::open:
            return "open";
        case BreakerState::half_open:
            return "half_open";
    }
    return "closed";
}

BreakerState Breaker::state(domain::Time now) const {
    if (!open_until_) return BreakerState::closed;
    return now < *open_until_ ? BreakerState::open : BreakerState::half_open;
}

bool Breaker::lets_through(domain::Time now) const {
    switch (state(now)) {
        case BreakerState::closed:
            return true;
        case BreakerState::open:
            return false;
        case BreakerState::half_open:
            return !probe_;
    }
    return true;
}

void Breaker::started(const domain::RequestId& request, domain::Time now) {
    if (state(now) == BreakerState::half_open && !probe_) probe_ = request;
}

void Breaker::open(const BreakerPace& pace, domain::Time now, double fraction) {
    domain::Duration time = pace.open;
    for (int more = times_open_; more > 0 && time < pace.max; --more) time *= 2;
    time = std::min(time, std::max(pace.open, pace.max));
    // A quarter of jitter on top, so that several brokers do not probe together.
    const auto jitter = static_cast<double>(time.count()) * fraction / 4;
    time += domain::Duration(static_cast<domain::Duration::rep>(jitter));
    open_until_ = now + std::max<domain::Duration>(time, domain::Duration(1));
    ++times_open_;
    probe_.reset();
}

bool Breaker::shows(const domain::RequestId& request, Sign sign, const BreakerPace& pace,
                    domain::Time now, double fraction) {
    if (sign == Sign::none) return false;
    const bool was_closed = !open_until_;
    if (sign == Sign::alive) {
        failures_ = 0;
        times_open_ = 0;
        open_until_.reset();
        probe_.reset();
        return !was_closed;
    }
    ++failures_;
    if (was_closed) {
        if (failures_ < pace.failures) return false;
        open(pace, now, fraction);
        return true;
    }
    // Steps that began before it opened say nothing new; only the probe does.
    if (probe_ == request) open(pace, now, fraction);
    return false;
}

void Breaker::date_set(domain::Duration by) {
    if (open_until_) *open_until_ += by;
}

void Breaker::ended(const domain::RequestId& request) {
    if (probe_ == request) probe_.reset();
}

}  // namespace cabroker::engine
