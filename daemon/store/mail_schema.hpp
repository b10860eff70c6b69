// The migration that brings incoming mail. Inside daemon/store/ only.
#pragma once

namespace cabroker::store {

inline constexpr const char* kMailTables = R"sql(
CREATE TABLE mails (
    mailbox TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    message TEXT NOT NULL REFERENCES messages (id),
    message_id TEXT NOT NULL,
    body_sha256 TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    reason TEXT,
    duplicate_of TEXT,
    PRIMARY KEY (mailbox, sha256)
) STRICT;
CREATE INDEX mails_by_message ON mails (message);
CREATE INDEX mails_by_message_id ON mails (mailbox, message_id) WHERE message_id <> '';

CREATE TABLE mailboxes (name TEXT PRIMARY KEY NOT NULL, cursor TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE waiting_codes (
    message TEXT PRIMARY KEY NOT NULL REFERENCES messages (id),
    mailbox TEXT NOT NULL,
    arrived_at INTEGER NOT NULL,
    arrived_steady INTEGER NOT NULL,
    run TEXT NOT NULL,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE used_codes (hmac TEXT PRIMARY KEY NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE sign_ins (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL UNIQUE REFERENCES requests (id),
    adapter TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    recipient TEXT NOT NULL,
    line TEXT NOT NULL,
    state TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    opened_steady INTEGER NOT NULL,
    run TEXT NOT NULL
) STRICT;
CREATE INDEX sign_ins_by_mailbox ON sign_ins (mailbox, state);
CREATE INDEX sign_ins_by_line ON sign_ins (line, state) WHERE line <> '';
)sql";

}  // namespace cabroker::store
