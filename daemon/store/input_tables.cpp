#include "daemon/store/input_tables.hpp"

#include "daemon/store/connection.hpp"

namespace cabroker::store {
namespace {

const std::string kInputs = "SELECT seq, request_id, name, at, given_by, value, told FROM inputs";
const std::string kSessions = "SELECT key, adapter, expires_at, updated_at, jar FROM sessions";

InputRow read_input(Query& query) {
    InputRow row;
    row.seq = query.integer();
    row.request_id = query.id<domain::RequestId>();
    row.name = query.text();
    row.at = query.time();
    row.given_by = query.text();
    row.sealed_value = query.blob();
    row.told = query.boolean();
    return row;
}

SessionRow read_session(Query& query) {
    SessionRow row;
    row.key = query.text();
    row.adapter = query.text();
    row.expires_at = query.opt_time();
    row.updated_at = query.time();
    row.sealed_jar = query.blob();
    return row;
}

}  // namespace

std::vector<InputRow> InputTable::list(const domain::RequestId& request) const {
    static const std::string sql = kInputs + " WHERE request_id = ? ORDER BY seq";
    Query query(connection_, sql);
    query.id(request);
    std::vector<InputRow> rows;
    while (query.next()) rows.push_back(read_input(query));
    return rows;
}

void InputTable::insert(const InputRow& row) {
    static const std::string sql =
        "INSERT INTO inputs (request_id, name, at, given_by, value) VALUES (?, ?, ?, ?, ?)";
    Query query(connection_, sql);
    query.id(row.request_id).text(row.name).time(row.at).text(row.given_by).blob(row.sealed_value);
    query.run();
}

void InputTable::set_told(const domain::RequestId& request, bool told) {
    static const std::string sql = "UPDATE inputs SET told = ? WHERE request_id = ?";
    Query query(connection_, sql);
    query.integer(told ? 1 : 0).id(request);
    query.run();
}

std::optional<InputRow> InputTable::take(const domain::RequestId& request) {
    std::optional<InputRow> taken;
    {
        static const std::string first = kInputs + " WHERE request_id = ? ORDER BY seq LIMIT 1";
        Query query(connection_, first);
        query.id(request);
        if (!query.next()) return std::nullopt;
        taken = read_input(query);
    }
    static const std::string sql = "DELETE FROM inputs WHERE seq = ?";
    Query query(connection_, sql);
    query.integer(taken->seq);
    query.run();
    return taken;
}

std::int64_t InputTable::delete_for_request(const domain::RequestId& request) {
    static const std::string sql = "DELETE FROM inputs WHERE request_id = ?";
    Query query(connection_, sql);
    query.id(request);
    return query.run();
}

std::optional<SessionRow> SessionTable::get(const std::string& key) const {
    static const std::string sql = kSessions + " WHERE key = ?";
    Query query(connection_, sql);
    query.text(key);
    if (!query.next()) return std::nullopt;
    return read_session(query);
}

std::vector<SessionRow> SessionTable::list(const std::string& adapter) const {
    static const std::string sql = kSessions + " WHERE adapter = ? ORDER BY key";
    Query query(connection_, sql);
    query.text(adapter);
    std::vector<SessionRow> rows;
    while (query.next()) rows.push_back(read_session(query));
    return rows;
}

void SessionTable::put(const SessionRow& row) {
    static const std::string sql =
        "INSERT INTO sessions (key, adapter, expires_at, updated_at, jar) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (key) DO UPDATE SET adapter = excluded.adapter, "
        "expires_at = excluded.expires_at, updated_at = excluded.updated_at, jar = excluded.jar";
    Query query(connection_, sql);
    query.text(row.key)
        .text(row.adapter)
        .time(row.expires_at)
        .time(row.updated_at)
        .blob(row.sealed_jar);
    query.run();
}

void SessionTable::drop(const std::string& key) {
    static const std::string sql = "DELETE FROM sessions WHERE key = ?";
    Query query(connection_, sql);
    query.text(key);
    query.run();
}

std::int64_t SessionTable::drop_expired(domain::Time now) {
    static const std::string sql = "DELETE FROM sessions WHERE expires_at <= ?";
    Query query(connection_, sql);
    query.time(now);
    return query.run();
}

}  // namespace cabroker::store
