#include "daemon/store/service_tables.hpp"

#include "daemon/store/connection.hpp"

namespace cabroker::store {
namespace {

const std::string kAdapterStates =
    "SELECT name, paused, reason, changed_by, at FROM adapter_states";

AdapterStateRow read_adapter_state(Query& query) {
    AdapterStateRow row;
    row.name = query.text();
    row.paused = query.boolean();
    row.reason = query.opt_text();
    row.by = query.opt_text();
    row.at = query.time();
    return row;
}

}  // namespace

std::optional<std::string> MetaTable::get(const std::string& key) const {
    static const std::string sql = "SELECT value FROM meta WHERE key = ?";
    Query query(connection_, sql);
    query.text(key);
    if (!query.next()) return std::nullopt;
    return query.text();
}

bool MetaTable::anything_sealed() const {
    static const std::string sql =
        "SELECT EXISTS (SELECT 1 FROM inputs) OR EXISTS (SELECT 1 FROM sessions) "
        "OR EXISTS (SELECT 1 FROM waiting_codes) "
        "OR EXISTS (SELECT 1 FROM requests WHERE cookie IS NOT NULL)";
    Query query(connection_, sql);
    query.next();
    return query.boolean();
}

void MetaTable::set(const std::string& key, const std::string& value) {
    static const std::string sql =
        "INSERT INTO meta (key, value) VALUES (?, ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    Query query(connection_, sql);
    query.text(key).text(value);
    query.run();
}

std::optional<IdempotencyRow> IdempotencyTable::find(const std::string& key) const {
    static const std::string sql =
        "SELECT key, body_hmac, status, created_at, headers, body FROM idempotency WHERE key = ?";
    Query query(connection_, sql);
    query.text(key);
    if (!query.next()) return std::nullopt;
    IdempotencyRow row;
    row.key = query.text();
    row.body_hmac = query.text();
    row.status = static_cast<int>(query.integer());
    row.created_at = query.time();
    row.headers = query.text();
    row.body = query.text();
    return row;
}

domain::Result<void> IdempotencyTable::insert(const IdempotencyRow& row) {
    static const std::string sql =
        "INSERT INTO idempotency (key, body_hmac, status, created_at, headers, body) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING";
    Query query(connection_, sql);
    query.text(row.key)
        .text(row.body_hmac)
        .integer(row.status)
        .time(row.created_at)
        .text(row.headers)
        .text(row.body);
    if (query.run() == 1) return {};
    return domain::Error(domain::ErrorCode::conflict,
                         "cannot remember the answer: the key was used meanwhile");
}

std::int64_t IdempotencyTable::prune(domain::Time at, std::size_t limit) {
    static const std::string sql =
        "DELETE FROM idempotency WHERE rowid IN (SELECT rowid FROM idempotency "
        "WHERE created_at < ? ORDER BY created_at LIMIT ?)";
    Query query(connection_, sql);
    query.time(at).integer(static_cast<std::int64_t>(limit));
    return query.run();
}

std::optional<AdapterStateRow> AdapterStateTable::get(const std::string& name) const {
    static const std::string sql = kAdapterStates + " WHERE name = ?";
    Query query(connection_, sql);
    query.text(name);
    if (!query.next()) return std::nullopt;
    return read_adapter_state(query);
}

std::vector<AdapterStateRow> AdapterStateTable::list() const {
    static const std::string sql = kAdapterStates + " ORDER BY name";
    Query query(connection_, sql);
    std::vector<AdapterStateRow> rows;
    while (query.next()) rows.push_back(read_adapter_state(query));
    return rows;
}

void AdapterStateTable::put(const AdapterStateRow& row) {
    static const std::string sql =
        "INSERT INTO adapter_states (name, paused, reason, changed_by, at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET paused = excluded.paused, reason = excluded.reason, "
        "changed_by = excluded.changed_by, at = excluded.at";
    Query query(connection_, sql);
    query.text(row.name).integer(row.paused ? 1 : 0).text(row.reason).text(row.by).time(row.at);
    query.run();
}

}  // namespace cabroker::store
