#include "sim/order.hpp"

#include <algorithm>

#include "domain/words.hpp"
#include "json/time_text.hpp"
#include "sim/text.hpp"

namespace cabroker::sim {
namespace {

using domain::Error;
using domain::ErrorCode;

using Row = std::vector<std::string>;

/// RFC 4180: quoted cells, doubled quotes, line breaks inside quotes.
std::vector<Row> rows_of(std::string_view csv) {
    std::vector<Row> rows;
    Row row;
    std::string cell;
    bool quoted = false;
    const auto end_row = [&] {
        row.push_back(std::move(cell));
        cell.clear();
        if (row.size() > 1 || !row.front().empty()) rows.push_back(std::move(row));
        row.clear();
    };
    for (std::size_t i = 0; i < csv.size(); ++i) {
        const char c = csv[i];
        if (quoted) {
            if (c == '"' && i + 1 < csv.size() && csv[i + 1] == '"') {
                cell += csv[++i];
            } else if (c == '"') {
                quoted = false;
            } else {
                cell += c;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == ',') {
            row.push_back(std::move(cell));
            cell.clear();
        } else if (c == '\n') {
            end_row();
        } else if (c != '\r') {
            cell += c;
        }
    }
    if (!cell.empty() || !row.empty()) end_row();
    return rows;
}

std::optional<domain::Time> time_of(const std::string& text, domain::Time now) {
    if (const auto relative = parse_signed_duration(text)) return now + *relative;
    return json::parse_date_or_time(text);
}

std::vector<std::string> names_of(const std::string& text) {
    std::string blanks = text;
    std::replace(blanks.begin(), blanks.end(), ';', ' ');
    std::vector<std::string> names;
    for (const std::string& part : split(blanks, ' ')) {
        if (!trimmed(part).empty()) names.push_back(lower(trimmed(part)));
    }
    return names;
}

/// False: the column's value is not to be understood.
bool set_column(NewOrder& order, std::string_view column, const std::string& value,
                domain::Time now) {
    if (column == "supplier_order_id") order.supplier_order_id = value;
    if (column == "platform_order_id") order.platform_order_id = value;
    if (column == "common_name") order.common_name = lower(value);
    if (column == "brand") order.brand = lower(value);
    if (column == "product") order.product = value;
    if (column == "admin_email") order.admin_email = value;
    if (column == "technical_email") order.technical_email = value;
    if (column == "status" && !value.empty()) order.status = value;
    if (column == "sans") order.sans = names_of(value);
    if (column == "account" && !value.empty()) order.account = value;
    if (column == "login_contact" && !value.empty()) order.login_contact = value;
    if (column == "revoke_allowed") order.revoke_allowed = value != "no";
    if (column == "guest_access") {
        if (value == "disabled") order.guest_access = GuestAccess::disabled;
        if (value == "unapproved") order.guest_access = GuestAccess::unapproved;
    }
    if (column == "issued_at" && !value.empty()) {
        order.issued_at = time_of(value, now);
        return order.issued_at.has_value();
    }
    return true;
}

}  // namespace

std::vector<std::string> Order::names() const {
    std::vector<std::string> names(1, facts.common_name);
    for (const std::string& san : facts.sans) {
        if (std::find(names.begin(), names.end(), san) == names.end()) names.push_back(san);
    }
    return names;
}

bool Order::guest_contact(std::string_view email) const {
    const std::string wanted = lower(email);
    const bool admin = facts.login_contact != "technical" && lower(facts.admin_email) == wanted;
    const bool technical = facts.login_contact != "admin" && lower(facts.technical_email) == wanted;
    return admin || technical;
}

bool Order::on_guest_portal() const {
    const auto brand = domain::parse_brand(facts.brand);
    return brand && domain::supplier_of(*brand) == domain::Supplier::digicert;
}

Reissue* Order::pending_reissue() {
    if (reissues.empty() || reissues.back().state != "pending") return nullptr;
    return &reissues.back();
}

Certificate* Order::find_certificate(std::string_view serial) {
    const auto found =
        std::find_if(certificates.begin(), certificates.end(),
                     [&](const Certificate& certificate) { return certificate.serial == serial; });
    return found == certificates.end() ? nullptr : &*found;
}

void Order::record(std::string_view kind, std::string_view reason, std::string_view via,
                   domain::Time at) {
    if (books.effects.size() >= Books::kMostEffects) return;
    Effect effect;
    effect.kind = kind;
    effect.reason = reason;
    effect.via = via;
    effect.at = at;
    books.effects.push_back(std::move(effect));
}

domain::Result<std::vector<NewOrder>> parse_orders(std::string_view csv, domain::Time now) {
    const std::vector<Row> rows = rows_of(csv);
    std::vector<NewOrder> orders;
    if (rows.empty()) return orders;
    for (std::size_t line = 1; line < rows.size(); ++line) {
        NewOrder order;
        for (std::size_t i = 0; i < rows[line].size() && i < rows[0].size(); ++i) {
            if (set_column(order, rows[0][i], trimmed(rows[line][i]), now)) continue;
            return Error(ErrorCode::bad_configuration,
                         "cannot read order " + std::to_string(line) + ": column " + rows[0][i]);
        }
        if (order.supplier_order_id.empty() || order.common_name.empty() ||
            !domain::parse_brand(order.brand)) {
            return Error(ErrorCode::bad_configuration,
                         "cannot read order " + std::to_string(line) +
                             ": supplier_order_id, common_name and a known brand are needed");
        }
        orders.push_back(std::move(order));
    }
    return orders;
}

}  // namespace cabroker::sim
