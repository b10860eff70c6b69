// Who is next: adapter by adapter, each with its own room; inside an adapter the requesters take
// turns; inside a requester the earliest first, work of one login together.
#include <algorithm>
#include <map>

#include "daemon/engine/engine.hpp"
#include "domain/states.hpp"
#include "runtime/log.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;

namespace {

// Nobody to ask: the due ones are looked at in small portions, so that intake stays fast.
constexpr std::size_t kBatchDown = 32;
// Requesters with something due that are compared at a time; the turn goes on behind them.
constexpr std::size_t kRequesters = 64;
// Of one requester: read in chunks, and how many that cannot start now are looked past.
constexpr std::size_t kChunk = 16;
constexpr std::size_t kLookPast = 256;
// How many requests of one order follow each other before others get the place.
constexpr int kTogether = 8;

std::size_t concurrency_of(const config::AdapterSettings& adapter) {
    if (const auto* portal = std::get_if<config::GuestPortalSettings>(&adapter.details))
        return portal->max_in_flight;
    if (const auto* mail = std::get_if<config::EmailTicketSettings>(&adapter.details))
        return mail->max_in_flight;
    if (std::holds_alternative<config::ProgramSettings>(adapter.details)) return 1;
    return 4;
}

}  // namespace

std::size_t Engine::room_of(const std::string& adapter) const {
    if (paused_.contains(adapter)) return 0;
    const auto settings = services_.settings();
    const auto known = settings->adapters.find(adapter);
    // An adapter that was taken out of the configuration: the outside says so to each request.
    const std::size_t most = known == settings->adapters.end() ? 4 : concurrency_of(known->second);
    const auto lane = lanes_.find(adapter);
    if (lane == lanes_.end()) return most;
    if (lane->second.breaker.state(services_.clock.now()) == BreakerState::half_open)
        return lane->second.breaker.lets_through(services_.clock.now()) ? 1 : 0;
    return most - std::min(most, lane->second.in_flight);
}

bool Engine::has_room(const std::optional<std::string>& adapter) const {
    if (in_flight_.size() >= services_.settings()->engine.max_in_flight) return false;
    return !adapter || room_of(*adapter) > 0;
}

bool Engine::start(const domain::RequestId& id, const domain::OrderId& order_id,
                   const std::string& adapter, const std::string& requester, int in_a_row) {
    if (in_flight_.contains(id)) return false;
    InFlight flight;
    flight.adapter = adapter;
    flight.requester = requester;
    flight.order = order_id;
    flight.in_a_row = in_a_row;
    const auto order = services_.store.reader().orders().get(order_id);
    if (order) flight.session_key = session_key_of(*order, adapter);
    if (flight.session_key && !busy_sessions_.insert(*flight.session_key).second) return false;
    Lane& lane = lanes_[adapter];
    ++lane.in_flight;
    ++lane.per_requester[requester];
    lane.breaker.started(id, services_.clock.now());
    in_flight_.emplace(id, std::move(flight));
    runtime::spawn(services_.loop, "request " + id.text(), drive(id));
    return true;
}

void Engine::start_late(std::size_t most) {
    for (const domain::RequestId& id :
         services_.store.reader().due().late(services_.clock.now(), kLookPast)) {
        if (in_flight_.size() >= most) return;
        if (!in_flight_.emplace(id, InFlight{}).second) continue;
        runtime::spawn(services_.loop, "request " + id.text(), drive(id));
    }
}

bool Engine::start_next_of(Turn& turn, const std::string& adapter) {
    const store::DueTable& due = services_.store.reader().due();
    while (!turn.ended) {
        if (turn.next == turn.rows.size()) {
            std::optional<store::DueRow> last;
            if (!turn.rows.empty()) last = turn.rows.back();
            turn.rows =
                due.of_requester(adapter, turn.requester, services_.clock.now(), last, kChunk);
            turn.next = 0;
            turn.seen += turn.rows.size();
            if (turn.rows.empty() || turn.seen > kLookPast) turn.ended = true;
            if (turn.rows.empty()) return false;
        }
        while (turn.next < turn.rows.size()) {
            const store::DueRow& row = turn.rows[turn.next++];
            if (start(row.id, row.order, adapter, turn.requester, 1)) return true;
        }
    }
    return false;
}

