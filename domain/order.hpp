// An order of the inventory: one purchased certificate order, as known from imports and from the
// CA.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/ids.hpp"
#include "domain/words.hpp"

namespace cabroker::domain {

using Labels = std::map<std::string, std::string>;

struct Order {
    OrderId id;
    Supplier supplier = Supplier::digicert;
    Brand brand = Brand::digicert;
    std::optional<std::string> product;
    std::optional<std::string> common_name;
    std::vector<std::string> dns_names;
    std::optional<std::string> supplier_order_id;
    std::optional<std::string> platform_order_id;
    OrderStatus status = OrderStatus::unknown;
    /// The upstream's own word, kept as it was read.
    std::optional<std::string> status_raw;
    std::optional<Time> status_at;
    std::optional<std::string> account;
    std::optional<std::string> admin_email;
    std::optional<std::string> technical_email;
    std::optional<std::string> corporate_email;
    /// Who gets the access code; absent means the admin contact.
    std::optional<std::string> login_email;
    std::optional<Time> ordered_at;
    std::optional<Time> issued_at;
    std::optional<Time> expires_at;
    Labels labels;
    Time created_at{};
    Time updated_at{};
    /// Grows by one with every change; the strong ETag.
    std::int64_t version = 1;
};

/// The identifying fields of an order as they were when a request was made.
struct OrderSnapshot {
    OrderId id;
    std::optional<std::string> common_name;
    std::optional<std::string> supplier_order_id;
    std::optional<std::string> platform_order_id;
    Brand brand = Brand::digicert;
    std::optional<std::string> product;
};

[[nodiscard]] OrderSnapshot snapshot_of(const Order& order);

/// Where the access code goes: login_email, else admin_email, else nothing.
[[nodiscard]] std::optional<std::string> login_contact(const Order& order);

}  // namespace cabroker::domain
