#include "daemon/api/order_fields.hpp"

#include <algorithm>
#include <array>

#include "config/adapter_settings.hpp"
#include "json/time_text.hpp"
#include "pki/name_match.hpp"

namespace cabroker::api {
namespace {

using domain::Order;
using Fault = std::optional<FieldFault>;

constexpr std::array<std::string_view, 15> kLineFields{
    "brand",           "supplier",          "product",
    "common_name",     "supplier_order_id", "platform_order_id",
    "status",          "account",           "admin_email",
    "technical_email", "corporate_email",   "login_email",
    "ordered_at",      "issued_at",         "expires_at"};

FieldFault fault(std::string code, std::string detail) {
    return FieldFault{std::move(code), std::move(detail)};
}

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_order_number(std::string_view text) {
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
        return is_letter_or_digit(c) ||
               std::string_view("._-/#:").find(c) != std::string_view::npos;
    });
}

std::optional<std::string> host_name(std::string_view text) {
    if (pki::is_ip_address(text)) return std::string(text);
    return pki::normalise_name(text);
}

std::string lower_words(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == ' ' || c == '-') c = '_';
    }
    return out;
}

template <class AnyOrder>
auto mail_member(AnyOrder& order, std::string_view field) -> decltype(&order.product) {
    if (field == "admin_email") return &order.admin_email;
    if (field == "technical_email") return &order.technical_email;
    if (field == "corporate_email") return &order.corporate_email;
    if (field == "login_email") return &order.login_email;
    return nullptr;
}

template <class AnyOrder>
auto time_member(AnyOrder& order, std::string_view field) -> decltype(&order.issued_at) {
    if (field == "ordered_at") return &order.ordered_at;
    if (field == "issued_at") return &order.issued_at;
    if (field == "expires_at") return &order.expires_at;
    return nullptr;
}

template <class AnyOrder>
auto number_member(AnyOrder& order, std::string_view field) -> decltype(&order.product) {
    if (field == "supplier_order_id") return &order.supplier_order_id;
    if (field == "platform_order_id") return &order.platform_order_id;
    return nullptr;
}

template <class AnyOrder>
auto text_member(AnyOrder& order, std::string_view field) -> decltype(&order.product) {
    if (field == "product") return &order.product;
    if (field == "account") return &order.account;
    return nullptr;
}

Fault set_word(Order& order, std::string_view field, std::string_view value) {
    if (field == "brand") {
        const std::optional<domain::Brand> brand = domain::parse_brand(value);
        if (!brand)
            return fault("unknown_value", "use one of: " + domain::list_of_words<domain::Brand>());
        order.brand = *brand;
        return {};
    }
    if (field == "supplier") {
        const auto supplier = domain::parse<domain::Supplier>(lower_words(value));
        if (!supplier)
            return fault("unknown_value",
                         "use one of: " + domain::list_of_words<domain::Supplier>());
        order.supplier = *supplier;
        return {};
    }
    const auto status = domain::parse<domain::OrderStatus>(lower_words(value));
    order.status_raw = value;
    order.status = status.value_or(domain::OrderStatus::unknown);
    return {};
}

}  // namespace

std::span<const std::string_view> order_line_fields() { return kLineFields; }

Fault set_order_field(Order& order, std::string_view field, std::string_view value) {
    if (field == "brand" || field == "supplier" || field == "status")
        return set_word(order, field, value);
    if (field == "common_name") {
        order.common_name = host_name(value);
        if (order.common_name) return {};
        return fault("bad_format", "must be a host name such as www.example.com");
    }
    if (auto* member = number_member(order, field)) {
        if (!is_order_number(value))
            return fault("bad_format", "must be 1 to 128 letters, digits or . _ - / # :");
        *member = value;
        return {};
    }
    if (auto* member = mail_member(order, field)) {
        if (!config::is_mail_address(value)) return fault("bad_format", "must be a mail address");
        *member = value;
        return {};
    }
    if (auto* member = time_member(order, field)) {
        *member = json::parse_date_or_time(value);
        if (*member) return {};
        return fault("bad_format", "must be a date such as 2026-11-22 or an RFC 3339 time");
    }
    if (auto* member = text_member(order, field)) {
        if (value.size() > 256) return fault("out_of_range", "must be at most 256 octets");
        *member = value;
        return {};
    }
    return fault("unknown_field", "no such field");
}

