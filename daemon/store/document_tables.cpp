#include "daemon/store/document_tables.hpp"

#include "daemon/store/connection.hpp"

namespace cabroker::store {
namespace {

const std::string kMessages =
    "SELECT id, request_id, direction, status, class, at, size, sender, recipient, subject, "
    "message_id, smtp_reply FROM messages";
const std::string kArtifacts =
    "SELECT id, request_id, name, format, content_type, size, sha256, created_at FROM artifacts";
const std::string kCertificates =
    "SELECT order_id, sha256, serial, spki_sha256, not_before, not_after, seen_at, der "
    "FROM certificates";

MessageRow read_message(Query& query) {
    MessageRow row;
    row.id = query.id<domain::MessageId>();
    row.request_id = query.opt_id<domain::RequestId>();
    row.direction = query.text();
    row.status = query.text();
    row.message_class = query.text();
    row.at = query.time();
    row.size = query.integer();
    row.from = query.text();
    row.to = query.text();
    row.subject = query.text();
    row.message_id = query.opt_text();
    row.smtp_reply = query.opt_text();
    return row;
}

ArtifactRow read_artifact(Query& query) {
    ArtifactRow row;
    row.id = query.id<domain::ArtifactId>();
    row.request_id = query.id<domain::RequestId>();
    row.name = query.text();
    row.format = query.text();
    row.content_type = query.text();
    row.size = query.integer();
    row.sha256 = query.text();
    row.created_at = query.time();
    return row;
}

CertificateRow read_certificate(Query& query) {
    CertificateRow row;
    row.order_id = query.id<domain::OrderId>();
    row.sha256 = query.text();
    row.serial = query.text();
    row.spki_sha256 = query.text();
    row.not_before = query.time();
    row.not_after = query.time();
    row.seen_at = query.time();
    row.der = query.blob();
    return row;
}

}  // namespace

std::optional<MessageRow> MessageTable::get(const domain::MessageId& id) const {
    static const std::string sql = kMessages + " WHERE id = ?";
    Query query(connection_, sql);
    query.id(id);
    if (!query.next()) return std::nullopt;
    return read_message(query);
}

std::optional<std::string> MessageTable::raw(const domain::MessageId& id) const {
    static const std::string sql = "SELECT raw FROM messages WHERE id = ?";
    Query query(connection_, sql);
    query.id(id);
    if (!query.next() || query.is_null()) return std::nullopt;
    return query.blob();
}

std::vector<MessageRow> MessageTable::list(const domain::RequestId& request) const {
    static const std::string sql = kMessages + " WHERE request_id = ? ORDER BY rowid";
    Query query(connection_, sql);
    query.id(request);
    std::vector<MessageRow> rows;
    while (query.next()) rows.push_back(read_message(query));
    return rows;
}

void MessageTable::insert(const MessageRow& row, const std::optional<std::string>& raw) {
    static const std::string sql =
        "INSERT INTO messages (id, request_id, direction, status, class, at, size, sender, "
        "recipient, subject, message_id, smtp_reply, raw) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    Query query(connection_, sql);
    query.id(row.id)
        .id(row.request_id)
        .text(row.direction)
        .text(row.status)
        .text(row.message_class)
        .time(row.at)
        .integer(row.size)
        .text(row.from)
        .text(row.to)
        .text(row.subject)
        .text(row.message_id)
        .text(row.smtp_reply);
    if (raw) {
        query.blob(*raw);
    } else {
        query.null();
    }
    query.run();
}

domain::Result<void> MessageTable::set_status(const domain::MessageId& id,
                                              const std::string& status,
                                              const std::optional<std::string>& smtp_reply) {
    static const std::string sql =
        "UPDATE messages SET status = ?, smtp_reply = ifnull(?, smtp_reply) WHERE id = ?";
    Query query(connection_, sql);
    query.text(status).text(smtp_reply).id(id);
    if (query.run() == 1) return {};
    return domain::Error(domain::ErrorCode::not_found, "cannot change the message: there is none");
}

std::optional<ArtifactRow> ArtifactTable::get(const domain::ArtifactId& id) const {
    static const std::string sql = kArtifacts + " WHERE id = ?";
    Query query(connection_, sql);
    query.id(id);
    if (!query.next()) return std::nullopt;
    return read_artifact(query);
}

std::optional<std::string> ArtifactTable::content(const domain::ArtifactId& id) const {
    static const std::string sql = "SELECT content FROM artifacts WHERE id = ?";
    Query query(connection_, sql);
    query.id(id);
    if (!query.next()) return std::nullopt;
    return query.blob();
}

std::vector<ArtifactRow> ArtifactTable::list(const domain::RequestId& request) const {
    static const std::string sql = kArtifacts + " WHERE request_id = ? ORDER BY rowid";
    Query query(connection_, sql);
    query.id(request);
    std::vector<ArtifactRow> rows;
    while (query.next()) rows.push_back(read_artifact(query));
    return rows;
}

void ArtifactTable::insert(const ArtifactRow& row, const std::string& content) {
    static const std::string sql =
        "INSERT INTO artifacts (id, request_id, name, format, content_type, size, sha256, "
        "created_at, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    Query query(connection_, sql);
    query.id(row.id)
        .id(row.request_id)
        .text(row.name)
        .text(row.format)
        .text(row.content_type)
        .integer(row.size)
        .text(row.sha256)
        .time(row.created_at)
        .blob(content);
    query.run();
}

std::optional<CertificateRow> CertificateTable::get(const domain::OrderId& order,
                                                    const std::string& sha256) const {
    static const std::string sql = kCertificates + " WHERE order_id = ? AND sha256 = ?";
    Query query(connection_, sql);
    query.id(order).text(sha256);
    if (!query.next()) return std::nullopt;
    return read_certificate(query);
}

std::vector<CertificateRow> CertificateTable::list(const domain::OrderId& order) const {
    static const std::string sql =
        kCertificates + " WHERE order_id = ? ORDER BY not_before DESC, rowid DESC";
    Query query(connection_, sql);
    query.id(order);
    std::vector<CertificateRow> rows;
    while (query.next()) rows.push_back(read_certificate(query));
    return rows;
}

void CertificateTable::put(const CertificateRow& row) {
    static const std::string sql =
        "INSERT INTO certificates (order_id, sha256, serial, spki_sha256, not_before, not_after, "
        "seen_at, der) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (order_id, sha256) DO NOTHING";
    Query query(connection_, sql);
    query.id(row.order_id)
        .text(row.sha256)
        .text(row.serial)
        .text(row.spki_sha256)
        .time(row.not_before)
        .time(row.not_after)
        .time(row.seen_at)
        .blob(row.der);
    query.run();
}

}  // namespace cabroker::store
