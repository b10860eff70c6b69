// One SQLite connection with its prepared statements, and one use of a statement. Inside
// daemon/store/ only.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/store/store.hpp"

struct sqlite3_stmt;

namespace cabroker::store {

/// What the changes of a transaction did, for the notice. A change that is rolled back is
/// forgotten.
class Changes {
  public:
    void event(std::int64_t seq);
    void request(const domain::RequestId& id) { requests_.push_back(id); }
    /// Starts over with the next change.
    void clear();
    /// Adds this change to the notice of its group.
    void merge_into(CommitNotice& notice) const;

  private:
    std::int64_t first_ = 0;
    std::int64_t last_ = 0;
    std::vector<domain::RequestId> requests_;
};

enum class Access { write, read };

/// For one thread at a time.
class Connection {
  public:
    /// Throws SQLite::Exception.
    Connection(const StoreOptions& options, Access access);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    [[nodiscard]] SQLite::Database& database() { return database_; }
    [[nodiscard]] Changes& changes() { return changes_; }

    struct Prepared {
        SQLite::Statement statement;
        /// The same statement for what SQLiteCpp does not give: SQLite::Column shares a pointer for
        /// each value, and a text without a copy has to end in NUL.
        sqlite3_stmt* handle = nullptr;
        bool in_use = false;
        Prepared(SQLite::Database& database, const std::string& sql);
    };
    /// The prepared statement for this text, made once.
    [[nodiscard]] Prepared& prepared(const std::string& sql);

  private:
    SQLite::Database database_;
    std::unordered_map<std::string, std::unique_ptr<Prepared>> statements_;
    Changes changes_;
};

[[nodiscard]] std::filesystem::path database_path(const StoreOptions& options);

/// A row that no code of ours can have written.
[[noreturn]] void damaged(const std::string& what);

/// Stored JSON back to a value; throws when it is damaged.
template <class T>
[[nodiscard]] T undamaged(domain::Result<T> read) {
    if (!read) damaged(read.error().detail);
    return std::move(*read);
}

/// One run of a prepared statement: values are bound in the order of the placeholders, columns read
/// in theirs. Strings given as lvalues must live until this object dies.
class Query {
  public:
    Query(Connection& connection, const std::string& sql);
    ~Query();
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    Query& text(const std::string& value);
    Query& text(std::string&& value);
    Query& text(const std::optional<std::string>& value);
    /// A word that lives as long as the program, such as name_of() gives.
    Query& word(std::string_view value);
    Query& blob(const std::string& value);
    Query& integer(std::int64_t value);
    Query& time(domain::Time value) { return integer(value.time_since_epoch().count()); }
    Query& time(const std::optional<domain::Time>& value);
    Query& null();
    template <class Tag>
    Query& id(const domain::Id<Tag>& value) {
        return text(value.text());
    }
    template <class Tag>
    Query& id(const std::optional<domain::Id<Tag>>& value) {
        return value ? text(value->text()) : null();
    }

    /// The next row, if there is one.
    bool next();
    /// Runs a statement that returns nothing; how many rows it changed.
    int run();

    [[nodiscard]] bool is_null();
    void skip() { ++column_; }
    /// The octets of a text or blob, empty for NULL; valid until next() or the end of this object.
    std::string_view view();
    std::string text() { return std::string(view()); }
    std::optional<std::string> opt_text();
    std::string blob() { return std::string(view()); }
    std::int64_t integer();
    domain::Time time() { return domain::Time(domain::Duration(integer())); }
    std::optional<domain::Time> opt_time();
    bool boolean() { return integer() != 0; }
    template <class Enum>
    Enum word() {
        const std::string_view name = view();
        const std::optional<Enum> value = domain::parse<Enum>(name);
        if (!value) damaged("unknown word " + std::string(name));
        return *value;
    }
    template <class Id>
    Id id() {
        const std::string_view text_form = view();
        std::optional<Id> value = Id::parse(text_form);
        if (!value) damaged("bad id " + std::string(text_form));
        return std::move(*value);
    }
    template <class Id>
    std::optional<Id> opt_id() {
        if (is_null()) {
            ++column_;
            return std::nullopt;
        }
        return id<Id>();
    }

  private:
    Connection::Prepared& prepared_;
    int bound_ = 0;
    int column_ = 0;
};

}  // namespace cabroker::store
