// Somebody set the date: due times, the ends of access codes and the ends of leaves follow it. What
// was stamped between the jump and its detection follows too: it is asked for early once, no more.
#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "daemon/engine/engine.hpp"
#include "domain/states.hpp"
#include "runtime/log.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;
using domain::Duration;
using domain::Time;

namespace {

/// No leave is longer: what a program may ask for a step (adapters/program).
constexpr Duration kLongestLeave = std::chrono::hours(1);

/// How long a code of this adapter can live at most; nullopt: it alone knows.
std::optional<Duration> code_time(const config::Settings& settings, const std::string& adapter) {
    const auto known = settings.adapters.find(adapter);
    if (known == settings.adapters.end()) return std::nullopt;
    const auto* portal = std::get_if<config::GuestPortalSettings>(&known->second.details);
    if (portal == nullptr) return std::nullopt;
    return portal->profile.access_code.ttl;
}

/// Set forward, a code keeps the time that it had; set back, it lives no longer than codes do.
bool move_code_ends(store::StoredRequest& row, std::optional<Duration> most, Time now,
                    Duration by) {
    bool any = false;
    for (domain::Need& need : row.request.needs) {
        if (need.name != kCode || !need.expires_at) continue;
        Time end = *need.expires_at + std::max(by, Duration::zero());
        if (most) end = std::min<Time>(end, now + *most);
        any = any || end != *need.expires_at;
        need.expires_at = end;
    }
    if (any && !row.due_asks_adapter)
        row.due_at = expiry_of(row.request.needs, row.request.deadline_at);
    return any;
}

void tell_date_set(Duration by, int requests) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(by);
    runtime::log(
        runtime::Level::warning, "the date was set; what waits keeps its time",
        {{"seconds", std::to_string(seconds.count())}, {"requests", std::to_string(requests)}});
}

}  // namespace

domain::Result<void> Engine::set_dates(store::Tx& tx, const config::Settings& settings, Time now,
                                       Duration by) const {
    int moved = 0;
    if (by < Duration::zero()) moved = tx.requests().bring_forward(now, -by);
    for (const domain::State state : {domain::State::needs_input, domain::State::outcome_unknown}) {
        for (store::StoredRequest& row : tx.requests().all_in_state(state)) {
            const domain::Request before = row.request;
            if (!move_code_ends(row, code_time(settings, before.adapter.value_or("")), now, by))
                continue;
            Journal journal(tx, services_.ids, now);
            const domain::Result<void> saved =
                journal.save(before, row, broker(), "the date was set; the code's end follows it");
            if (!saved) return saved.error();
            ++moved;
        }
    }
    tell_date_set(by, moved);
    return {};
}

domain::Result<void> Engine::follow_date_of_last_run(store::Tx& tx, Time now) const {
    // Who had leave ended with the last run; nobody knows how long ago that was.
    tx.effects().move_leaves(Duration::zero(), now, now + kLongestLeave);
    const std::optional<Time> newest = tx.requests().newest_that_waits();
    if (!newest || *newest - now < kDateSet) return {};
    return set_dates(tx, *services_.settings(), now, now - *newest);
}

asio::awaitable<bool> Engine::follow_date() {
    const Duration jump = clock_watch_.jump();
    for (auto& [name, lane] : lanes_) lane.breaker.date_set(jump);
    date_owed_ += jump;
    if (following_date_) co_return false;
    if (date_owed_ == Duration::zero()) co_return true;
    following_date_ = true;
    const Duration by = std::exchange(date_owed_, Duration::zero());
    const Time now = services_.clock.now();
    const auto settings = services_.settings();
    const Duration leave = std::max<Duration>(settings->engine.step_deadline, kLongestLeave);
    store::Change<bool> change = [this, settings, now, by,
                                  leave](store::Tx& tx) -> domain::Result<bool> {
        tx.effects().move_leaves(std::max(by, Duration::zero()), Time::min(), now + leave);
        const domain::Result<void> set = set_dates(tx, *settings, now, by);
        if (!set) return set.error();
        return true;
    };
    const domain::Result<bool> followed = co_await services_.store.write(std::move(change));
    following_date_ = false;
    if (followed) co_return true;
    date_owed_ += by;
    runtime::log(runtime::Level::error, "cannot follow the date that was set; tries again",
                 {{"why", followed.error().detail}});
    co_return false;
}

void Engine::let_codes_live(std::vector<domain::Need>& needs, const std::string& adapter,
                            Time now) const {
    const std::optional<Duration> most = code_time(*services_.settings(), adapter);
    for (domain::Need& need : needs) {
        if (need.name != kCode || !need.expires_at || *need.expires_at > now) continue;
        need.expires_at.reset();
        if (most) need.expires_at = now + *most;
    }
}

}  // namespace cabroker::engine
