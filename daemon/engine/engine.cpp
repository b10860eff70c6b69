#include "daemon/engine/engine.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "domain/states.hpp"
#include "runtime/log.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;

namespace {

constexpr auto kLongestSleep = std::chrono::seconds(30);
// With so few under way nobody comes to share a commit: waiting would only be waiting.
constexpr std::size_t kFewSteps = 4;

Pace pace_of(const config::BackoffSettings& settings) { return Pace{settings.first, settings.max}; }

}  // namespace

Engine::Engine(EngineServices services)
    : services_(std::move(services)),
      run_name_(services_.random.hex(8)),
      clock_watch_(services_.clock),
      wake_(services_.loop) {
    services_.outside.on_change([this] { kick(); });
    for (const store::AdapterStateRow& row : services_.store.reader().adapter_states().list()) {
        if (row.paused) paused_[row.name] = row.reason.value_or("");
    }
}

store::Urgency Engine::urgency() const {
    return in_flight_.size() > kFewSteps ? store::Urgency::soon : store::Urgency::at_once;
}

void Engine::reach(std::string_view crash_point) const {
    if (services_.hooks.crash_point) services_.hooks.crash_point(crash_point);
}

const protocol::Capabilities* Engine::capabilities_of(const std::string& adapter) const {
    const auto& all = services_.outside.capabilities();
    const auto found = all.find(adapter);
    return found == all.end() ? nullptr : &found->second;
}

Engine::Moment Engine::moment(domain::Duration settle) const {
    const auto settings = services_.settings();
    Moment now;
    now.now = services_.clock.now();
    now.fraction = services_.random.fraction();
    now.retry = pace_of(settings->engine.retry);
    now.poll = pace_of(settings->engine.poll);
    now.settle = settle;
    return now;
}

Situation Engine::situation_of(const domain::Request& request, const store::Reader& reader,
                               const Moment& moment) {
    std::optional<EffectInPlay> in_play;
    if (const auto row = reader.effects().open_for_request(request.id)) {
        EffectInPlay effect;
        effect.effect = row->effect;
        effect.act_until = row->act_until.value_or(row->intended_at);
        in_play = std::move(effect);
    }
    return Situation{
        request,      std::move(in_play), moment.now,    moment.fraction,
        moment.retry, moment.poll,        moment.settle, reader.effects().done_once(request.id)};
}

domain::Result<void> Engine::recover() {
    const Moment at = moment(services_.settings()->engine.settle);
    return services_.store.write_and_wait([this, at](store::Tx& tx) -> domain::Result<void> {
        const domain::Result<void> followed = follow_date_of_last_run(tx, at.now);
        if (!followed) return followed.error();
        for (store::StoredRequest& row : tx.requests().all_in_state(domain::State::running)) {
            const Situation situation = situation_of(row.request, tx, at);
            const std::optional<Transition> next = after_crash(situation);
            if (!next) continue;
            Journal journal(tx, services_.ids, situation.now);
            const CallFacts nothing;
            const domain::Result<void> moved =
                Apply(journal, services_.vault, nothing)
                    .move(*next, std::nullopt, row, "found at work after a restart", {});
            if (!moved) return moved.error();
        }
        return {};
    });
}

void Engine::kick() {
    kicked_ = true;
    wake_.cancel();
}

void Engine::stop() {
    stopping_ = true;
    kick();
}

asio::awaitable<void> Engine::run() {
    while (!stopping_) {
        kicked_ = false;
        const bool dates_right = co_await follow_date();
        if (dates_right) dispatch();
        const domain::Time now = services_.clock.now();
        domain::Duration sleep = kLongestSleep;
        if (const auto next = services_.store.reader().due().next_after(now)) {
            sleep = std::clamp<domain::Duration>(*next - now, domain::Duration(1), sleep);
        }
        for (const auto& [name, lane] : lanes_) {
            const auto until = lane.breaker.open_until();
            if (until && *until > now) sleep = std::min<domain::Duration>(sleep, *until - now);
        }
        if (!dates_right) sleep = std::min<domain::Duration>(sleep, kPauseDown);
        if (!services_.outside.up()) sleep = std::min<domain::Duration>(sleep, kPauseDown);
        if (kicked_ || stopping_) continue;
        wake_.expires_after(sleep);
        boost::system::error_code woken;
        auto token = asio::redirect_error(asio::use_awaitable, woken);
        co_await wake_.async_wait(token);
    }
}

asio::awaitable<void> Engine::drive(domain::RequestId id) {
    bool more = true;
    while (more && !stopping_ && services_.store.healthy()) more = co_await drive_once(id);
    leave_lane(id);
    kick();
}

asio::awaitable<bool> Engine::drive_once(domain::RequestId id) {
    std::optional<store::StoredRequest> row = services_.store.reader().requests().get(id);
    if (!row || domain::is_settled(row->request.state)) co_return false;
    const domain::Request& request = row->request;
    const bool only_time = !in_flight_.at(id).order;
    if (only_time || is_over(request, services_.clock.now()))
        co_return co_await end_what_is_over(id);
    if (request.state == domain::State::needs_approval || !request.adapter) co_return false;
    if (request.state == domain::State::outcome_unknown) {
        const bool for_person =
            !request.needs.empty() || request.next_actor == domain::NextActor::operator_;
        if (for_person) co_return false;
        co_return co_await probe(std::move(*row));
    }
    if (request.state == domain::State::needs_input && !row->due_asks_adapter) co_return false;
    co_return co_await step(std::move(*row));
}

asio::awaitable<bool> Engine::end_what_is_over(domain::RequestId id) {
    if (!co_await follow_date()) co_return false;
    const Moment at = moment();
    store::Change<bool> change = [this, id, at](store::Tx& tx) -> domain::Result<bool> {
        std::optional<store::StoredRequest> row = tx.requests().get(id);
        if (!row || domain::is_settled(row->request.state)) return false;
        const Situation situation = situation_of(row->request, tx, at);
        const std::optional<Transition> next = when_over(situation);
        if (!next) {
            // Not yet: an input came meanwhile, or the clock went back.
            if (row->due_asks_adapter || !row->due_at || *row->due_at > at.now) return false;
            row->due_at = expiry_of(row->request.needs, row->request.deadline_at);
            const domain::Result<void> later = tx.requests().update(*row);
            if (!later) return later.error();
            return false;
        }
        Journal journal(tx, services_.ids, situation.now);
        const CallFacts nothing;
        const domain::Result<void> moved =
            Apply(journal, services_.vault, nothing).move(*next, std::nullopt, *row, "", {});
        if (!moved) return moved.error();
        return false;
    };
    const domain::Result<bool> ended = co_await services_.store.write(std::move(change), urgency());
    if (!ended) {
        runtime::log(runtime::Level::error, "cannot end a request whose time is over",
                     {{"request", id.text()}, {"why", ended.error().detail}});
    }
    co_return false;
}

}  // namespace cabroker::engine
