#include "daemon/api/import_rows.hpp"

#include <algorithm>
#include <charconv>

#include "daemon/api/order_choice.hpp"
#include "daemon/api/order_events.hpp"
#include "daemon/api/order_fields.hpp"
#include "daemon/api/target.hpp"
#include "domain/text_marks.hpp"
#include "pki/csr.hpp"
#include "policy/moves.hpp"

namespace cabroker::api {
namespace {

using domain::Order;

// The shortest private key there is (Ed25519 in PKCS#8) has 64 characters of base64.
constexpr std::size_t kShortestPrivateKey = 64;

bool is_one_line(std::string_view text) {
    return !domain::has_unicode_line_end(text) &&
           std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::string_view without_spaces(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

// `2026-11-22 08:30:00`, as spreadsheets write it, is taken for UTC.
std::string date_text(std::string_view value) {
    std::string text(value);
    if (text.size() == 19 && text[10] == ' ') {
        text[10] = 'T';
        text += 'Z';
    }
    return text;
}

std::optional<FieldFault> add_dns_names(Order& order, std::string_view value) {
    while (!value.empty()) {
        const auto end = std::min(value.find_first_of(" ;,|"), value.size());
        const std::string_view name = value.substr(0, end);
        value.remove_prefix(std::min(end + 1, value.size()));
        if (name.empty()) continue;
        if (auto wrong = add_dns_name(order, name)) return wrong;
    }
    return std::nullopt;
}

std::optional<FieldFault> set_cell(OrderRow& row, const std::string& field,
                                   std::string_view value) {
    if (field == "dns_names") return add_dns_names(row.order, value);
    if (field.starts_with("label.")) {
        const std::string key = field.substr(6);
        if (auto wrong = check_label(key, value)) return wrong;
        row.order.labels[key] = value;
        return std::nullopt;
    }
    if (field.ends_with("_at")) return set_order_field(row.order, field, date_text(value));
    return set_order_field(row.order, field, value);
}

std::vector<RowFault> read_cells(const CsvRecord& record, const std::vector<CsvColumn>& columns,
                                 OrderRow& row) {
    std::vector<RowFault> faults;
    if (record.fields.size() != columns.size()) {
        faults.push_back(RowFault{record.line, "", "bad_format",
                                  "the row has " + std::to_string(record.fields.size()) +
                                      " fields, the first line " + std::to_string(columns.size())});
        return faults;
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string_view value = without_spaces(record.fields[i]);
        std::optional<FieldFault> wrong;
        if (value.size() >= kShortestPrivateKey && pki::holds_private_key(value)) {
            wrong = FieldFault{"private_key_pasted",
                               "holds a private key: the row was not stored, but treat the key as "
                               "seen by others and make a new one"};
        } else if (columns[i].field.empty() || value.empty()) {
            continue;
        } else if (!is_utf8(value) || !is_one_line(value)) {
            wrong = FieldFault{"bad_format", "must be one line of UTF-8"};
        } else if (domain::has_direction_control(value)) {
            wrong = FieldFault{"bad_format",
                               "must not hold characters that turn the direction of writing, such "
                               "as U+202E or U+200F"};
        } else {
            wrong = set_cell(row, columns[i].field, value);
        }
        if (wrong)
            faults.push_back(RowFault{record.line, columns[i].name, wrong->code, wrong->detail});
        row.given.push_back(columns[i].field);
    }
    return faults;
}

bool gives(const OrderRow& row, std::string_view field) {
    return std::find(row.given.begin(), row.given.end(), field) != row.given.end();
}

void check_whole(OrderRow& row, const config::BrandCatalogue& brands,
                 std::vector<RowFault>& faults) {
    if (!gives(row, "brand"))
        faults.push_back(RowFault{row.line, "", "required", "the row has no brand"});
    if (!gives(row, "common_name") && !gives(row, "supplier_order_id"))
        faults.push_back(RowFault{row.line, "", "required",
                                  "the row has neither common name nor supplier order ID"});
    if (!faults.empty()) return;
    const domain::Supplier supplier = supplier_for(row.order.brand, brands);
    if (gives(row, "supplier") && row.order.supplier != supplier) {
        faults.push_back(
            RowFault{row.line, "", "unknown_value",
                     "this brand is supplied by " + std::string(domain::name_of(supplier))});
    }
    row.order.supplier = supplier;
}

struct Match {
    std::optional<Order> order;
    std::optional<RowFault> conflict;
};

// By supplier order ID, then by platform order ID, then as an inline order would be.
Match find_known(const store::Reader& reader, const OrderRow& row) {
    Match match;
    match.order = find_described(reader, row.order);
    if (match.order || !row.order.supplier_order_id || !row.order.platform_order_id) return match;
    Order by_platform = row.order;
    by_platform.supplier_order_id.reset();
    match.order = find_described(reader, by_platform);
    if (!match.order || !match.order->supplier_order_id) return match;
    match.conflict = RowFault{row.line, "", "order_mismatch",
                              "order " + match.order->id.text() +
                                  " has this platform order ID and another supplier order ID"};
    match.order.reset();
    return match;
}

Match find_match(const store::Reader& reader, const OrderRow& row) {
    Match match = find_known(reader, row);
    std::size_t labels = row.order.labels.size();
    if (match.order) {
        for (const auto& [key, value] : match.order->labels)
            if (!row.order.labels.contains(key)) ++labels;
    }
    const std::size_t had = match.order ? match.order->labels.size() : 0;
    if (match.conflict || labels <= std::max(kMaxLabels, had)) return match;
    match.conflict =
        RowFault{row.line, "", "out_of_range",
                 "the order would have " + std::to_string(labels) + " labels, and at most " +
                     std::to_string(kMaxLabels) + " are possible"};
    match.order.reset();
    return match;
}

// What the row says, for comparing.
std::string text_of(const Order& order) {
    std::string text = order_field_text(order, "dns_names");
    for (const std::string_view field : order_line_fields())
        text += '\n' + order_field_text(order, field);
    text += '\n' + order.status_raw.value_or("");
    for (const auto& [key, value] : order.labels) text += '\n' + key + '=' + value;
    return text;
}

// A file says not when its statuses were true. What the broker has read at the CA itself counts as
// newer for a day, and for ever when it is final.
bool keeps_status(const Order& known, domain::Time now) {
    using domain::OrderStatus;
    if (!known.status_at) return false;
    const bool final = known.status == OrderStatus::revoked ||
                       known.status == OrderStatus::canceled ||
                       known.status == OrderStatus::rejected;
    return final || now - *known.status_at <= policy::kStatusBelieved;
}

Order merged(const Order& known, const OrderRow& row, domain::Time now) {
    Order order = known;
    for (const std::string& field : row.given) copy_order_field(row.order, order, field);
    if (gives(row, "status") && keeps_status(known, now)) {
        order.status = known.status;
        order.status_raw = known.status_raw;
    } else if (gives(row, "status") && order.status != known.status) {
        order.status_at.reset();
    }
    for (const auto& [key, value] : row.order.labels) order.labels[key] = value;
    return order;
}

domain::Result<void> create(store::Tx& tx, runtime::IdMaker& ids, const OrderRow& row,
                            domain::Time now) {
    Order order = row.order;
    order.id = ids.make<domain::OrderId>(now);
    order.created_at = now;
    order.updated_at = now;
    if (domain::Result<void> added = tx.orders().insert(order); !added) return added.error();
    append_order_event(tx, ids, order, true);
    return {};
}

domain::Result<void> change(store::Tx& tx, runtime::IdMaker& ids, Order order, domain::Time now) {
    order.updated_at = now;
    if (domain::Result<void> written = tx.orders().update(order); !written) return written.error();
    append_order_event(tx, ids, order, false);
    return {};
}

std::string row_key(const OrderRow& row) {
    const std::string supplier(domain::name_of(row.order.supplier));
    if (row.order.supplier_order_id) return supplier + "|s|" + *row.order.supplier_order_id;
    if (row.order.platform_order_id) return supplier + "|p|" + *row.order.platform_order_id;
    return std::string(domain::name_of(row.order.brand)) + "|c|" +
           row.order.common_name.value_or("");
}

}  // namespace

void ImportCounts::reject(std::vector<RowFault> why) {
    ++rejected;
    for (RowFault& fault : why) {
        private_key_seen = private_key_seen || fault.code == "private_key_pasted";
        if (faults.size() < kMaxFaults) faults.push_back(std::move(fault));
    }
}

void ImportCounts::add(const ImportCounts& other) {
    rows += other.rows;
    created += other.created;
    updated += other.updated;
    unchanged += other.unchanged;
    rejected += other.rejected;
    for (const RowFault& fault : other.faults) {
        if (faults.size() < kMaxFaults) faults.push_back(fault);
    }
}

std::vector<OrderRow> read_rows(CsvReader& reader, const std::vector<CsvColumn>& columns,
                                const config::BrandCatalogue& brands, std::size_t most,
                                ImportCounts& counts, bool& end) {
    std::vector<OrderRow> rows;
    for (std::size_t i = 0; i < most; ++i) {
        const std::optional<CsvRecord> record = reader.next();
        if (!record) {
            end = true;
            return rows;
        }
        ++counts.rows;
        OrderRow row;
        row.line = record->line;
        std::vector<RowFault> faults;
        if (record->fault.empty()) {
            faults = read_cells(*record, columns, row);
            if (faults.empty()) check_whole(row, brands, faults);
        } else {
            faults.push_back(RowFault{record->line, "", "bad_format", record->fault});
        }
        if (faults.empty()) {
            rows.push_back(std::move(row));
        } else {
            counts.reject(std::move(faults));
        }
    }
    end = false;
    return rows;
}

domain::Result<ImportCounts> import_rows(store::Tx& tx, runtime::IdMaker& ids,
                                         const std::vector<OrderRow>& rows, domain::Time now) {
    ImportCounts counts;
    for (const OrderRow& row : rows) {
        Match match = find_match(tx, row);
        if (match.conflict) {
            std::vector<RowFault> faults;
            faults.push_back(std::move(*match.conflict));
            counts.reject(std::move(faults));
            continue;
        }
        if (!match.order) {
            if (domain::Result<void> made = create(tx, ids, row, now); !made) return made.error();
            ++counts.created;
            continue;
        }
        Order order = merged(*match.order, row, now);
        if (text_of(order) == text_of(*match.order)) {
            ++counts.unchanged;
            continue;
        }
        domain::Result<void> changed = change(tx, ids, std::move(order), now);
        if (!changed) return changed.error();
        ++counts.updated;
    }
    return counts;
}

ImportCounts DryImport::look_at(const store::Reader& reader, const std::vector<OrderRow>& rows,
                                domain::Time now) {
    ImportCounts counts;
    for (const OrderRow& row : rows) {
        Match match = find_match(reader, row);
        const auto [before, first] = seen_.emplace(row_key(row), text_of(row.order));
        if (match.conflict) {
            std::vector<RowFault> faults;
            faults.push_back(std::move(*match.conflict));
            counts.reject(std::move(faults));
        } else if (!first) {
            // A row of this file for the same order came before.
            const bool same = before->second == text_of(row.order);
            ++(same ? counts.unchanged : counts.updated);
            before->second = text_of(row.order);
        } else if (!match.order) {
            ++counts.created;
        } else if (text_of(merged(*match.order, row, now)) == text_of(*match.order)) {
            ++counts.unchanged;
        } else {
            ++counts.updated;
        }
    }
    return counts;
}

}  // namespace cabroker::api
