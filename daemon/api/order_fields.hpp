// The fields of an order as people write them, in JSON and in CSV: one check for both.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/rules.hpp"
#include "domain/order.hpp"
#include "json/reader.hpp"

namespace cabroker::api {

/// Why a value does not fit; codes of `errors[].code`.
struct FieldFault {
    std::string code;
    std::string detail;
};

/// Fields that are one line of text: everything but dns_names and labels.
[[nodiscard]] std::span<const std::string_view> order_line_fields();

/// Checks and sets a field of order_line_fields(). Names are stored in their normal form (lower
/// case, A-labels).
[[nodiscard]] std::optional<FieldFault> set_order_field(domain::Order& order,
                                                        std::string_view field,
                                                        std::string_view value);
/// Appends one DNS name.
[[nodiscard]] std::optional<FieldFault> add_dns_name(domain::Order& order, std::string_view value);
[[nodiscard]] std::optional<FieldFault> check_label(std::string_view key, std::string_view value);

/// The field's value as text, for comparing; empty when absent.
[[nodiscard]] std::string order_field_text(const domain::Order& order, std::string_view field);
[[nodiscard]] bool same_order_field(const domain::Order& one, const domain::Order& other,
                                    std::string_view field);

/// Takes one field of order_line_fields() or dns_names over, absent ones too.
void copy_order_field(const domain::Order& from, domain::Order& to, std::string_view field);

/// An order as somebody described it, and which fields they gave.
struct OrderDraft {
    domain::Order order;
    /// Names of order_line_fields() and dns_names.
    std::vector<std::string_view> given;

    [[nodiscard]] bool gives(std::string_view field) const;
};

/// Reads the members of an order into a new `draft`; complains about what is wrong and about
/// unknown members. Requires `brand`, and `common_name` or `supplier_order_id`.
void decode_order(json::ObjectReader& reader, json::Problems& problems,
                  const config::BrandCatalogue& brands, OrderDraft& draft);

inline constexpr std::size_t kMaxLabels = 64;
inline constexpr std::size_t kMaxNames = 1000;

/// Reads labels: at most kMaxLabels, keys of letters, digits, `.`, `_`, `-` and `/`.
[[nodiscard]] std::optional<domain::Labels> decode_labels(json::ObjectReader& reader,
                                                          std::string_view key,
                                                          json::Problems& problems);

/// What becomes of labels, as in a JSON merge patch.
struct LabelPatch {
    /// `null` instead of an object: those there are go.
    bool clears = false;
    /// To set, and to remove (nullopt).
    std::map<std::string, std::optional<std::string>> entries;
};
/// The member `labels` of a PATCH body; nullopt when absent.
[[nodiscard]] std::optional<LabelPatch> decode_label_patch(const boost::json::value& document,
                                                           json::Problems& problems);
/// invalid_body when it would be too many.
[[nodiscard]] domain::Result<domain::Labels> apply(const LabelPatch& patch, domain::Labels labels);

/// Who supplies a brand: the catalogue's word, else the well-known one.
[[nodiscard]] domain::Supplier supplier_for(domain::Brand brand,
                                            const config::BrandCatalogue& brands);

}  // namespace cabroker::api
