// What is due, adapter by adapter and requester by requester, in narrow rows: the engine's view of
// the requests. Reads only; every query is a seek in one index, however long the backlog is.
#pragma once

#include "daemon/store/rows.hpp"

namespace cabroker::store {

class Connection;

/// A request that is due. `place` orders those of equal time and continues a walk.
struct DueRow {
    domain::RequestId id;
    domain::OrderId order;
    domain::Time due_at{};
    std::int64_t place = 0;
};

class DueTable {
  public:
    explicit DueTable(Connection& connection) : connection_(connection) {}

    /// The names of all adapters that requests wait for, now or later.
    [[nodiscard]] std::vector<std::string> adapters() const;
    /// The first requester behind `after` in the order of names (empty: the first of all) with
    /// something due for the adapter. A requester is `uid/asserted user`.
    [[nodiscard]] std::optional<std::string> requester_after(const std::string& adapter,
                                                             const std::string& after,
                                                             domain::Time now) const;
    /// What one requester has due for the adapter, earliest first, behind `after`.
    [[nodiscard]] std::vector<DueRow> of_requester(const std::string& adapter,
                                                   const std::string& requester, domain::Time now,
                                                   const std::optional<DueRow>& after,
                                                   std::size_t limit) const;
    /// What is due for the adapter and this order.
    [[nodiscard]] std::vector<DueRow> of_order(const std::string& adapter,
                                               const domain::OrderId& order, domain::Time now,
                                               std::size_t limit) const;
    /// Requests that time alone moves on now: an input or approval is late, or the deadline passed.
    [[nodiscard]] std::vector<domain::RequestId> late(domain::Time now, std::size_t limit) const;
    /// The earliest due_at that is later than `now`.
    [[nodiscard]] std::optional<domain::Time> next_after(domain::Time now) const;

  private:
    Connection& connection_;
};

}  // namespace cabroker::store
