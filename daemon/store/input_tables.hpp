// What must stay sealed: inputs of people and sessions at portals. Only sealed octets come in here.
#pragma once

#include "daemon/store/rows.hpp"

namespace cabroker::store {

class Connection;

class InputTable {
  public:
    explicit InputTable(Connection& connection) : connection_(connection) {}

    /// In the order given.
    [[nodiscard]] std::vector<InputRow> list(const domain::RequestId& request) const;

    void insert(const InputRow& row);
    /// Marks all inputs of the request as told, or as not told.
    void set_told(const domain::RequestId& request, bool told);
    /// Removes and returns the oldest input of the request, or nullopt.
    [[nodiscard]] std::optional<InputRow> take(const domain::RequestId& request);
    /// When used or settled. Returns how many there were.
    std::int64_t delete_for_request(const domain::RequestId& request);

  private:
    Connection& connection_;
};

class SessionTable {
  public:
    explicit SessionTable(Connection& connection) : connection_(connection) {}

    [[nodiscard]] std::optional<SessionRow> get(const std::string& key) const;
    [[nodiscard]] std::vector<SessionRow> list(const std::string& adapter) const;

    /// Inserts or replaces.
    void put(const SessionRow& row);
    void drop(const std::string& key);
    /// Those whose time is over at `now`; returns how many.
    std::int64_t drop_expired(domain::Time now);

  private:
    Connection& connection_;
};

}  // namespace cabroker::store
