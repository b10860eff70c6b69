// Requests with their engine columns. Reads are const and live on Reader and Tx alike; the rest
// needs a Tx.
#pragma once

#include "daemon/store/order_table.hpp"

namespace cabroker::store {

/// An empty list means "any"; values of one list are alternatives, the lists are all required.
struct RequestFilter {
    std::vector<domain::State> states;
    std::vector<domain::Kind> kinds;
    std::vector<domain::Brand> brands;
    std::vector<domain::Supplier> suppliers;
    std::vector<std::string> adapters;
    std::vector<domain::OrderId> orders;
    std::vector<domain::ExternalRef> external_refs;
    std::vector<std::pair<std::string, std::string>> labels;
    /// Strictly later than this.
    std::optional<domain::Time> created_after;
    /// Part of id, common name, order IDs, external id or note; case-blind for ASCII.
    std::string q;
};

struct RequestCount {
    domain::State state = domain::State::queued;
    domain::Kind kind = domain::Kind::status;
    std::int64_t count = 0;
};

/// What an update writes. SQLite touches the indexes of every column named, changed or not.
enum class Columns {
    all,
    progress,          ///< neither when it is due nor anything of `all` that steps never change
    progress_and_due,  ///< as `progress`, and when it is due
};

class RequestTable {
  public:
    explicit RequestTable(Connection& connection) : connection_(connection) {}

    [[nodiscard]] std::optional<StoredRequest> get(const domain::RequestId& id) const;
    /// `seen`, which get() gave, if it has the version on disk, else what is there now. A request
    /// never goes away.
    [[nodiscard]] StoredRequest current(const StoredRequest& seen) const;
    /// The version alone: what a waiting reader compares.
    [[nodiscard]] std::optional<std::int64_t> version(const domain::RequestId& id) const;
    /// One page; rows that arrive meanwhile never shift or repeat what a walk has yet to see.
    /// Sorted by creation means by id, which sorts by creation. The cookie is not read.
    [[nodiscard]] Page<StoredRequest> list(const RequestFilter& filter, ListOrder order,
                                           std::size_t limit,
                                           const std::optional<PageKey>& after) const;
    [[nodiscard]] std::int64_t count(const RequestFilter& filter) const;
    /// The oldest unsettled request of this kind for the order.
    [[nodiscard]] std::optional<domain::RequestId> active_for(const domain::OrderId& order,
                                                              domain::Kind kind) const;
    [[nodiscard]] std::vector<StoredRequest> all_in_state(domain::State state) const;
    [[nodiscard]] std::vector<RequestCount> counts() const;

    /// The order must be in the inventory and the id new; anything else is a bug and throws.
    void insert(const StoredRequest& row);
    /// Writes the row if it still has `row.request.version`, and then counts that up in both
    /// places; else conflict. Kind, order and creation never change. What `columns` leaves out must
    /// be as it was.
    [[nodiscard]] domain::Result<void> update(StoredRequest& row, Columns columns = Columns::all);
    /// The newest updated_at of what has a due time; nullopt: nothing has one. Reads each such row.
    [[nodiscard]] std::optional<domain::Time> newest_that_waits() const;
    /// Of all that wait for their adapter: due so much earlier, but not before `now`. No updated_at
    /// of what waits is later than `now` after it. Returns how many became due earlier.
    int bring_forward(domain::Time now, domain::Duration by);

  private:
    Connection& connection_;
};

}  // namespace cabroker::store
