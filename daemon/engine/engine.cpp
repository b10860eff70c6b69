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

constexpr std::size_t kDueBatch = 1000;
// Nobody to ask: the due ones are looked at in small portions, so that intake stays fast.
constexpr std::size_t kDueBatchDown = 32;
constexpr auto kPauseDown = std::chrono::milliseconds(250);
constexpr auto kLongestSleep = std::chrono::seconds(30);

std::size_t concurrency_of(const config::AdapterSettings& adapter) {
    if (const auto* portal = std::get_if<config::GuestPortalSettings>(&adapter.details))
        return portal->max_in_flight;
    if (const auto* mail = std::get_if<config::EmailTicketSettings>(&adapter.details))
        return mail->max_in_flight;
    if (std::holds_alternative<config::ProgramSettings>(adapter.details)) return 1;
    return 4;
}

Pace pace_of(const config::BackoffSettings& settings) { return Pace{settings.first, settings.max}; }

}  // namespace

Engine::Engine(EngineServices services) : services_(std::move(services)), wake_(services_.loop) {
    services_.outside.on_change([this] { kick(); });
    for (const store::AdapterStateRow& row : services_.store.reader().adapter_states().list()) {
        if (row.paused) paused_[row.name] = row.reason.value_or("");
    }
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
    return Situation{request,      std::move(in_play), moment.now,   moment.fraction,
                     moment.retry, moment.poll,        moment.settle};
}

