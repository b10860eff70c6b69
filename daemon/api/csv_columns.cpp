#include "daemon/api/csv_columns.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "daemon/api/order_fields.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/target.hpp"

namespace cabroker::api {
namespace {

using domain::Error;
using domain::ErrorCode;

struct Alias {
    std::string_view name;
    std::string_view field;
};

// Column names as exports have them, without case, spaces and punctuation. The platform's export
// calls its own number the order ID.
constexpr std::array kAliases{
    Alias{"cn", "common_name"},
    Alias{"domain", "common_name"},
    Alias{"domainname", "common_name"},
    Alias{"fqdn", "common_name"},
    Alias{"host", "common_name"},
    Alias{"hostname", "common_name"},
    Alias{"san", "dns_names"},
    Alias{"sans", "dns_names"},
    Alias{"subjectalternativenames", "dns_names"},
    Alias{"supplierorder", "supplier_order_id"},
    Alias{"supplierordernumber", "supplier_order_id"},
    Alias{"supplierid", "supplier_order_id"},
    Alias{"caorderid", "supplier_order_id"},
    Alias{"caordernumber", "supplier_order_id"},
    Alias{"vendororderid", "supplier_order_id"},
    Alias{"platformorder", "platform_order_id"},
    Alias{"orderid", "platform_order_id"},
    Alias{"ordernumber", "platform_order_id"},
    Alias{"rcporderid", "platform_order_id"},
    Alias{"opensrsorderid", "platform_order_id"},
    Alias{"brandname", "brand"},
    Alias{"ca", "brand"},
    Alias{"productname", "product"},
    Alias{"producttype", "product"},
    Alias{"orderstatus", "status"},
    Alias{"state", "status"},
    Alias{"username", "account"},
    Alias{"reseller", "account"},
    Alias{"adminmail", "admin_email"},
    Alias{"admincontact", "admin_email"},
    Alias{"admincontactemail", "admin_email"},
    Alias{"techemail", "technical_email"},
    Alias{"technicalcontact", "technical_email"},
    Alias{"technicalcontactemail", "technical_email"},
    Alias{"organizationemail", "corporate_email"},
    Alias{"corporatecontactemail", "corporate_email"},
    Alias{"orderdate", "ordered_at"},
    Alias{"ordered", "ordered_at"},
    Alias{"issuedate", "issued_at"},
    Alias{"issued", "issued_at"},
    Alias{"validfrom", "issued_at"},
    Alias{"expires", "expires_at"},
    Alias{"expirydate", "expires_at"},
    Alias{"expirationdate", "expires_at"},
    Alias{"validuntil", "expires_at"},
    Alias{"validto", "expires_at"},
};

std::string plain(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c >= 'A' && c <= 'Z') {
            out += static_cast<char>(c - 'A' + 'a');
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            out += c;
        }
    }
    return out;
}

bool is_field(std::string_view field) {
    if (field == "dns_names") return true;
    if (field.starts_with("label.")) return !check_label(field.substr(6), "");
    const auto fields = order_line_fields();
    return std::find(fields.begin(), fields.end(), field) != fields.end();
}

std::string obvious_field(const std::string& column) {
    if (column.starts_with("label.") && is_field(column)) return column;
    const std::string name = plain(column);
    for (const std::string_view field : order_line_fields()) {
        if (plain(field) == name) return std::string(field);
    }
    if (name == "dnsnames") return "dns_names";
    for (const Alias& alias : kAliases) {
        if (alias.name == name) return std::string(alias.field);
    }
    return {};
}

std::string all_fields() {
    std::string all;
    for (const std::string_view field : order_line_fields()) all += std::string(field) + ", ";
    return all + "dns_names, label.KEY";
}

Error bad_map(const std::string& why) {
    return Error(ErrorCode::bad_parameter, "cannot use map: " + why);
}

Result<void> apply_maps(std::vector<CsvColumn>& columns, const std::vector<std::string>& maps) {
    for (const std::string& map : maps) {
        const auto colon = map.rfind(':');
        if (colon == std::string::npos) return bad_map("write COLUMN:field");
        const std::string name = map.substr(0, colon);
        const std::string field = map.substr(colon + 1);
        const auto column = std::find_if(columns.begin(), columns.end(),
                                         [&](const CsvColumn& each) { return each.name == name; });
        if (column == columns.end()) return bad_map("there is no column \"" + name + "\"");
        const bool unused = field.empty() || field == "-";
        if (!unused && !is_field(field))
            return bad_map("\"" + field + "\" is no field; use one of: " + all_fields());
        // What the caller says takes the field from a column that only looked like it.
        for (CsvColumn& other : columns) {
            if (other.field == field && !unused) other.field.clear();
        }
        column->field = unused ? std::string() : field;
    }
    return {};
}

Error bad_header(const std::string& why) {
    std::vector<domain::FieldProblem> problems;
    problems.emplace_back("", "bad_format", why);
    return invalid_body(std::move(problems));
}

}  // namespace

Result<std::vector<CsvColumn>> map_columns(const std::vector<std::string>& header,
                                           const std::vector<std::string>& maps) {
    std::set<std::string> seen;
    std::set<std::string> taken;
    std::vector<CsvColumn> columns;
    for (const std::string& name : header) {
        if (!is_utf8(name)) return bad_header("the first line is not UTF-8");
        if (!seen.insert(name).second)
            return bad_header("the first line names a column twice: " + name);
        CsvColumn column;
        column.name = name;
        column.field = obvious_field(name);
        // The first of two columns that look like one field wins.
        if (!column.field.empty() && !taken.insert(column.field).second) column.field.clear();
        columns.push_back(std::move(column));
    }
    std::set<std::string> mapped;
    for (const std::string& map : maps) {
        const std::string field = map.substr(std::min(map.rfind(':'), map.size() - 1) + 1);
        if (!field.empty() && field != "-" && !mapped.insert(field).second)
            return bad_map("the field " + field + " is named twice");
    }
    if (Result<void> applied = apply_maps(columns, maps); !applied) return applied.error();
    return columns;
}

}  // namespace cabroker::api
