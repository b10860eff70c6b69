#include "daemon/store/due_table.hpp"

#include <algorithm>

#include "daemon/store/connection.hpp"

namespace cabroker::store {
namespace {

// As the index requests_by_lane has them, else SQLite does not use it.
const std::string kRequester = "created_uid || '/' || ifnull(created_asserted, '')";
const std::string kInLane = " due_at IS NOT NULL AND due_asks = 1 ";

std::vector<DueRow> read_rows(Query& query) {
    std::vector<DueRow> rows;
    while (query.next()) {
        DueRow row;
        row.id = query.id<domain::RequestId>();
        row.order = query.id<domain::OrderId>();
        row.due_at = query.time();
        row.place = query.integer();
        rows.push_back(std::move(row));
    }
    return rows;
}

void add_ids(Query& query, std::vector<domain::RequestId>& ids) {
    while (query.next()) {
        auto id = query.id<domain::RequestId>();
        if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
    }
}

}  // namespace

std::vector<std::string> DueTable::adapters() const {
    static const std::string sql =
        "SELECT min(adapter) FROM requests INDEXED BY requests_by_lane WHERE" + kInLane +
        "AND adapter > ?";
    std::vector<std::string> names;
    std::string last;
    for (;;) {
        Query query(connection_, sql);
        query.text(last);
        query.next();
        std::optional<std::string> name = query.opt_text();
        if (!name) return names;
        last = *name;
        names.push_back(std::move(*name));
    }
}

std::optional<std::string> DueTable::requester_after(const std::string& adapter,
                                                     const std::string& after,
                                                     domain::Time now) const {
    static const std::string sql =
        "SELECT " + kRequester +
        " AS requester, due_at FROM requests INDEXED BY requests_by_lane WHERE" + kInLane +
        "AND adapter = ? AND " + kRequester +
        " > ? ORDER BY requester, due_at "
        "LIMIT 1";
    std::string last = after;
    for (;;) {
        Query query(connection_, sql);
        query.text(adapter).text(last);
        if (!query.next()) return std::nullopt;
        std::string requester = query.text();
        if (query.time() <= now) return requester;
        last = std::move(requester);
    }
}

std::vector<DueRow> DueTable::of_requester(const std::string& adapter, const std::string& requester,
                                           domain::Time now, const std::optional<DueRow>& after,
                                           std::size_t limit) const {
    static const std::string sql =
        "SELECT id, order_id, due_at, rowid FROM requests INDEXED BY requests_by_lane WHERE" +
        kInLane + "AND adapter = ? AND " + kRequester +
        " = ? AND (due_at, rowid) > (?, ?) AND due_at <= ? "
        "ORDER BY due_at, rowid LIMIT ?";
    Query query(connection_, sql);
    query.text(adapter)
        .text(requester)
        .time(after ? after->due_at : domain::Time::min())
        .integer(after ? after->place : 0)
        .time(now)
        .integer(static_cast<std::int64_t>(limit));
    return read_rows(query);
}

std::vector<DueRow> DueTable::of_order(const std::string& adapter, const domain::OrderId& order,
                                       domain::Time now, std::size_t limit) const {
    static const std::string sql =
        "SELECT id, order_id, due_at, rowid FROM requests INDEXED BY requests_by_order "
        "WHERE order_id = ? AND settled_at IS NULL AND due_asks = 1 AND adapter = ? "
        "AND due_at <= ? ORDER BY due_at, rowid LIMIT ?";
    Query query(connection_, sql);
    query.id(order).text(adapter).time(now).integer(static_cast<std::int64_t>(limit));
    return read_rows(query);
}

std::vector<domain::RequestId> DueTable::late(domain::Time now, std::size_t limit) const {
    static const std::string by_clock =
        "SELECT id FROM requests INDEXED BY requests_by_due WHERE due_at IS NOT NULL AND due_asks "
        "= 0 AND due_at <= ? "
        "ORDER BY due_at LIMIT ?";
    static const std::string by_deadline =
        "SELECT id FROM requests INDEXED BY requests_by_deadline WHERE due_at IS NOT NULL "
        "AND deadline_at <= ? AND due_at <= ? ORDER BY deadline_at LIMIT ?";
    std::vector<domain::RequestId> ids;
    const auto most = static_cast<std::int64_t>(limit);
    {
        Query query(connection_, by_clock);
        query.time(now).integer(most);
        add_ids(query, ids);
    }
    Query query(connection_, by_deadline);
    query.time(now).time(now).integer(most);
    add_ids(query, ids);
    return ids;
}

std::optional<domain::Time> DueTable::next_after(domain::Time now) const {
    static const std::string sql =
        "SELECT min(due_at) FROM requests INDEXED BY requests_by_due WHERE due_at IS NOT NULL AND "
        "due_asks = ? AND due_at > ?";
    std::optional<domain::Time> earliest;
    for (const std::int64_t asks : {0, 1}) {
        Query query(connection_, sql);
        query.integer(asks).time(now);
        query.next();
        const std::optional<domain::Time> found = query.opt_time();
        if (found && (!earliest || *found < *earliest)) earliest = found;
    }
    return earliest;
}

}  // namespace cabroker::store
