#include "daemon/store/request_table.hpp"

#include "daemon/store/filter.hpp"
#include "daemon/store/request_row.hpp"

namespace cabroker::store {
namespace {

// Made at first use: the columns are a constant of another source.
const std::string& select_all() {
    static const std::string sql = kRequestColumns + ", cookie FROM requests";
    return sql;
}

// Lists are for people: the cookie stays where it is.
const std::string& select_for_list() {
    static const std::string sql = kRequestColumns + ", NULL FROM requests";
    return sql;
}

std::vector<StoredRequest> read_requests(Query& query) {
    std::vector<StoredRequest> requests;
    while (query.next()) requests.push_back(read_request(query));
    return requests;
}

template <std::size_t Count>
void add_columns(std::string& sql, const std::array<const char*, Count>& columns,
                 const char* after) {
    for (const char* column : columns) sql.append(column).append(after).append(", ");
}

std::string insert_sql() {
    std::string sql = "INSERT INTO requests (";
    add_columns(sql, kProgress, "");
    add_columns(sql, kDue, "");
    add_columns(sql, kFrame, "");
    sql +=
        "id, kind, order_id, created_at, retry_of, created_uid, created_name, created_asserted) "
        "VALUES (";
    for (std::size_t i = 0; i < kProgress.size() + kDue.size() + kFrame.size(); ++i) sql += "?, ";
    return sql + "?, ?, ?, ?, ?, ?, ?, ?)";
}

std::string update_sql(Columns columns) {
    std::string sql = "UPDATE requests SET ";
    add_columns(sql, kProgress, " = ?");
    if (columns != Columns::progress) add_columns(sql, kDue, " = ?");
    if (columns == Columns::all) add_columns(sql, kFrame, " = ?");
    sql.resize(sql.size() - 2);
    return sql + " WHERE id = ? AND version = ?";
}

Conditions request_conditions(const RequestFilter& filter) {
    Conditions conditions;
    std::vector<std::string> orders;
    for (const domain::OrderId& id : filter.orders) orders.push_back(id.text());
    std::vector<std::pair<std::string, std::string>> refs;
    for (const domain::ExternalRef& ref : filter.external_refs)
        refs.emplace_back(ref.system, ref.id);

    conditions.any_text("order_id IN (SELECT value FROM json_each(?))", orders);
    conditions.any_pair(
        "(external_id, external_system) IN (SELECT json_extract(value, '$[1]'), "
        "json_extract(value, '$[0]') FROM json_each(?))",
        refs);
    conditions.any_word("state IN (SELECT value FROM json_each(?))", filter.states);
    conditions.any_word("kind IN (SELECT value FROM json_each(?))", filter.kinds);
    conditions.any_word("brand IN (SELECT value FROM json_each(?))", filter.brands);
    conditions.any_word("supplier IN (SELECT value FROM json_each(?))", filter.suppliers);
    conditions.any_text("adapter IN (SELECT value FROM json_each(?))", filter.adapters);
    conditions.any_pair(
        // What is asked for is read once, not for each row.
        "EXISTS (SELECT 1 FROM json_each(labels) AS l WHERE (l.key, l.value) IN "
        "(SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)))",
        filter.labels);
    if (filter.created_after) {
        conditions.add("created_at > ?", filter.created_after->time_since_epoch().count());
    }
    conditions.contains(
        "(id || char(10) || ifnull(common_name, '') || char(10) || ifnull(supplier_order_id, '') "
        "|| char(10) || ifnull(platform_order_id, '') || char(10) || ifnull(external_id, '') || "
        "char(10) || ifnull(note, ''))",
        filter.q);
    return conditions;
}

}  // namespace

std::optional<StoredRequest> RequestTable::get(const domain::RequestId& id) const {
    static const std::string sql = select_all() + " WHERE id = ?";
    Query query(connection_, sql);
    query.id(id);
    if (!query.next()) return std::nullopt;
    return read_request(query);
}

std::optional<std::int64_t> RequestTable::version(const domain::RequestId& id) const {
    static const std::string sql = "SELECT version FROM requests WHERE id = ?";
    Query query(connection_, sql);
    query.id(id);
    if (!query.next()) return std::nullopt;
    return query.integer();
}

Page<StoredRequest> RequestTable::list(const RequestFilter& filter, ListOrder order,
                                       std::size_t limit,
                                       const std::optional<PageKey>& after) const {
    Conditions conditions = request_conditions(filter);
    const std::string tail = page_order(conditions, order, after);
    const std::string sql = select_for_list() + conditions.sql() + tail;
    Query query(connection_, sql);
    conditions.bind(query);
    query.integer(static_cast<std::int64_t>(limit) + 1);

    Page<StoredRequest> page;
    while (query.next()) {
        if (!page.items.empty() && page.items.size() == limit) {
            const domain::Request& last = page.items.back().request;
            page.next = PageKey{last.updated_at.time_since_epoch().count(), last.id.text()};
            break;
        }
        page.items.push_back(read_request(query));
    }
    return page;
}

std::int64_t RequestTable::count(const RequestFilter& filter) const {
    const Conditions conditions = request_conditions(filter);
    const std::string sql = "SELECT count(*) FROM requests" + conditions.sql();
    Query query(connection_, sql);
    conditions.bind(query);
    query.next();
    return query.integer();
}

std::optional<domain::RequestId> RequestTable::active_for(const domain::OrderId& order,
                                                          domain::Kind kind) const {
    static const std::string sql =
        "SELECT id FROM requests WHERE order_id = ? AND kind = ? AND settled_at IS NULL "
        "ORDER BY rowid LIMIT 1";
    Query query(connection_, sql);
    query.id(order).word(domain::name_of(kind));
    if (!query.next()) return std::nullopt;
    return query.id<domain::RequestId>();
}

std::vector<StoredRequest> RequestTable::all_in_state(domain::State state) const {
    static const std::string sql = select_all() + " WHERE state = ? ORDER BY id";
    Query query(connection_, sql);
    query.word(domain::name_of(state));
    return read_requests(query);
}

std::vector<RequestCount> RequestTable::counts() const {
    static const std::string sql =
        "SELECT state, kind, count(*) FROM requests GROUP BY state, kind";
    Query query(connection_, sql);
    std::vector<RequestCount> counts;
    while (query.next()) {
        RequestCount& count = counts.emplace_back();
        count.state = query.word<domain::State>();
        count.kind = query.word<domain::Kind>();
        count.count = query.integer();
    }
    return counts;
}

StoredRequest RequestTable::current(const StoredRequest& seen) const {
    const std::optional<std::int64_t> now = version(seen.request.id);
    if (now == seen.request.version) return seen;
    std::optional<StoredRequest> other;
    if (now) other = get(seen.request.id);
    if (!other) damaged("a request is gone");
    return std::move(*other);
}

void RequestTable::insert(const StoredRequest& row) {
    static const std::string sql = insert_sql();
    const domain::Request& request = row.request;
    Query query(connection_, sql);
    bind_progress(query, row, request.version);
    bind_due(query, row);
    bind_frame(query, row);
    query.id(request.id)
        .word(domain::name_of(request.kind))
        .id(request.order.id)
        .time(request.created_at)
        .id(request.retry_of)
        .integer(request.created_by.uid)
        .text(request.created_by.name)
        .text(request.created_by.asserted);
    query.run();
    connection_.changes().request(request.id);
}

domain::Result<void> RequestTable::update(StoredRequest& row, Columns columns) {
    static const std::string progress = update_sql(Columns::progress);
    static const std::string progress_and_due = update_sql(Columns::progress_and_due);
    static const std::string all = update_sql(Columns::all);
    const std::string& sql = columns == Columns::all        ? all
                             : columns == Columns::progress ? progress
                                                            : progress_and_due;
    domain::Request& request = row.request;
    Query query(connection_, sql);
    bind_progress(query, row, request.version + 1);
    if (columns != Columns::progress) bind_due(query, row);
    if (columns == Columns::all) bind_frame(query, row);
    query.id(request.id).integer(request.version);
    if (query.run() != 1) {
        return domain::Error(
            domain::ErrorCode::conflict,
            "cannot change the request: it was changed by somebody else meanwhile");
    }
    ++request.version;
    connection_.changes().request(request.id);
    return {};
}

std::optional<domain::Time> RequestTable::newest_that_waits() const {
    static const std::string sql = "SELECT max(updated_at) FROM requests WHERE due_at IS NOT NULL";
    Query query(connection_, sql);
    query.next();
    return query.opt_time();
}

int RequestTable::bring_forward(domain::Time now, domain::Duration by) {
    static const std::string sql =
        "UPDATE requests INDEXED BY requests_by_due SET due_at = max(?1, due_at - ?2), "
        "next_attempt_at = max(?1, next_attempt_at - ?2), version = version + 1 "
        "WHERE due_at IS NOT NULL AND due_asks = 1 AND due_at > ?1";
    static const std::string stamps =
        "UPDATE requests SET updated_at = ?1 WHERE due_at IS NOT NULL AND updated_at > ?1";
    int moved = 0;
    {
        Query query(connection_, sql);
        query.time(now).integer(by.count());
        moved = query.run();
    }
    Query query(connection_, stamps);
    query.time(now);
    query.run();
    return moved;
}

}  // namespace cabroker::store
