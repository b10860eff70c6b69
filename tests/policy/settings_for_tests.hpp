// Settings as the loader makes them, from a few lines of YAML on top of the shipped rules.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "config/load.hpp"
#include "domain/order.hpp"
#include "json/time_text.hpp"
#include "tests/config/config_dir.hpp"

namespace cabroker::policy {

inline constexpr const char* kPortal =
    "  portal: {type: guest_portal, profile: digicert-guest, base_url: "
    "\"https://portal.example\"}\n";
inline constexpr const char* kTickets =
    "  tickets: {type: email_ticket, template: sectigo, to: support@example.net}\n";
inline constexpr const char* kTrustwave =
    "  wave: {type: email_ticket, template: trustwave, to: support@example.net}\n";
inline constexpr const char* kHuman = "  panel: {type: human}\n";

inline std::shared_ptr<const config::Settings> settings_with(
    const std::string& adapters, const std::string& more = std::string()) {
    const config::ConfigDir dir;
    const config::LoadResult result = config::load(dir.write(
        "cabroker.yaml",
        "mailers: {default: {url: \"smtp://127.0.0.1:25\", tls: none, from: a@b.example}}\n" +
            more + "adapters:\n" + (adapters.empty() ? "  {}\n" : adapters)));
    if (!result.ok()) throw std::runtime_error(result.text());
    return result.settings;
}

inline domain::Time at(const char* text) { return json::parse_date_or_time(text).value(); }

inline domain::Order an_order(domain::Brand brand,
                              domain::OrderStatus status = domain::OrderStatus::issued) {
    domain::Order order;
    order.brand = brand;
    order.supplier = domain::supplier_of(brand);
    order.common_name = "www.example.com";
    order.supplier_order_id = "902817364";
    order.admin_email = "admin@example.com";
    order.status = status;
    return order;
}

}  // namespace cabroker::policy