domain::Result<void> Engine::recover() {
    const Moment at = moment(services_.settings()->engine.settle);
    return services_.store.write_and_wait([this, at](store::Tx& tx) -> domain::Result<void> {
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
        dispatch();
        const domain::Time now = services_.clock.now();
        domain::Duration sleep = kLongestSleep;
        if (const auto next = services_.store.reader().requests().next_due_after(now)) {
            sleep = std::clamp<domain::Duration>(*next - now, domain::Duration(1), sleep);
        }
        if (!services_.outside.up()) sleep = std::min<domain::Duration>(sleep, kPauseDown);
        if (kicked_) continue;
        wake_.expires_after(sleep);
        boost::system::error_code woken;
        auto token = asio::redirect_error(asio::use_awaitable, woken);
        co_await wake_.async_wait(token);
    }
}

bool Engine::has_room(const std::optional<std::string>& adapter) const {
    if (!adapter) return true;
    if (paused_.contains(*adapter)) return false;
    const auto busy = per_adapter_.find(*adapter);
    if (busy == per_adapter_.end()) return true;
    const auto settings = services_.settings();
    const auto known = settings->adapters.find(*adapter);
    return known == settings->adapters.end() || busy->second < concurrency_of(known->second);
}

bool Engine::may_start(const store::StoredRequest& row) const {
    const domain::Request& request = row.request;
    if (in_flight_.contains(request.id) || !request.adapter)
        return !in_flight_.contains(request.id);
    const bool only_time = services_.clock.now() >= request.deadline_at;
    if (only_time) return true;
    if (!has_room(request.adapter)) return false;
    return !row.session_key || !busy_sessions_.contains(*row.session_key);
}

void Engine::start(const store::StoredRequest& row) {
    InFlight flight;
    flight.adapter = row.request.adapter.value_or("");
    if (row.request.adapter) {
        // The key follows from the order as it is now; the column only tells of the last step.
        const auto order = services_.store.reader().orders().get(row.request.order.id);
        if (order) flight.session_key = session_key_of(*order, flight.adapter);
        if (flight.session_key && !busy_sessions_.insert(*flight.session_key).second) return;
    }
    ++per_adapter_[flight.adapter];
    in_flight_.emplace(row.request.id, std::move(flight));
    runtime::spawn(services_.loop, "request " + row.request.id.text(), drive(row.request.id));
}

void Engine::dispatch() {
    if (stopping_ || !services_.store.healthy()) return;
    const bool up = services_.outside.up();
    // Nothing can be done but to count attempts: once per pause, however often somebody kicks.
    const auto moment = std::chrono::steady_clock::now();
    if (!up && moment < look_again_) return;
    look_again_ = moment + kPauseDown;
    const std::size_t most = up ? services_.settings()->engine.max_in_flight : kDueBatchDown;
    const std::size_t batch = up ? kDueBatch : kDueBatchDown;
    if (in_flight_.size() >= most) return;
    for (const store::StoredRequest& row :
         services_.store.reader().requests().due(services_.clock.now(), batch)) {
        if (in_flight_.size() >= most) break;
        if (may_start(row)) start(row);
    }
}

asio::awaitable<void> Engine::drive(domain::RequestId id) {
    bool more = true;
    while (more && !stopping_ && services_.store.healthy()) more = co_await drive_once(id);
    const auto flight = in_flight_.find(id);
    if (flight->second.session_key) busy_sessions_.erase(*flight->second.session_key);
    if (--per_adapter_[flight->second.adapter] == 0) per_adapter_.erase(flight->second.adapter);
    in_flight_.erase(flight);
    kick();
}

asio::awaitable<bool> Engine::drive_once(domain::RequestId id) {
    std::optional<store::StoredRequest> row = services_.store.reader().requests().get(id);
    if (!row || domain::is_settled(row->request.state)) co_return false;
    const bool given = !services_.store.reader().inputs().list(id).empty();
    const domain::Request& request = row->request;
    if (!given || services_.clock.now() >= request.deadline_at) {
        const Situation situation = situation_of(request, services_.store.reader(), moment());
        if (when_over(situation)) co_return co_await end_what_is_over(id);
    }
    if (request.state == domain::State::needs_approval || !request.adapter) co_return false;
    if (request.state == domain::State::outcome_unknown) {
        const bool for_person =
            !request.needs.empty() || request.next_actor == domain::NextActor::operator_;
        if (for_person && !given) co_return false;
        co_return co_await probe(std::move(*row));
    }
    if (request.state == domain::State::needs_input && !given) {
        const bool polls =
            std::all_of(request.needs.begin(), request.needs.end(),
                        [](const domain::Need& need) { return need.name == "dcv_publication"; });
        if (!polls) co_return false;
    }
    co_return co_await step(std::move(*row));
}

asio::awaitable<bool> Engine::end_what_is_over(domain::RequestId id) {
    const Moment at = moment();
    store::Change<bool> change = [this, id, at](store::Tx& tx) -> domain::Result<bool> {
        std::optional<store::StoredRequest> row = tx.requests().get(id);
        if (!row || domain::is_settled(row->request.state)) return false;
        const Situation situation = situation_of(row->request, tx, at);
        const std::optional<Transition> next = when_over(situation);
        if (!next) return false;
        Journal journal(tx, services_.ids, situation.now);
        const CallFacts nothing;
        const domain::Result<void> moved =
            Apply(journal, services_.vault, nothing).move(*next, std::nullopt, *row, "", {});
        if (!moved) return moved.error();
        return false;
    };
    const domain::Result<bool> ended = co_await services_.store.write(std::move(change));
    if (!ended) {
        runtime::log(runtime::Level::error, "cannot end a request whose time is over",
                     {{"request", id.text()}, {"why", ended.error().detail}});
    }
    co_return false;
}

std::vector<AdapterStatus> Engine::adapters() const {
    std::vector<AdapterStatus> list;
    for (const auto& [name, settings] : services_.settings()->adapters) {
        AdapterStatus status;
        status.name = name;
        status.type = settings.type;
        status.channel = settings.channel;
        const auto paused = paused_.find(name);
        status.paused = paused != paused_.end();
        if (status.paused) status.paused_reason = paused->second;
        const auto busy = per_adapter_.find(name);
        status.in_flight = busy == per_adapter_.end() ? 0 : busy->second;
        const protocol::Capabilities* capabilities = capabilities_of(name);
        const bool up = services_.outside.up();
        status.state =
            up ? (capabilities != nullptr ? "up" : "misconfigured") : services_.outside.trouble();
        if (capabilities != nullptr) {
            status.kinds = capabilities->kinds;
            status.brands = capabilities->brands;
        } else if (up) {
            status.detail = "the adapter host did not take this adapter's settings";
        }
        list.push_back(std::move(status));
    }
    return list;
}

std::vector<SessionStatus> Engine::sessions(const std::string& adapter) const {
    std::vector<SessionStatus> list;
    for (const store::SessionRow& row : services_.store.reader().sessions().list(adapter)) {
        SessionStatus status;
        status.key = row.key;
        status.expires_at = row.expires_at;
        status.updated_at = row.updated_at;
        status.busy = busy_sessions_.contains(row.key);
        list.push_back(std::move(status));
    }
    return list;
}

}  // namespace cabroker::engine
