// Finds the order that a request means: in the inventory, or described inline.
#pragma once

#include "daemon/api/api.hpp"
#include "daemon/api/request_body.hpp"
#include "daemon/store/views.hpp"

namespace cabroker::api {

struct ChosenOrder {
    domain::Order order;
    /// It enters the inventory with the request.
    bool is_new = false;
};

/// Point reads only. Errors: not_found, ambiguous_order (`candidates`: ids), order_mismatch
/// (`order_id`). An inline order is one of the inventory when supplier and supplier order ID are
/// the same; without a supplier order ID when the platform order ID is; without both when brand and
/// common name are those of an order that has neither.
[[nodiscard]] Result<ChosenOrder> choose_order(const Api& api, const OrderChoice& choice);

/// The order of the inventory that a description means, or nullopt.
[[nodiscard]] std::optional<domain::Order> find_described(const store::Reader& reader,
                                                          const domain::Order& order);

/// The problem for an error of choose_order: candidates are given as whole orders.
[[nodiscard]] Response order_problem(const Api& api, domain::Error error);

}  // namespace cabroker::api
