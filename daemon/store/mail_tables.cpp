#include "daemon/store/mail_tables.hpp"

#include <array>

#include "daemon/store/connection.hpp"

namespace cabroker::store {
namespace {

const std::string kMails =
    "SELECT mailbox, sha256, message, message_id, body_sha256, taken_at, reason, duplicate_of "
    "FROM mails";
const std::string kSignIns =
    "SELECT place, request_id, adapter, mailbox, recipient, line, state, opened_at, "
    "opened_steady, run FROM sign_ins";

constexpr std::array<std::string_view, 3> kStates{"waiting", "open", "served"};

MailRow read_mail(Query& query) {
    MailRow row;
    row.mailbox = query.text();
    row.sha256 = query.text();
    row.message = query.id<domain::MessageId>();
    row.message_id = query.text();
    row.body_sha256 = query.text();
    row.taken_at = query.time();
    row.reason = query.opt_text();
    row.duplicate_of = query.opt_id<domain::MessageId>();
    return row;
}

SignInRow read_sign_in(Query& query) {
    SignInRow row;
    row.place = query.integer();
    row.request_id = query.id<domain::RequestId>();
    row.adapter = query.text();
    row.mailbox = query.text();
    row.recipient = query.text();
    row.line = query.text();
    const std::string state = query.text();
    std::size_t at = 0;
    while (at < kStates.size() && kStates.at(at) != state) ++at;
    if (at == kStates.size()) damaged("unknown word " + state);
    row.state = static_cast<SignInState>(at);
    row.opened_at = query.time();
    row.opened_steady = query.integer();
    row.run = query.text();
    return row;
}

}  // namespace

std::optional<MailRow> MailTable::get(const std::string& mailbox, const std::string& sha256) const {
    static const std::string sql = kMails + " WHERE mailbox = ? AND sha256 = ?";
    Query query(connection_, sql);
    query.text(mailbox).text(sha256);
    if (!query.next()) return std::nullopt;
    return read_mail(query);
}

std::vector<MailRow> MailTable::with_message_id(const std::string& mailbox,
                                                const std::string& message_id) const {
    std::vector<MailRow> rows;
    if (message_id.empty()) return rows;
    static const std::string sql =
        kMails + " WHERE mailbox = ? AND message_id = ? AND message_id <> '' ORDER BY message";
    Query query(connection_, sql);
    query.text(mailbox).text(message_id);
    while (query.next()) rows.push_back(read_mail(query));
    return rows;
}

std::string MailTable::cursor(const std::string& mailbox) const {
    static const std::string sql = "SELECT cursor FROM mailboxes WHERE name = ?";
    Query query(connection_, sql);
    query.text(mailbox);
    return query.next() ? query.text() : std::string();
}

std::vector<WaitingCodeRow> MailTable::waiting_codes() const {
    static const std::string sql =
        "SELECT message, mailbox, arrived_at, arrived_steady, run, value FROM waiting_codes "
        "ORDER BY message";
    Query query(connection_, sql);
    std::vector<WaitingCodeRow> rows;
    while (query.next()) {
        WaitingCodeRow row;
        row.message = query.id<domain::MessageId>();
        row.mailbox = query.text();
        row.arrived_at = query.time();
        row.arrived_steady = query.integer();
        row.run = query.text();
        row.sealed_value = query.blob();
        rows.push_back(std::move(row));
    }
    return rows;
}

bool MailTable::code_was_used(const std::string& hmac) const {
    static const std::string sql = "SELECT 1 FROM used_codes WHERE hmac = ?";
    Query query(connection_, sql);
    query.text(hmac);
    return query.next();
}

void MailTable::insert(const MailRow& row) {
    static const std::string sql =
        "INSERT INTO mails (mailbox, sha256, message, message_id, body_sha256, taken_at, reason, "
        "duplicate_of) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    Query query(connection_, sql);
    query.text(row.mailbox)
        .text(row.sha256)
        .id(row.message)
        .text(row.message_id)
        .text(row.body_sha256)
        .time(row.taken_at)
        .text(row.reason)
        .id(row.duplicate_of);
    query.run();
}

void MailTable::set_reason(const domain::MessageId& message,
                           const std::optional<std::string>& reason) {
    static const std::string sql = "UPDATE mails SET reason = ? WHERE message = ?";
    Query query(connection_, sql);
    query.text(reason).id(message);
    query.run();
}

void MailTable::set_request(const domain::MessageId& message, const domain::RequestId& request) {
    static const std::string sql = "UPDATE messages SET request_id = ? WHERE id = ?";
    Query query(connection_, sql);
    query.id(request).id(message);
    query.run();
}

void MailTable::set_cursor(const std::string& mailbox, const std::string& cursor) {
    static const std::string sql =
        "INSERT INTO mailboxes (name, cursor) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor";
    Query query(connection_, sql);
    query.text(mailbox).text(cursor);
    query.run();
}

void MailTable::put_waiting_code(const WaitingCodeRow& row) {
    static const std::string sql =
        "INSERT INTO waiting_codes (message, mailbox, arrived_at, arrived_steady, run, value) "
        "VALUES (?, ?, ?, ?, ?, ?)";
    Query query(connection_, sql);
    query.id(row.message)
        .text(row.mailbox)
        .time(row.arrived_at)
        .integer(row.arrived_steady)
        .text(row.run)
        .blob(row.sealed_value);
    query.run();
}

void MailTable::drop_waiting_code(const domain::MessageId& message) {
    static const std::string sql = "DELETE FROM waiting_codes WHERE message = ?";
    Query query(connection_, sql);
    query.id(message);
    query.run();
}

void MailTable::note_used_code(const std::string& hmac, domain::Time at) {
    static const std::string sql =
        "INSERT INTO used_codes (hmac, at) VALUES (?, ?) "
        "ON CONFLICT (hmac) DO UPDATE SET at = excluded.at";
    Query query(connection_, sql);
    query.text(hmac).time(at);
    query.run();
}

void MailTable::prune_used_codes(domain::Time at) {
    static const std::string sql = "DELETE FROM used_codes WHERE at < ?";
    Query query(connection_, sql);
    query.time(at);
    query.run();
}

std::optional<SignInRow> SignInTable::get(const domain::RequestId& request) const {
    static const std::string sql = kSignIns + " WHERE request_id = ?";
    Query query(connection_, sql);
    query.id(request);
    if (!query.next()) return std::nullopt;
    return read_sign_in(query);
}

std::vector<SignInRow> SignInTable::open_for(const std::string& mailbox) const {
    static const std::string sql =
        kSignIns + " WHERE mailbox = ? AND state = 'open' ORDER BY place";
    Query query(connection_, sql);
    query.text(mailbox);
    std::vector<SignInRow> rows;
    while (query.next()) rows.push_back(read_sign_in(query));
    return rows;
}

std::vector<SignInRow> SignInTable::line(const std::string& line) const {
    static const std::string sql =
        kSignIns + " WHERE line = ? AND state <> 'served' ORDER BY place";
    Query query(connection_, sql);
    query.text(line);
    std::vector<SignInRow> rows;
    while (query.next()) rows.push_back(read_sign_in(query));
    return rows;
}

void SignInTable::put(const SignInRow& row) {
    static const std::string sql =
        "INSERT INTO sign_ins (request_id, adapter, mailbox, recipient, line, state, opened_at, "
        "opened_steady, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (request_id) DO UPDATE SET adapter = excluded.adapter, "
        "mailbox = excluded.mailbox, recipient = excluded.recipient, line = excluded.line, "
        "state = excluded.state, opened_at = excluded.opened_at, "
        "opened_steady = excluded.opened_steady, run = excluded.run";
    Query query(connection_, sql);
    query.id(row.request_id)
        .text(row.adapter)
        .text(row.mailbox)
        .text(row.recipient)
        .text(row.line)
        .word(kStates.at(static_cast<std::size_t>(row.state)))
        .time(row.opened_at)
        .integer(row.opened_steady)
        .text(row.run);
    query.run();
}

void SignInTable::drop(const domain::RequestId& request) {
    static const std::string sql = "DELETE FROM sign_ins WHERE request_id = ?";
    Query query(connection_, sql);
    query.id(request);
    query.run();
}

}  // namespace cabroker::store