Fault add_dns_name(Order& order, std::string_view value) {
    std::optional<std::string> name = host_name(value);
    if (!name) return fault("bad_format", "must be a host name such as www.example.com");
    const auto& names = order.dns_names;
    if (std::find(names.begin(), names.end(), *name) != names.end()) return {};
    if (names.size() == kMaxNames)
        return fault("out_of_range", "must be at most " + std::to_string(kMaxNames) + " names");
    order.dns_names.push_back(std::move(*name));
    return {};
}

Fault check_label(std::string_view key, std::string_view value) {
    const bool good_key = !key.empty() && key.size() <= 63 && is_letter_or_digit(key.front()) &&
                          std::all_of(key.begin(), key.end(), [](char c) {
                              return is_letter_or_digit(c) ||
                                     std::string_view("._-/").find(c) != std::string_view::npos;
                          });
    if (!good_key)
        return fault("bad_format", "a label's key is 1 to 63 letters, digits or . _ - /");
    if (value.size() > 256) return fault("out_of_range", "a label's value is at most 256 octets");
    return {};
}

std::string order_field_text(const Order& order, std::string_view field) {
    if (field == "brand") return std::string(domain::name_of(order.brand));
    if (field == "supplier") return std::string(domain::name_of(order.supplier));
    if (field == "status") return std::string(domain::name_of(order.status));
    if (field == "common_name") return order.common_name.value_or("");
    if (field == "dns_names") {
        std::vector<std::string> names = order.dns_names;
        std::sort(names.begin(), names.end());
        std::string all;
        for (const std::string& name : names) all += name + ' ';
        return all;
    }
    if (auto* member = number_member(order, field)) return member->value_or("");
    if (auto* member = text_member(order, field)) return member->value_or("");
    if (auto* member = mail_member(order, field)) return lower_words(member->value_or(""));
    if (auto* member = time_member(order, field))
        return *member ? json::time_text(**member) : std::string();
    return {};
}

bool same_order_field(const Order& one, const Order& other, std::string_view field) {
    const auto same = [](const std::optional<std::string>& a, const std::optional<std::string>& b) {
        return (a ? std::string_view(*a) : "") == (b ? std::string_view(*b) : "");
    };
    if (field == "brand") return one.brand == other.brand;
    if (field == "common_name") return same(one.common_name, other.common_name);
    if (auto* member = number_member(one, field))
        return same(*member, *number_member(other, field));
    if (auto* member = text_member(one, field)) return same(*member, *text_member(other, field));
    if (auto* member = mail_member(one, field); member && same(*member, *mail_member(other, field)))
        return true;
    return order_field_text(one, field) == order_field_text(other, field);
}

void copy_order_field(const Order& from, Order& to, std::string_view field) {
    if (field == "brand") to.brand = from.brand;
    if (field == "supplier") to.supplier = from.supplier;
    if (field == "common_name") to.common_name = from.common_name;
    if (field == "dns_names") to.dns_names = from.dns_names;
    if (field == "status") {
        to.status = from.status;
        to.status_raw = from.status_raw;
    }
    if (auto* member = number_member(to, field)) *member = *number_member(from, field);
    if (auto* member = text_member(to, field)) *member = *text_member(from, field);
    if (auto* member = mail_member(to, field)) *member = *mail_member(from, field);
    if (auto* member = time_member(to, field)) *member = *time_member(from, field);
}

bool OrderDraft::gives(std::string_view field) const {
    return std::find(given.begin(), given.end(), field) != given.end();
}

domain::Supplier supplier_for(domain::Brand brand, const config::BrandCatalogue& brands) {
    const auto entry = brands.find(brand);
    return entry == brands.end() ? domain::supplier_of(brand) : entry->second.supplier;
}

}  // namespace cabroker::api
