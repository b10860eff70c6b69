#include "daemon/store/connection.hpp"

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <mutex>

#include "daemon/store/gathering_vfs.hpp"
#include "daemon/store/views.hpp"

namespace cabroker::store {
namespace {

constexpr std::size_t kMostStatements = 256;

// Nobody asks SQLite how much memory it uses, and counting takes a lock for each allocation. Does
// nothing when somebody used SQLite before, as a test's VFS does.
void count_no_memory() {
    static std::once_flag once;
    std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

// Readers write no log, and the controls without syncs are to be SQLite's own.
std::string vfs_for(const StoreOptions& options, Access access) {
    count_no_memory();
    const bool gathers = access == Access::write && options.synchronous == Synchronous::full;
    return gathers ? gathering_vfs(options.vfs) : options.vfs;
}

}  // namespace

void Changes::event(std::int64_t seq) {
    if (first_ == 0) first_ = seq;
    last_ = seq;
}

void Changes::clear() {
    first_ = 0;
    last_ = 0;
    requests_.clear();
}

void Changes::merge_into(CommitNotice& notice) const {
    if (first_ != 0 && notice.first_seq == 0) notice.first_seq = first_;
    if (last_ != 0) notice.last_seq = last_;
    notice.changed_requests.insert(notice.changed_requests.end(), requests_.begin(),
                                   requests_.end());
}

std::filesystem::path database_path(const StoreOptions& options) {
    return options.state_dir / "cabroker.db";
}

void damaged(const std::string& what) {
    throw std::runtime_error("the database holds a damaged row: " + what);
}

Connection::Connection(const StoreOptions& options, Access access)
    // One thread at a time uses a connection, so it needs no lock of its own.
    : database_(database_path(options).string(), SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX,
                static_cast<int>(options.busy_timeout.count()), vfs_for(options, access)) {
    database_.exec("PRAGMA foreign_keys=ON");
    database_.exec("PRAGMA temp_store=MEMORY");
    // SQL in a damaged or planted schema must not run with our rights.
    database_.exec("PRAGMA trusted_schema=OFF");
    if (access == Access::read) {
        database_.exec("PRAGMA query_only=ON");
        return;
    }
    database_.exec("PRAGMA journal_mode=WAL");
    // A transaction reaches the log as a whole when it commits. Pages that went there before, from
    // a full cache, and went again would spoil the log's sums after a rollback to a savepoint
    // (SQLite 3.40): a kill would then cost commits that were acknowledged.
    database_.exec("PRAGMA cache_spill=OFF");
    database_.exec("PRAGMA wal_autocheckpoint=0");  // the writer does it between two groups
    database_.exec("PRAGMA journal_size_limit=67108864");
    switch (options.synchronous) {
        case Synchronous::off:
            database_.exec("PRAGMA synchronous=OFF");
            break;
        case Synchronous::normal:
            database_.exec("PRAGMA synchronous=NORMAL");
            break;
        case Synchronous::full:
            database_.exec("PRAGMA synchronous=FULL");
            break;
    }
}

Connection::Prepared::Prepared(SQLite::Database& database, const std::string& sql)
    : statement(database, sql) {
    // A connection prepares each text once, so the text tells which one it is.
    while ((handle = sqlite3_next_stmt(database.getHandle(), handle)) != nullptr) {
        if (sql == sqlite3_sql(handle)) return;
    }
    throw std::logic_error("SQLite does not know its own statement: " + sql);
}

Connection::Prepared& Connection::prepared(const std::string& sql) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) return *found->second;
    // Lists come in many shapes: forget rather than let their statements pile up.
    if (statements_.size() >= kMostStatements) {
        std::erase_if(statements_, [](const auto& entry) { return !entry.second->in_use; });
    }
    return *statements_.emplace(sql, std::make_unique<Prepared>(database_, sql)).first->second;
}

Query::Query(Connection& connection, const std::string& sql) : prepared_(connection.prepared(sql)) {
    if (prepared_.in_use) throw std::logic_error("a statement is used inside itself: " + sql);
    prepared_.in_use = true;
}

Query::~Query() {
    (void)prepared_.statement.tryReset();
    try {
        prepared_.statement.clearBindings();
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): clearing cannot fail
    }
    prepared_.in_use = false;
}

Query& Query::text(const std::string& value) {
    prepared_.statement.bindNoCopy(++bound_, value);
    return *this;
}

Query& Query::text(std::string&& value) {
    prepared_.statement.bind(++bound_, value);
    return *this;
}

Query& Query::text(const std::optional<std::string>& value) {
    return value ? text(*value) : null();
}

Query& Query::word(std::string_view value) {
    const int code = sqlite3_bind_text(prepared_.handle, ++bound_, value.data(),
                                       static_cast<int>(value.size()), SQLITE_STATIC);
    if (code != SQLITE_OK) throw SQLite::Exception(sqlite3_db_handle(prepared_.handle), code);
    return *this;
}

Query& Query::blob(const std::string& value) {
    prepared_.statement.bindNoCopy(++bound_, static_cast<const void*>(value.data()),
                                   static_cast<int>(value.size()));
    return *this;
}

Query& Query::integer(std::int64_t value) {
    prepared_.statement.bind(++bound_, value);
    return *this;
}

Query& Query::time(const std::optional<domain::Time>& value) {
    return value ? time(*value) : null();
}

Query& Query::null() {
    // What is not bound is NULL: the last use cleared it.
    ++bound_;
    return *this;
}

bool Query::next() {
    column_ = 0;
    return prepared_.statement.executeStep();
}

int Query::run() { return prepared_.statement.exec(); }

bool Query::is_null() { return sqlite3_column_type(prepared_.handle, column_) == SQLITE_NULL; }

std::string_view Query::view() {
    const void* octets = sqlite3_column_blob(prepared_.handle, column_);
    const int size = sqlite3_column_bytes(prepared_.handle, column_++);
    return {static_cast<const char*>(octets), static_cast<std::size_t>(size)};
}

std::optional<std::string> Query::opt_text() {
    if (!is_null()) return text();
    ++column_;
    return std::nullopt;
}

std::int64_t Query::integer() { return sqlite3_column_int64(prepared_.handle, column_++); }

std::optional<domain::Time> Query::opt_time() {
    if (is_null()) {
        ++column_;
        return std::nullopt;
    }
    return time();
}

Reader::Reader(Connection& connection)
    : requests_(connection),
      due_(connection),
      orders_(connection),
      effects_(connection),
      events_(connection),
      timeline_(connection),
      inputs_(connection),
      sessions_(connection),
      messages_(connection),
      artifacts_(connection),
      certificates_(connection),
      idempotency_(connection),
      meta_(connection),
      adapter_states_(connection),
      mails_(connection),
      sign_ins_(connection) {}

}  // namespace cabroker::store
