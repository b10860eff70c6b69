#include "daemon/store/journal_tables.hpp"

#include <array>

#include "daemon/store/connection.hpp"

namespace cabroker::store {
namespace {

constexpr std::array<std::pair<EffectState, std::string_view>, 6> kEffectStates = {{
    {EffectState::intended, "intended"},
    {EffectState::leave, "leave"},
    {EffectState::done, "done"},
    {EffectState::not_done, "not_done"},
    {EffectState::unknown, "unknown"},
    {EffectState::closed, "closed"},
}};

const std::string kEffects =
    "SELECT id, request_id, order_id, class, state, intended_at, act_until, closed_at, summary, "
    "seen_before, detail FROM effects";

EffectRow read_effect(Query& query) {
    EffectRow row;
    row.effect.id = query.id<domain::EffectId>();
    row.request_id = query.id<domain::RequestId>();
    row.order_id = query.id<domain::OrderId>();
    row.effect.effect_class = query.word<domain::EffectClass>();
    const std::string state = query.text();
    const std::optional<EffectState> known = parse_effect_state(state);
    if (!known) damaged("unknown effect state " + state);
    row.state = *known;
    row.intended_at = query.time();
    row.act_until = query.opt_time();
    row.closed_at = query.opt_time();
    row.effect.summary = query.text();
    row.effect.seen_before = query.text();
    row.detail = query.opt_text();
    return row;
}

std::optional<EffectRow> first_effect(Query& query) {
    if (!query.next()) return std::nullopt;
    return read_effect(query);
}

domain::Result<void> one_open_effect(int changed) {
    if (changed == 1) return {};
    return domain::Error(domain::ErrorCode::not_found, "cannot change the effect: it is not open");
}

}  // namespace

std::string_view name_of(EffectState state) {
    for (const auto& [value, name] : kEffectStates) {
        if (value == state) return name;
    }
    return "unknown";
}

std::optional<EffectState> parse_effect_state(std::string_view name) {
    for (const auto& [value, known] : kEffectStates) {
        if (known == name) return value;
    }
    return std::nullopt;
}

std::vector<Event> EventTable::after(std::int64_t seq, std::size_t limit) const {
    static const std::string sql =
        "SELECT seq, id, type, at, request_id, order_id, data FROM events WHERE seq > ? "
        "ORDER BY seq LIMIT ?";
    Query query(connection_, sql);
    query.integer(seq).integer(static_cast<std::int64_t>(limit));
    std::vector<Event> events;
    while (query.next()) {
        Event& event = events.emplace_back();
        event.seq = query.integer();
        event.id = query.id<domain::EventId>();
        event.type = query.text();
        event.at = query.time();
        event.request_id = query.opt_id<domain::RequestId>();
        event.order_id = query.opt_id<domain::OrderId>();
        event.data = query.text();
    }
    return events;
}

std::int64_t EventTable::first_seq() const {
    static const std::string sql = "SELECT min(seq) FROM events";
    Query query(connection_, sql);
    query.next();
    if (query.is_null()) return last_seq() + 1;
    return query.integer();
}

std::int64_t EventTable::last_seq() const {
    static const std::string sql = "SELECT seq FROM sqlite_sequence WHERE name = 'events'";
    Query query(connection_, sql);
    return query.next() ? query.integer() : 0;
}

std::int64_t EventTable::append(const Event& event) {
    static const std::string sql =
        "INSERT INTO events (id, type, at, request_id, order_id, data) VALUES (?, ?, ?, ?, ?, ?)";
    Query query(connection_, sql);
    query.id(event.id)
        .text(event.type)
        .time(event.at)
        .id(event.request_id)
        .id(event.order_id)
        .text(event.data);
    query.run();
    const std::int64_t seq = connection_.database().getLastInsertRowid();
    connection_.changes().event(seq);
    return seq;
}

std::int64_t EventTable::prune(domain::Time at, std::size_t limit) {
    // Goes by number: a younger event is never dropped before an older one, even if the clock was
    // set back.
    static const std::string sql =
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seq < "
        "ifnull((SELECT min(seq) FROM events WHERE at >= ?), 9223372036854775807) "
        "ORDER BY seq LIMIT ?)";
    Query query(connection_, sql);
    query.time(at).integer(static_cast<std::int64_t>(limit));
    return query.run();
}

std::vector<TimelineEntry> TimelineTable::list(const domain::RequestId& request, std::size_t limit,
                                               std::int64_t after, std::string_view type) const {
    static const std::string sql =
        "SELECT seq, at, type, actor_kind, actor_name, state, text, details FROM timeline "
        "WHERE request_id = ? AND seq > ? AND (? = '' OR type = ?) ORDER BY seq LIMIT ?";
    Query query(connection_, sql);
    query.id(request).integer(after).text(std::string(type)).text(std::string(type));
    query.integer(static_cast<std::int64_t>(limit));
    std::vector<TimelineEntry> entries;
    while (query.next()) {
        TimelineEntry& entry = entries.emplace_back();
        entry.request_id = request;
        entry.seq = query.integer();
        entry.at = query.time();
        entry.type = query.text();
        entry.actor_kind = query.text();
        entry.actor_name = query.text();
        if (query.is_null()) {
            query.skip();
        } else {
            entry.state = query.word<domain::State>();
        }
        entry.text = query.text();
        entry.details = query.text();
    }
    return entries;
}

std::int64_t TimelineTable::append(const TimelineEntry& entry) {
    static const std::string sql =
        "INSERT INTO timeline (request_id, at, type, actor_kind, actor_name, text, details, state) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    Query query(connection_, sql);
    query.id(entry.request_id)
        .time(entry.at)
        .text(entry.type)
        .text(entry.actor_kind)
        .text(entry.actor_name)
        .text(entry.text)
        .text(entry.details);
    if (entry.state) {
        query.word(domain::name_of(*entry.state));
    } else {
        query.null();
    }
    query.run();
    return connection_.database().getLastInsertRowid();
}

std::optional<EffectRow> EffectTable::get(const domain::EffectId& id) const {
    static const std::string sql = kEffects + " WHERE id = ?";
    Query query(connection_, sql);
    query.id(id);
    return first_effect(query);
}

std::optional<EffectRow> EffectTable::open_for_request(const domain::RequestId& request) const {
    static const std::string sql =
        kEffects + " WHERE request_id = ? AND closed_at IS NULL ORDER BY rowid DESC LIMIT 1";
    Query query(connection_, sql);
    query.id(request);
    return first_effect(query);
}

bool EffectTable::done_once(const domain::RequestId& request) const {
    static const std::string sql =
        "SELECT EXISTS (SELECT 1 FROM effects WHERE request_id = ? AND class = 'once' "
        "AND state = 'done')";
    Query query(connection_, sql);
    query.id(request);
    query.next();
    return query.boolean();
}

std::optional<EffectRow> EffectTable::open_once_for_order(const domain::OrderId& order) const {
    static const std::string sql =
        kEffects + " WHERE order_id = ? AND class = 'once' AND closed_at IS NULL";
    Query query(connection_, sql);
    query.id(order);
    return first_effect(query);
}

std::vector<EffectRow> EffectTable::list(const domain::RequestId& request) const {
    static const std::string sql = kEffects + " WHERE request_id = ? ORDER BY rowid";
    Query query(connection_, sql);
    query.id(request);
    std::vector<EffectRow> rows;
    while (query.next()) rows.push_back(read_effect(query));
    return rows;
}

domain::Result<void> EffectTable::insert(const EffectRow& row) {
    static const std::string sql =
        "INSERT INTO effects (id, request_id, order_id, class, state, intended_at, act_until, "
        "closed_at, summary, seen_before, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (order_id) WHERE class = 'once' AND closed_at IS NULL DO NOTHING";
    Query query(connection_, sql);
    query.id(row.effect.id)
        .id(row.request_id)
        .id(row.order_id)
        .word(domain::name_of(row.effect.effect_class))
        .word(name_of(row.state))
        .time(row.intended_at)
        .time(row.act_until)
        .time(row.closed_at)
        .text(row.effect.summary)
        .text(row.effect.seen_before)
        .text(row.detail);
    if (query.run() == 1) return {};
    return domain::Error(domain::ErrorCode::state_conflict,
                         "cannot begin the change: another one at this order is still open");
}

domain::Result<void> EffectTable::set_leave(const domain::EffectId& id, domain::Time act_until) {
    static const std::string sql =
        "UPDATE effects SET state = 'leave', act_until = ? WHERE id = ? AND closed_at IS NULL";
    Query query(connection_, sql);
    query.time(act_until).id(id);
    return one_open_effect(query.run());
}

void EffectTable::move_leaves(domain::Duration by, domain::Time earliest, domain::Time latest) {
    static const std::string sql =
        "UPDATE effects INDEXED BY effects_one_open_once "
        "SET act_until = min(max(act_until + ?, ?), ?) "
        "WHERE class = 'once' AND closed_at IS NULL AND act_until IS NOT NULL";
    Query query(connection_, sql);
    query.integer(by.count()).time(earliest).time(latest);
    query.run();
}

domain::Result<void> EffectTable::set_unknown(const domain::EffectId& id,
                                              const std::string& detail) {
    static const std::string sql =
        "UPDATE effects SET state = 'unknown', detail = ? WHERE id = ? AND closed_at IS NULL";
    Query query(connection_, sql);
    query.text(detail).id(id);
    return one_open_effect(query.run());
}

domain::Result<void> EffectTable::close(const domain::EffectId& id, EffectState state,
                                        domain::Time at, const std::string& detail) {
    static const std::string sql =
        "UPDATE effects SET state = ?, closed_at = ?, detail = ? WHERE id = ? "
        "AND closed_at IS NULL";
    Query query(connection_, sql);
    query.word(name_of(state)).time(at).text(detail).id(id);
    return one_open_effect(query.run());
}

}  // namespace cabroker::store
