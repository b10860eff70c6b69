#include "adapters/portal/meter.hpp"

#include <algorithm>
#include <cmath>

namespace cabroker::adapters::portal {

namespace {

using config::RateWindow;
using std::chrono::steady_clock;

/// Accounts remembered at once; one order is an account of its own at a guest portal.
constexpr std::size_t kMostAccounts = 10'000;

double milliseconds(steady_clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

double per_millisecond(const RateWindow& window) {
    return static_cast<double>(window.requests) / static_cast<double>(window.per.count());
}

}  // namespace

Meter::Meter(std::vector<RateWindow> whole, std::vector<RateWindow> each,
             const runtime::Clock& clock)
    : whole_(std::move(whole)), each_(std::move(each)), clock_(&clock) {
    all_ = full(whole_, clock_->steady());
}

Meter::Buckets Meter::full(const std::vector<RateWindow>& windows, Moment now) const {
    Buckets buckets;
    for (const RateWindow& window : windows) {
        Bucket bucket;
        bucket.tokens = static_cast<double>(window.requests);
        bucket.filled = now;
        buckets.windows.push_back(bucket);
    }
    buckets.away_until = now;
    buckets.used = now;
    return buckets;
}

void Meter::refill(Buckets& buckets, const std::vector<RateWindow>& windows, Moment now) {
    for (std::size_t i = 0; i < windows.size(); ++i) {
        Bucket& bucket = buckets.windows[i];
        const double grown = milliseconds(now - bucket.filled) * per_millisecond(windows[i]);
        bucket.tokens = std::min(static_cast<double>(windows[i].requests), bucket.tokens + grown);
        bucket.filled = now;
    }
}

domain::Duration Meter::missing(const Buckets& buckets, const std::vector<RateWindow>& windows,
                                Moment now) {
    domain::Duration longest = std::max(
        domain::Duration::zero(), std::chrono::ceil<domain::Duration>(buckets.away_until - now));
    for (std::size_t i = 0; i < windows.size(); ++i) {
        const double lacking = 1.0 - buckets.windows[i].tokens;
        if (lacking <= 0) continue;
        const double time = std::ceil(lacking / per_millisecond(windows[i]));
        longest = std::max(longest, domain::Duration(static_cast<std::int64_t>(time)));
    }
    return longest;
}

void Meter::forget_idle(Moment now) {
    std::chrono::milliseconds longest{0};
    for (const RateWindow& window : each_) longest = std::max(longest, window.per);
    for (auto account = accounts_.begin(); account != accounts_.end();) {
        const Buckets& buckets = account->second;
        // Full again, and nobody told it to stay away: as good as never seen.
        const bool idle = now - buckets.used > longest && buckets.away_until <= now;
        account = idle ? accounts_.erase(account) : std::next(account);
    }
    if (accounts_.size() >= kMostAccounts) accounts_.clear();
}

Meter::Buckets& Meter::of(const std::string& account, Moment now) {
    const auto found = accounts_.find(account);
    if (found != accounts_.end()) return found->second;
    if (accounts_.size() >= kMostAccounts) forget_idle(now);
    return accounts_.emplace(account, full(each_, now)).first->second;
}

std::optional<domain::Duration> Meter::take(const std::string& account) {
    const Moment now = clock_->steady();
    Buckets& own = of(account, now);
    refill(all_, whole_, now);
    refill(own, each_, now);
    own.used = now;
    const domain::Duration wait = std::max(missing(all_, whole_, now), missing(own, each_, now));
    if (wait > domain::Duration::zero()) return wait;
    for (Bucket& bucket : all_.windows) bucket.tokens -= 1.0;
    for (Bucket& bucket : own.windows) bucket.tokens -= 1.0;
    return std::nullopt;
}

void Meter::stay_away(const std::string& account, domain::Duration time) {
    const Moment now = clock_->steady();
    Buckets& own = of(account, now);
    own.away_until = std::max(own.away_until, now + time);
}

}  // namespace cabroker::adapters::portal
