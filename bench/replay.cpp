// bench-replay: how fast SQLite alone takes the rows that the daemon's POSTs wrote. Reads them from
// the daemon's database and inserts them into another one of the same schema, in groups of N
// requests per transaction (WAL, synchronous=FULL), with nothing around it. Without locks of
// SQLite's own and with the same allocator, as the daemon.
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace cabroker::bench {
namespace {

// As the daemon: the log is moved into the database between two transactions, not inside one.
constexpr int kLongLog = 4000;

struct Closer {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    void operator()(sqlite3_value* value) const { sqlite3_value_free(value); }
};
using Database = std::unique_ptr<sqlite3, Closer>;
using Statement = std::unique_ptr<sqlite3_stmt, Closer>;
using Row = std::vector<std::unique_ptr<sqlite3_value, Closer>>;

void check(int code, sqlite3* database) {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
    throw std::runtime_error(sqlite3_errmsg(database));
}

Database open(const std::string& path) {
    sqlite3* raw = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database(raw);
    check(code, raw);
    return database;
}

void execute(sqlite3* database, const std::string& sql) {
    check(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), database);
}

Statement prepare(sqlite3* database, const std::string& sql) {
    sqlite3_stmt* raw = nullptr;
    check(sqlite3_prepare_v2(database, sql.c_str(), -1, &raw, nullptr), database);
    return Statement(raw);
}

Row copy_row(sqlite3_stmt* from) {
    Row row;
    for (int i = 0; i < sqlite3_column_count(from); ++i)
        row.emplace_back(sqlite3_value_dup(sqlite3_column_value(from, i)));
    return row;
}

std::vector<Row> read_rows(sqlite3* database, const std::string& sql) {
    const Statement statement = prepare(database, sql);
    std::vector<Row> rows;
    while (sqlite3_step(statement.get()) == SQLITE_ROW) rows.push_back(copy_row(statement.get()));
    return rows;
}

std::string text_of(const Row& row, std::size_t column) {
    const void* text = sqlite3_value_text(row[column].get());
    return text == nullptr ? std::string() : std::string(static_cast<const char*>(text));
}

/// What one POST wrote: the request, its first timeline entry, its first event.
struct Written {
    Row request;
    Row timeline;
    Row event;
};

std::vector<Written> read_written(sqlite3* source, const std::string& first,
                                  const std::string& count) {
    const std::string chosen =
        "(SELECT id FROM requests ORDER BY rowid LIMIT " + count + " OFFSET " + first + ")";
    std::vector<Written> all;
    std::unordered_map<std::string, std::size_t> places;
    for (Row& row :
         read_rows(source, "SELECT * FROM requests WHERE id IN " + chosen + " ORDER BY rowid")) {
        places.emplace(text_of(row, 0), all.size());
        all.emplace_back().request = std::move(row);
    }
    for (Row& row : read_rows(
             source, "SELECT * FROM timeline WHERE request_id IN " + chosen + " ORDER BY seq")) {
        Row& place = all[places.at(text_of(row, 1))].timeline;
        if (place.empty()) place = std::move(row);
    }
    for (Row& row : read_rows(
             source, "SELECT * FROM events WHERE type = 'request.created' AND request_id IN " +
                         chosen + " ORDER BY seq")) {
        Row& place = all[places.at(text_of(row, 4))].event;
        if (place.empty()) place = std::move(row);
    }
    if (all.empty()) throw std::runtime_error("the source has no such requests");
    return all;
}

class Target {
  public:
    Target(const std::string& path, const Written& example) : database_(open(path)) {
        execute("PRAGMA journal_mode=WAL");
        execute("PRAGMA synchronous=FULL");
        execute("PRAGMA wal_autocheckpoint=0");
        execute("PRAGMA foreign_keys=OFF");
        begin_ = prepare(database_.get(), "BEGIN IMMEDIATE");
        commit_ = prepare(database_.get(), "COMMIT");
        request_ = inserter("requests", example.request.size());
        timeline_ = inserter("timeline", example.timeline.size());
        event_ = inserter("events", example.event.size());
        sqlite3_wal_hook(database_.get(), remember_pages, &log_pages_);
    }

    void commit(std::vector<Written>::const_iterator from,
                std::vector<Written>::const_iterator to) {
        run(begin_.get());
        for (; from != to; ++from) {
            insert(request_.get(), from->request);
            insert(timeline_.get(), from->timeline);
            insert(event_.get(), from->event);
        }
        run(commit_.get());
        if (log_pages_ - moved_pages_ < kLongLog) return;
        int left = 0;
        check(sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &left,
                                        &moved_pages_),
              database_.get());
        log_pages_ = 0;
        moved_pages_ = 0;
    }

  private:
    static int remember_pages(void* pages, sqlite3*, const char*, int count) {
        *static_cast<int*>(pages) = count;
        return SQLITE_OK;
    }
    void execute(const std::string& sql) { bench::execute(database_.get(), sql); }
    Statement inserter(const std::string& table, std::size_t columns) {
        std::string sql = "INSERT INTO " + table + " VALUES (?";
        for (std::size_t i = 1; i < columns; ++i) sql += ",?";
        return prepare(database_.get(), sql + ")");
    }
    void run(sqlite3_stmt* statement) {
        check(sqlite3_step(statement), database_.get());
        sqlite3_reset(statement);
    }
    void insert(sqlite3_stmt* statement, const Row& row) {
        for (std::size_t i = 0; i < row.size(); ++i)
            sqlite3_bind_value(statement, static_cast<int>(i) + 1, row[i].get());
        run(statement);
    }

    Database database_;
    Statement begin_;
    Statement commit_;
    Statement request_;
    Statement timeline_;
    Statement event_;
    int log_pages_ = 0;
    int moved_pages_ = 0;
};

void replay(std::map<std::string, std::string>& options) {
    const std::vector<Written> rows = [&] {
        const Database source = open(options["--source"]);
        return read_written(source.get(), options["--first"], options["--count"]);
    }();
    const auto group = static_cast<std::ptrdiff_t>(std::stoul(options["--group"]));
    Target target(options["--target"], rows.front());
    const auto begin = std::chrono::steady_clock::now();
    for (auto at = rows.begin(); at != rows.end();) {
        const auto end = at + std::min(group, rows.end() - at);
        target.commit(at, end);
        at = end;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::printf("{\"requests\": %zu, \"seconds\": %.4f, \"per_second\": %.1f}\n", rows.size(),
                took.count(), static_cast<double>(rows.size()) / took.count());
}

}  // namespace
}  // namespace cabroker::bench

int main(int argc, char** argv) {
    std::map<std::string, std::string> options;
    for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
    try {
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        cabroker::bench::replay(options);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench-replay: " << error.what() << '\n';
        return 1;
    }
}
