// The inventory of orders. Reads are const and live on Reader and Tx alike; the rest needs a Tx.
#pragma once

#include <utility>

#include "daemon/store/rows.hpp"

namespace cabroker::store {

class Connection;

/// An empty list means "any"; values of one list are alternatives, the lists are all required.
struct OrderFilter {
    std::vector<domain::Brand> brands;
    std::vector<domain::Supplier> suppliers;
    std::vector<domain::OrderStatus> statuses;
    std::vector<std::string> common_names;
    std::vector<std::pair<std::string, std::string>> labels;
    /// Part of id, common name, order IDs or an e-mail address; case-blind for ASCII.
    std::string q;
};

enum class SortColumn { created_at, updated_at };
struct ListOrder {
    SortColumn column = SortColumn::created_at;
    bool newest_first = true;
};

class OrderTable {
  public:
    explicit OrderTable(Connection& connection) : connection_(connection) {}

    [[nodiscard]] std::optional<domain::Order> get(const domain::OrderId& id) const;
    [[nodiscard]] std::optional<domain::Order> find_by_supplier_order_id(
        domain::Supplier supplier, const std::string& supplier_order_id) const;
    /// The same ID at several suppliers is possible: all of them, oldest first.
    [[nodiscard]] std::vector<domain::Order> find_by_supplier_order_id(
        const std::string& supplier_order_id) const;
    [[nodiscard]] std::vector<domain::Order> find_by_platform_order_id(
        const std::string& platform_order_id) const;
    /// Case-blind for ASCII; oldest first, at most `limit`.
    [[nodiscard]] std::vector<domain::Order> find_by_common_name(const std::string& common_name,
                                                                 std::size_t limit = 100) const;
    /// One page; rows that arrive meanwhile never shift or repeat what a walk has yet to see.
    [[nodiscard]] Page<domain::Order> list(const OrderFilter& filter, ListOrder order,
                                           std::size_t limit,
                                           const std::optional<PageKey>& after) const;
    [[nodiscard]] std::int64_t count(const OrderFilter& filter) const;

    /// order_exists (fact `order_id`) when the supplier's order ID is in the inventory.
    [[nodiscard]] domain::Result<void> insert(const domain::Order& order);
    /// Writes every field if the row still has `order.version`, and then counts that up in both
    /// places; else conflict. order_exists as for insert.
    [[nodiscard]] domain::Result<void> update(domain::Order& order);
    /// As update, but writes status, status_raw, status_at and updated_at alone.
    [[nodiscard]] domain::Result<void> update_status(domain::Order& order);

  private:
    [[nodiscard]] domain::Error taken(const domain::Order& order) const;

    Connection& connection_;
};

}  // namespace cabroker::store
