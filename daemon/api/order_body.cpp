#include <algorithm>
#include <boost/json.hpp>

#include "daemon/api/order_fields.hpp"
#include "daemon/api/problem.hpp"

namespace cabroker::api {

namespace bj = boost::json;
using Fault = std::optional<FieldFault>;

namespace {

/// How many fields are given with nearly every order.
constexpr std::size_t kUsualFields = 8;

}  // namespace

std::optional<domain::Labels> decode_labels(json::ObjectReader& reader, std::string_view key,
                                            json::Problems& problems) {
    std::optional<domain::Labels> labels = reader.string_map(key, kMaxLabels);
    if (!labels) return std::nullopt;
    for (const auto& [name, value] : *labels) {
        if (const Fault wrong = check_label(name, value))
            problems.emplace_back(reader.at(key) + "/" + json::pointer_segment(name), wrong->code,
                                  wrong->detail);
    }
    return labels;
}

namespace {

void decode_dns_names(json::ObjectReader& reader, json::Problems& problems, OrderDraft& draft) {
    const std::optional<std::vector<std::string>> names = reader.lines("dns_names", kMaxNames);
    if (!names) return;
    draft.given.emplace_back("dns_names");
    std::size_t index = 0;
    for (const std::string& name : *names) {
        const Fault wrong = add_dns_name(draft.order, name);
        const std::string where = reader.at("dns_names") + "/" + std::to_string(index++);
        if (wrong) problems.emplace_back(where, wrong->code, wrong->detail);
    }
}

}  // namespace

void decode_order(json::ObjectReader& reader, json::Problems& problems,
                  const config::BrandCatalogue& brands, OrderDraft& draft) {
    draft.given.reserve(kUsualFields);
    bool brand_known = false;
    for (const std::string_view field : order_line_fields()) {
        const std::optional<std::string_view> value = reader.line_view(field);
        if (!value) continue;
        Fault wrong = set_order_field(draft.order, field, *value);
        if (field == "status" && draft.order.status == domain::OrderStatus::unknown &&
            *value != "unknown")
            wrong.emplace(FieldFault{
                "unknown_value", "use one of: " + domain::list_of_words<domain::OrderStatus>()});
        if (wrong) reader.complain(field, wrong->code, wrong->detail);
        if (field == "brand") brand_known = !wrong;
        draft.given.emplace_back(field);
    }
    decode_dns_names(reader, problems, draft);
    if (std::optional<domain::Labels> labels = decode_labels(reader, "labels", problems))
        draft.order.labels = std::move(*labels);
    reader.require("brand");
    if (!reader.has("common_name") && !reader.has("supplier_order_id"))
        reader.complain("common_name", "required", "give this member or supplier_order_id");
    reader.finish();

    const domain::Supplier expected = supplier_for(draft.order.brand, brands);
    if (!draft.gives("supplier")) {
        draft.order.supplier = expected;
    } else if (brand_known && draft.order.supplier != expected) {
        reader.complain("supplier", "unknown_value",
                        "this brand is supplied by " + std::string(domain::name_of(expected)));
    }
}

std::optional<LabelPatch> decode_label_patch(const bj::value& document, json::Problems& problems) {
    const bj::object* body = document.if_object();
    const bj::value* member = body == nullptr ? nullptr : body->if_contains("labels");
    if (member == nullptr) return std::nullopt;
    LabelPatch patch;
    patch.clears = member->is_null();
    if (patch.clears) return patch;
    json::ObjectReader reader(*member, "/labels", problems);
    const bj::object* object = member->if_object();
    if (object == nullptr) return patch;
    if (object->size() > kMaxLabels)
        problems.emplace_back("/labels", "out_of_range", "must have at most 64 members");
    for (const auto& entry : *object) {
        const std::string key(entry.key().data(), entry.key().size());
        std::optional<std::string> value = reader.line(key);
        if (!value && !entry.value().is_null()) continue;
        const Fault wrong = check_label(key, value.value_or(""));
        if (wrong) reader.complain(key, wrong->code, wrong->detail);
        patch.entries.emplace(key, std::move(value));
    }
    return patch;
}

domain::Result<domain::Labels> apply(const LabelPatch& patch, domain::Labels labels) {
    const std::size_t most = std::max(kMaxLabels, labels.size());
    if (patch.clears) labels.clear();
    for (const auto& [key, value] : patch.entries) {
        if (value) {
            labels[key] = *value;
        } else {
            labels.erase(key);
        }
    }
    if (labels.size() > most)
        return invalid_body({{"/labels", "out_of_range",
                              "there would be " + std::to_string(labels.size()) +
                                  " labels, and at most 64 are possible: remove some"}});
    return labels;
}

}  // namespace cabroker::api
