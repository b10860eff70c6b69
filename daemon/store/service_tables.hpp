// Small tables of the daemon itself: settings that must survive, remembered answers, state of
// adapters.
#pragma once

#include <string_view>

#include "daemon/store/rows.hpp"

namespace cabroker::store {

class Connection;

class MetaTable {
  public:
    explicit MetaTable(Connection& connection) : connection_(connection) {}

    [[nodiscard]] std::optional<std::string> get(const std::string& key) const;
    /// Is there any sealed octet in any table? Then the vault's key must be the one of before.
    [[nodiscard]] bool anything_sealed() const;

    void set(const std::string& key, const std::string& value);

  private:
    Connection& connection_;
};

class IdempotencyTable {
  public:
    explicit IdempotencyTable(Connection& connection) : connection_(connection) {}

    [[nodiscard]] std::optional<IdempotencyRow> find(const std::string& key) const;

    /// conflict when the key is there already.
    [[nodiscard]] domain::Result<void> insert(const IdempotencyRow& row);
    /// Forgets those made before `at`, at most `limit`; returns how many.
    std::int64_t prune(domain::Time at, std::size_t limit = 10'000);

  private:
    Connection& connection_;
};

class AdapterStateTable {
  public:
    explicit AdapterStateTable(Connection& connection) : connection_(connection) {}

    [[nodiscard]] std::optional<AdapterStateRow> get(const std::string& name) const;
    [[nodiscard]] std::vector<AdapterStateRow> list() const;

    /// Inserts or replaces.
    void put(const AdapterStateRow& row);

  private:
    Connection& connection_;
};

}  // namespace cabroker::store
