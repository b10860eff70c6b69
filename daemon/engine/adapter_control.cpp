// How the adapters are doing, and what operators do with them.
#include <boost/asio/use_awaitable.hpp>

#include "daemon/engine/engine.hpp"
#include "runtime/log.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

constexpr std::size_t kPutOffAtATime = 32;
constexpr int kOpenInRetries = 6;
/// What follows in a request's trouble is what its own last step met.
constexpr std::string_view kLastStep = "; the last step: ";

}  // namespace

std::vector<AdapterStatus> Engine::adapters() const {
    const domain::Time now = services_.clock.now();
    std::vector<AdapterStatus> list;
    for (const auto& [name, settings] : services_.settings()->adapters) {
        AdapterStatus status;
        status.name = name;
        status.type = settings.type;
        status.channel = settings.channel;
        const auto paused = paused_.find(name);
        status.paused = paused != paused_.end();
        if (status.paused) status.paused_reason = paused->second;
        const auto lane = lanes_.find(name);
        if (lane != lanes_.end()) {
            status.in_flight = lane->second.in_flight;
            status.breaker = std::string(name_of(lane->second.breaker.state(now)));
            status.failures = lane->second.breaker.failures();
            status.open_until = lane->second.breaker.open_until();
        }
        const protocol::Capabilities* capabilities = capabilities_of(name);
        const bool up = services_.outside.up();
        const auto problem = services_.outside.problems().find(name);
        const bool troubled = problem != services_.outside.problems().end();
        status.state = capabilities != nullptr ? "up" : "misconfigured";
        if (troubled && problem->second.down) status.state = "down";
        if (!up) status.state = services_.outside.trouble();
        if (capabilities != nullptr) {
            status.kinds = capabilities->kinds;
            status.brands = capabilities->brands;
        }
        if (up && troubled) status.detail = problem->second.why;
        if (up && !troubled && capabilities == nullptr)
            status.detail = "the adapter host did not take this adapter's settings";
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

BreakerPace Engine::breaker_pace(const std::string& adapter) const {
    const auto settings = services_.settings();
    BreakerPace pace;
    pace.open = settings->engine.retry.first * kOpenInRetries;
    const auto known = settings->adapters.find(adapter);
    if (known != settings->adapters.end()) {
        pace.failures = known->second.breaker.failures;
        pace.open = known->second.breaker.open.value_or(pace.open);
    }
    pace.max = std::max(pace.open, settings->engine.retry.max);
    return pace;
}

void Engine::observe(const domain::RequestId& id, const std::string& adapter, Sign sign) {
    Breaker& breaker = lanes_[adapter].breaker;
    const domain::Time now = services_.clock.now();
    if (!breaker.shows(id, sign, breaker_pace(adapter), now, services_.random.fraction())) return;
    Details details{{"adapter", adapter}, {"change", "breaker_closed"}};
    if (breaker.state(now) != BreakerState::closed) {
        details["change"] = "breaker_opened";
        details["reason"] = std::to_string(breaker.failures()) + " steps in a row had no answer";
    }
    runtime::log(runtime::Level::warning, "the breaker of an adapter moved",
                 {{"adapter", adapter}, {"change", details["change"]}});
    runtime::spawn(services_.loop, "breaker of " + adapter, tell_adapter(std::move(details)));
    kick();
}

asio::awaitable<void> Engine::tell_adapter(Details details) {
    const domain::Time now = services_.clock.now();
    store::Change<bool> change = [this, details, now](store::Tx& tx) -> Result<bool> {
        Journal(tx, services_.ids, now).adapter_event(details);
        return true;
    };
    const Result<bool> told = co_await services_.store.write(std::move(change));
    if (!told) {
        runtime::log(runtime::Level::warning, "cannot record what became of an adapter",
                     {{"why", told.error().detail}});
    }
}

void Engine::put_off(const std::string& adapter, Lane& lane) {
    if (lane.putting_off) return;
    const domain::Time now = services_.clock.now();
    std::vector<domain::RequestId> ids;
    for (const Turn& turn : turns_of(adapter, lane)) {
        for (const store::DueRow& row : services_.store.reader().due().of_requester(
                 adapter, turn.requester, now, std::nullopt, kPutOffAtATime)) {
            if (ids.size() == kPutOffAtATime) break;
            // Nobody else works on it meanwhile.
            if (in_flight_.emplace(row.id, InFlight{}).second) ids.push_back(row.id);
        }
    }
    if (ids.empty()) return;
    lane.putting_off = true;
    const domain::Time until = *lane.breaker.open_until();
    runtime::spawn(services_.loop, "put off for " + adapter,
                   put_off_all(adapter, std::move(ids), until));
}

asio::awaitable<void> Engine::put_off_all(std::string adapter, std::vector<domain::RequestId> ids,
                                          domain::Time until) {
    const Moment at = moment();
    const double spread = static_cast<double>(breaker_pace(adapter).open.count()) / 4;
    std::map<domain::RequestId, domain::Time> due;
    for (const domain::RequestId& id : ids) {
        due[id] = until + domain::Duration(static_cast<domain::Duration::rep>(
                              spread * services_.random.fraction()));
    }
    store::Change<bool> change = [this, adapter, due, at](store::Tx& tx) -> Result<bool> {
        bool any = false;
        for (const auto& [id, later] : due) {
            std::optional<store::StoredRequest> row = tx.requests().get(id);
            if (!row || !row->due_at || *row->due_at > at.now || !row->due_asks_adapter) continue;
            if (row->request.state == domain::State::running) continue;
            const Situation situation = situation_of(row->request, tx, at);
            std::string detail = "adapter " + adapter +
                                 " had no answer several times in a row; it is left alone for a "
                                 "while before one step tries again";
            // Why, the last step of this request may know.
            const auto& before = row->request.last_problem;
            const std::size_t said = before ? before->detail.find(kLastStep) : std::string::npos;
            if (said != std::string::npos) {
                detail += before->detail.substr(said);
            } else if (before) {
                detail += std::string(kLastStep) + before->detail;
            }
            const Transition next = engine::put_off(situation, later, std::move(detail));
            Journal journal(tx, services_.ids, at.now);
            const CallFacts nothing;
            const Result<void> moved =
                Apply(journal, services_.vault, nothing).move(next, std::nullopt, *row, "", {});
            if (!moved) return moved.error();
            any = true;
        }
        return any;
    };
    const Result<bool> done = co_await services_.store.write(std::move(change));
    if (!done) {
        runtime::log(runtime::Level::error, "cannot put requests off",
                     {{"adapter", adapter}, {"why", done.error().detail}});
    }
    for (const domain::RequestId& id : ids) leave_lane(id);
    lanes_[adapter].putting_off = false;
    // Nothing moved: whoever moves one kicks.
    if (done && *done) kick();
}

asio::awaitable<Result<void>> Engine::pause(std::string adapter, std::string reason,
                                            domain::Person who) {
    if (!services_.settings()->adapters.contains(adapter)) {
        co_return Error(ErrorCode::not_found, "there is no such adapter");
    }
    const domain::Time now = services_.clock.now();
    store::Change<bool> change = [this, adapter, reason, who, now](store::Tx& tx) -> Result<bool> {
        store::AdapterStateRow row;
        row.name = adapter;
        row.paused = true;
        row.reason = reason;
        row.by = who.name;
        row.at = now;
        tx.adapter_states().put(row);
        Journal(tx, services_.ids, now)
            .adapter_event(
                {{"adapter", adapter}, {"change", "paused"}, {"by", who.name}, {"reason", reason}});
        return true;
    };
    const Result<bool> done = co_await services_.store.write(std::move(change));
    if (!done) co_return done.error();
    paused_[adapter] = reason;
    co_return Result<void>();
}

asio::awaitable<Result<void>> Engine::resume(std::string adapter, domain::Person who) {
    if (!services_.settings()->adapters.contains(adapter)) {
        co_return Error(ErrorCode::not_found, "there is no such adapter");
    }
    const domain::Time now = services_.clock.now();
    store::Change<bool> change = [this, adapter, who, now](store::Tx& tx) -> Result<bool> {
        store::AdapterStateRow row;
        row.name = adapter;
        row.by = who.name;
        row.at = now;
        tx.adapter_states().put(row);
        Journal(tx, services_.ids, now)
            .adapter_event({{"adapter", adapter}, {"change", "resumed"}, {"by", who.name}});
        return true;
    };
    const Result<bool> done = co_await services_.store.write(std::move(change));
    if (!done) co_return done.error();
    paused_.erase(adapter);
    kick();
    co_return Result<void>();
}

}  // namespace cabroker::engine
