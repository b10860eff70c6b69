#include "daemon/api/order_choice.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "daemon/api/problem.hpp"
#include "daemon/store/store.hpp"
#include "json/domain_codec.hpp"
#include "pki/name_match.hpp"

namespace cabroker::api {
namespace {

using domain::Error;
using domain::ErrorCode;
using domain::Order;

constexpr std::size_t kMaxCandidates = 20;

// What describes an order and does not change by itself; status and dates do.
constexpr std::array<std::string_view, 11> kIdentifying{
    "brand",    "product",     "common_name",     "supplier_order_id", "platform_order_id",
    "account",  "admin_email", "technical_email", "corporate_email",   "login_email",
    "dns_names"};

Result<ChosenOrder> only_one(std::vector<Order> found, const std::string& what) {
    if (found.size() == 1) return ChosenOrder{std::move(found.front()), false};
    if (found.empty()) {
        return Error(ErrorCode::not_found,
                     "cannot find an order with " + what +
                         ": import it, or describe it inline with brand and common_name or "
                         "supplier_order_id");
    }
    std::string ids;
    for (std::size_t i = 0; i < std::min(found.size(), kMaxCandidates); ++i) {
        if (i > 0) ids += ',';
        ids += found[i].id.text();
    }
    return Error(ErrorCode::ambiguous_order,
                 "cannot tell which order is meant: " + std::to_string(found.size()) + " have " +
                     what + "; name one by its id")
        .with("candidates", std::move(ids));
}

Result<ChosenOrder> by_id(const store::Reader& reader, const std::string& text) {
    std::vector<Order> found;
    const std::optional<domain::OrderId> id = domain::OrderId::parse(text);
    std::optional<Order> order;
    if (id) order = reader.orders().get(*id);
    if (order) found.push_back(std::move(*order));
    return only_one(std::move(found), "id " + text);
}

std::string join(const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    return all;
}

Result<ChosenOrder> described(const Api& api, const OrderDraft& draft) {
    std::optional<Order> known = find_described(api.services.store.reader(), draft.order);
    if (!known) {
        ChosenOrder chosen{draft.order, true};
        chosen.order.id = api.services.ids.make<domain::OrderId>(api.now());
        chosen.order.created_at = api.now();
        chosen.order.updated_at = chosen.order.created_at;
        return chosen;
    }
    std::vector<std::string> differing;
    for (const std::string_view field : kIdentifying) {
        if (!draft.gives(field)) continue;
        if (!same_order_field(draft.order, *known, field)) differing.emplace_back(field);
    }
    if (differing.empty()) return ChosenOrder{std::move(*known), false};
    return Error(ErrorCode::order_mismatch,
                 "cannot use this description: order " + known->id.text() + " has another " +
                     join(differing) + "; name the order by its id, or change it first")
        .with("order_id", known->id.text());
}

}  // namespace

std::optional<Order> find_described(const store::Reader& reader, const Order& order) {
    if (order.supplier_order_id)
        return reader.orders().find_by_supplier_order_id(order.supplier, *order.supplier_order_id);
    if (order.platform_order_id) {
        for (Order& found : reader.orders().find_by_platform_order_id(*order.platform_order_id)) {
            if (found.supplier == order.supplier) return std::move(found);
        }
        return std::nullopt;
    }
    if (!order.common_name) return std::nullopt;
    for (Order& found : reader.orders().find_by_common_name(*order.common_name)) {
        if (found.brand == order.brand && !found.supplier_order_id && !found.platform_order_id)
            return std::move(found);
    }
    return std::nullopt;
}

Result<ChosenOrder> choose_order(const Api& api, const OrderChoice& choice) {
    const store::Reader& reader = api.services.store.reader();
    switch (choice.by) {
        case OrderChoice::By::id:
            return by_id(reader, choice.name);
        case OrderChoice::By::supplier_order_id:
            return only_one(reader.orders().find_by_supplier_order_id(choice.name),
                            "supplier order ID " + choice.name);
        case OrderChoice::By::platform_order_id:
            return only_one(reader.orders().find_by_platform_order_id(choice.name),
                            "platform order ID " + choice.name);
        case OrderChoice::By::common_name:
            return only_one(reader.orders().find_by_common_name(
                                pki::normalise_name(choice.name).value_or(choice.name)),
                            "common name " + choice.name);
        case OrderChoice::By::description:
            break;
    }
    return described(api, choice.description);
}

Response order_problem(const Api& api, Error error) {
    const auto candidates = error.facts.find("candidates");
    if (error.code != ErrorCode::ambiguous_order || candidates == error.facts.end())
        return problem(std::move(error));
    boost::json::array orders;
    std::string_view ids = candidates->second;
    while (!ids.empty()) {
        const auto comma = std::min(ids.find(','), ids.size());
        const auto id = domain::OrderId::parse(ids.substr(0, comma));
        ids.remove_prefix(std::min(comma + 1, ids.size()));
        std::optional<Order> order;
        if (id) order = api.services.store.reader().orders().get(*id);
        if (order) orders.push_back(json::to_json(*order));
    }
    Response response = problem(std::move(error));
    response.problem->members.emplace_back("candidates", boost::json::serialize(orders));
    return response;
}

}  // namespace cabroker::api
