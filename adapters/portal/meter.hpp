// How fast a portal may be asked: token buckets in memory, for the whole adapter and for each
// account, and how long a portal said to stay away. Keeps nothing over a restart or a reload.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/adapter_settings.hpp"
#include "runtime/clock.hpp"

namespace cabroker::adapters::portal {

class Meter {
  public:
    /// `whole`: windows of the adapter, `each`: of every account. The clock outlives the meter.
    Meter(std::vector<config::RateWindow> whole, std::vector<config::RateWindow> each,
          const runtime::Clock& clock);

    /// Takes one token of every window, or none; then how long until there is one in each.
    [[nodiscard]] std::optional<domain::Duration> take(const std::string& account);
    /// The portal told this account to stay away.
    void stay_away(const std::string& account, domain::Duration time);

  private:
    using Moment = std::chrono::steady_clock::time_point;
    struct Bucket {
        double tokens = 0;
        Moment filled;
    };
    struct Buckets {
        std::vector<Bucket> windows;
        Moment away_until;
        Moment used;
    };
    [[nodiscard]] Buckets full(const std::vector<config::RateWindow>& windows, Moment now) const;
    static void refill(Buckets& buckets, const std::vector<config::RateWindow>& windows,
                       Moment now);
    /// Zero: there is a token in each.
    static domain::Duration missing(const Buckets& buckets,
                                    const std::vector<config::RateWindow>& windows, Moment now);
    Buckets& of(const std::string& account, Moment now);
    void forget_idle(Moment now);

    std::vector<config::RateWindow> whole_;
    std::vector<config::RateWindow> each_;
    const runtime::Clock* clock_;
    Buckets all_;
    std::map<std::string, Buckets> accounts_;
};

}  // namespace cabroker::adapters::portal