std::vector<Turn> Engine::turns_of(const std::string& adapter, const Lane& lane) const {
    const store::DueTable& due = services_.store.reader().due();
    const domain::Time now = services_.clock.now();
    std::vector<Turn> turns;
    const auto add = [&](std::string requester) {
        Turn turn;
        const auto busy = lane.per_requester.find(requester);
        if (busy != lane.per_requester.end()) turn.in_flight = busy->second;
        turn.requester = std::move(requester);
        turns.push_back(std::move(turn));
    };
    // Round from the one behind who was served last.
    std::string last = lane.served_last;
    while (turns.size() < kRequesters) {
        auto found = due.requester_after(adapter, last, now);
        if (!found) break;
        last = *found;
        add(std::move(*found));
    }
    last.clear();
    while (turns.size() < kRequesters) {
        auto found = due.requester_after(adapter, last, now);
        if (!found || *found > lane.served_last) break;
        last = *found;
        add(std::move(*found));
    }
    return turns;
}

void Engine::start_same_login(const std::string& adapter, std::size_t& room) {
    std::deque<Warm> warm;
    warm.swap(lanes_[adapter].warm);
    for (const Warm& one : warm) {
        if (room == 0) return;
        if (one.in_a_row >= kTogether) continue;
        for (const store::DueRow& row : services_.store.reader().due().of_order(
                 adapter, one.order, services_.clock.now(), kChunk)) {
            if (!start(row.id, row.order, adapter, one.requester, one.in_a_row + 1)) continue;
            --room;
            break;
        }
    }
}

void Engine::dispatch_to(const std::string& adapter, std::size_t most) {
    std::size_t room = std::min(room_of(adapter), most - std::min(most, in_flight_.size()));
    if (room == 0) return;
    start_same_login(adapter, room);
    std::vector<Turn> turns = turns_of(adapter, lanes_[adapter]);
    while (room > 0 && !turns.empty()) {
        const auto next = std::min_element(
            turns.begin(), turns.end(),
            [](const Turn& a, const Turn& b) { return a.in_flight < b.in_flight; });
        if (!start_next_of(*next, adapter)) {
            turns.erase(next);
            continue;
        }
        ++next->in_flight;
        --room;
        lanes_[adapter].served_last = next->requester;
    }
}

void Engine::dispatch() {
    if (stopping_ || !services_.store.healthy()) return;
    const bool up = services_.outside.up();
    // Nothing can be done but to count attempts: once per pause, however often somebody kicks.
    const auto moment = std::chrono::steady_clock::now();
    if (!up && moment < look_again_) return;
    look_again_ = moment + kPauseDown;
    const std::size_t most = up ? services_.settings()->engine.max_in_flight : kBatchDown;
    if (in_flight_.size() >= most) return;
    start_late(most);
    for (const std::string& adapter : services_.store.reader().due().adapters()) {
        if (in_flight_.size() >= most) return;
        const auto lane = lanes_.find(adapter);
        const bool open = lane != lanes_.end() &&
                          lane->second.breaker.state(services_.clock.now()) == BreakerState::open;
        if (open && !paused_.contains(adapter)) {
            put_off(adapter, lane->second);
        } else {
            dispatch_to(adapter, most);
        }
    }
}

void Engine::leave_lane(const domain::RequestId& id) {
    const auto found = in_flight_.find(id);
    const InFlight flight = std::move(found->second);
    in_flight_.erase(found);
    if (flight.session_key) busy_sessions_.erase(*flight.session_key);
    if (!flight.order) return;
    Lane& lane = lanes_[flight.adapter];
    --lane.in_flight;
    const auto mine = lane.per_requester.find(flight.requester);
    if (--mine->second == 0) lane.per_requester.erase(mine);
    lane.breaker.ended(id);
    if (!flight.session_key) return;
    lane.warm.push_back(Warm{*flight.order, flight.requester, flight.in_a_row});
    if (lane.warm.size() > kRequesters) lane.warm.pop_front();
}

}  // namespace cabroker::engine
