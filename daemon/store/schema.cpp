#include "daemon/store/schema.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Transaction.h>

#include <array>
#include <string>

#include "daemon/store/mail_schema.hpp"

namespace cabroker::store {
namespace {

// "CABR": tells our file from another program's.
constexpr int kApplicationId = 0x43414252;

// Times are milliseconds since 1970 UTC. Wide columns stand last, so that a scan of the narrow ones
// does not read them.
constexpr const char* kFirst = R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    id TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    supplier TEXT NOT NULL,
    brand TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    common_name TEXT COLLATE NOCASE,
    supplier_order_id TEXT,
    platform_order_id TEXT,
    product TEXT,
    status_raw TEXT,
    status_at INTEGER,
    account TEXT,
    admin_email TEXT,
    technical_email TEXT,
    corporate_email TEXT,
    login_email TEXT,
    ordered_at INTEGER,
    issued_at INTEGER,
    expires_at INTEGER,
    dns_names TEXT NOT NULL,
    labels TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX orders_by_supplier_order_id ON orders (supplier_order_id, supplier)
    WHERE supplier_order_id IS NOT NULL;
CREATE INDEX orders_by_platform_order_id ON orders (platform_order_id)
    WHERE platform_order_id IS NOT NULL;
CREATE INDEX orders_by_common_name ON orders (common_name) WHERE common_name IS NOT NULL;
CREATE INDEX orders_by_brand ON orders (brand);

CREATE TABLE requests (
    id TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    next_actor TEXT NOT NULL,
    order_id TEXT NOT NULL REFERENCES orders (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    settled_at INTEGER,
    deadline_at INTEGER NOT NULL,
    due_at INTEGER,
    next_attempt_at INTEGER,
    attempt INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL,
    brand TEXT NOT NULL,
    supplier TEXT NOT NULL,
    common_name TEXT,
    supplier_order_id TEXT,
    platform_order_id TEXT,
    product TEXT,
    adapter TEXT,
    channel TEXT,
    step TEXT,
    external_system TEXT,
    external_id TEXT,
    retry_of TEXT,
    created_uid INTEGER NOT NULL,
    created_name TEXT NOT NULL,
    created_asserted TEXT,
    session_key TEXT,
    open_effect TEXT,
    labels TEXT NOT NULL,
    note TEXT,
    last_problem TEXT,
    needs TEXT,
    outcome TEXT,
    result TEXT,
    params TEXT NOT NULL,
    cookie BLOB
) STRICT;
CREATE INDEX requests_by_order ON requests (order_id, kind, settled_at);
CREATE INDEX requests_by_state ON requests (state, kind);
CREATE INDEX requests_by_due ON requests (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX requests_by_external_ref ON requests (external_id, external_system)
    WHERE external_id IS NOT NULL;

CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    request_id TEXT,
    order_id TEXT,
    data TEXT NOT NULL
) STRICT;

CREATE TABLE timeline (
    seq INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL REFERENCES requests (id),
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    state TEXT,
    text TEXT NOT NULL,
    details TEXT NOT NULL
) STRICT;
CREATE INDEX timeline_by_request ON timeline (request_id);

CREATE TABLE effects (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT NOT NULL REFERENCES requests (id),
    order_id TEXT NOT NULL REFERENCES orders (id),
    class TEXT NOT NULL,
    state TEXT NOT NULL,
    intended_at INTEGER NOT NULL,
    act_until INTEGER,
    closed_at INTEGER,
    summary TEXT NOT NULL,
    seen_before TEXT NOT NULL,
    detail TEXT
) STRICT;
CREATE INDEX effects_by_request ON effects (request_id);
CREATE UNIQUE INDEX effects_one_open_once ON effects (order_id)
    WHERE class = 'once' AND closed_at IS NULL;

CREATE TABLE inputs (
    seq INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL REFERENCES requests (id),
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    given_by TEXT NOT NULL,
    value BLOB NOT NULL
) STRICT;
CREATE INDEX inputs_by_request ON inputs (request_id);

CREATE TABLE sessions (
    key TEXT PRIMARY KEY NOT NULL,
    adapter TEXT NOT NULL,
    expires_at INTEGER,
    updated_at INTEGER NOT NULL,
    jar BLOB NOT NULL
) STRICT;

CREATE TABLE messages (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT REFERENCES requests (id),
    direction TEXT NOT NULL,
    status TEXT NOT NULL,
    class TEXT NOT NULL,
    at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    message_id TEXT,
    smtp_reply TEXT,
    raw BLOB
) STRICT;
CREATE INDEX messages_by_request ON messages (request_id);
CREATE INDEX messages_by_message_id ON messages (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE artifacts (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT NOT NULL REFERENCES requests (id),
    name TEXT NOT NULL,
    format TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT;
CREATE INDEX artifacts_by_request ON artifacts (request_id);

CREATE TABLE certificates (
    order_id TEXT NOT NULL REFERENCES orders (id),
    sha256 TEXT NOT NULL,
    serial TEXT NOT NULL,
    spki_sha256 TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    der BLOB NOT NULL,
    PRIMARY KEY (order_id, sha256)
) STRICT;

CREATE TABLE idempotency (
    key TEXT PRIMARY KEY NOT NULL,
    body_hmac TEXT NOT NULL,
    status INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX idempotency_by_created_at ON idempotency (created_at);

CREATE TABLE adapter_states (
    name TEXT PRIMARY KEY NOT NULL,
    paused INTEGER NOT NULL,
    reason TEXT,
    changed_by TEXT,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// An input that went out with a call is marked before, so that a lost answer is recognised after a
// crash too.
constexpr const char* kInputsTold = R"sql(
ALTER TABLE inputs ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
)sql";

// Who is next is asked adapter by adapter and requester by requester. What waits for time alone is
// marked, so that an adapter that is paused or full hides no expiry.
constexpr const char* kLanes = R"sql(
ALTER TABLE requests ADD COLUMN due_asks INTEGER NOT NULL DEFAULT 1;
UPDATE requests SET due_asks = 0
    WHERE state = 'needs_approval' OR (state = 'needs_input' AND needs NOT LIKE '%"dcv_publication"%');
DROP INDEX requests_by_due;
CREATE INDEX requests_by_due ON requests (due_asks, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX requests_by_lane
    ON requests (adapter, created_uid || '/' || ifnull(created_asserted, ''), due_at)
    WHERE due_at IS NOT NULL AND due_asks = 1;
CREATE INDEX requests_by_deadline ON requests (deadline_at) WHERE due_at IS NOT NULL;
)sql";

// Never edit a migration that was released: add one.
constexpr std::array kMigrations = {kFirst, kInputsTold, kLanes, kMailTables};

}  // namespace

int schema_version() { return static_cast<int>(kMigrations.size()); }

domain::Result<void> migrate(SQLite::Database& database) {
    const int found = database.execAndGet("PRAGMA user_version").getInt();
    const int owner = database.execAndGet("PRAGMA application_id").getInt();
    const int tables = database.execAndGet("SELECT count(*) FROM sqlite_master").getInt();
    if (owner != kApplicationId && (owner != 0 || found != 0 || tables != 0)) {
        return domain::Error(domain::ErrorCode::bad_configuration,
                             "cannot open the database: it belongs to another program; set "
                             "state_dir to an empty folder");
    }
    if (found > schema_version()) {
        return domain::Error(domain::ErrorCode::bad_configuration,
                             "cannot open the database: its schema is number " +
                                 std::to_string(found) + " and this program knows up to " +
                                 std::to_string(schema_version()) +
                                 "; install the newer version again or restore a backup made "
                                 "before the upgrade");
    }
    for (int step = found; step < schema_version(); ++step) {
        SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
        database.exec(kMigrations.at(static_cast<std::size_t>(step)));
        database.exec("PRAGMA application_id=" + std::to_string(kApplicationId));
        database.exec("PRAGMA user_version=" + std::to_string(step + 1));
        transaction.commit();
    }
    return {};
}

}  // namespace cabroker::store
