#include <array>
#include <boost/json.hpp>

#include "daemon/api/body.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/idempotency.hpp"
#include "daemon/api/order_choice.hpp"
#include "daemon/api/order_events.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/representation.hpp"
#include "daemon/store/store.hpp"
#include "json/domain_codec.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;
using domain::ErrorCode;
using domain::Order;

struct OrderPage {
    store::Page<Order> page;
    std::int64_t event_cursor = 0;
};

Response no_such_order(const std::string& id) {
    return problem(ErrorCode::not_found, "cannot find order " + id);
}

store::OrderFilter read_order_filter(Parameters& parameters) {
    store::OrderFilter filter;
    filter.brands = parameters.words_by<domain::Brand>("brand", domain::parse_brand);
    filter.suppliers = parameters.words<domain::Supplier>("supplier");
    filter.statuses = parameters.words<domain::OrderStatus>("status");
    filter.common_names = parameters.list("common_name");
    filter.labels = parameters.labels("label");
    filter.q = parameters.text("q").value_or("");
    return filter;
}

// The IDs are keys: what they name is found without a scan and fits one page.
std::optional<std::vector<Order>> by_keys(const Api& api, Parameters& parameters) {
    const auto supplier_id = parameters.text("supplier_order_id");
    const auto platform_id = parameters.text("platform_order_id");
    if (!supplier_id && !platform_id) return std::nullopt;
    const store::OrderTable& orders = api.services.store.reader().orders();
    std::vector<Order> found = supplier_id ? orders.find_by_supplier_order_id(*supplier_id)
                                           : orders.find_by_platform_order_id(*platform_id);
    if (supplier_id && platform_id)
        std::erase_if(found, [&](const Order& o) { return o.platform_order_id != platform_id; });
    return found;
}

bool passes(const Order& order, const store::OrderFilter& filter) {
    const auto among = [](const auto& list, const auto& value) {
        return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
    };
    return among(filter.brands, order.brand) && among(filter.suppliers, order.supplier) &&
           among(filter.statuses, order.status) &&
           among(filter.common_names, order.common_name.value_or(""));
}

constexpr std::array<std::string_view, 9> kAmendable{
    "product",         "platform_order_id", "account",   "admin_email", "technical_email",
    "corporate_email", "login_email",       "issued_at", "expires_at"};

struct OrderPatch {
    Order fields;
    std::vector<std::string> set;
    std::vector<std::string> cleared;
    std::optional<LabelPatch> labels;
};

OrderPatch decode_patch(const bj::value& document, json::Problems& problems) {
    OrderPatch patch;
    json::ObjectReader reader(document, "", problems);
    const bj::object& body = document.get_object();
    for (const std::string_view field : kAmendable) {
        const bj::value* member = body.if_contains(bj::string_view(field.data(), field.size()));
        const std::optional<std::string> value = reader.line(field);
        if (member != nullptr && member->is_null()) patch.cleared.emplace_back(field);
        if (!value) continue;
        if (const auto wrong = set_order_field(patch.fields, field, *value))
            reader.complain(field, wrong->code, wrong->detail);
        patch.set.emplace_back(field);
    }
    reader.member("labels");
    patch.labels = decode_label_patch(document, problems);
    reader.finish();
    return patch;
}

Result<void> apply_patch(const OrderPatch& patch, Order& order) {
    for (const std::string& field : patch.set) copy_order_field(patch.fields, order, field);
    const Order nothing;
    for (const std::string& field : patch.cleared) copy_order_field(nothing, order, field);
    if (!patch.labels) return {};
    Result<domain::Labels> labels = apply(*patch.labels, std::move(order.labels));
    if (!labels) return labels.error();
    order.labels = std::move(*labels);
    return {};
}

}  // namespace

void append_order_event(store::Tx& tx, runtime::IdMaker& ids, const Order& order, bool created) {
    store::Event event;
    event.id = ids.make<domain::EventId>(order.updated_at);
    event.type = created ? "order.created" : "order.changed";
    event.at = order.updated_at;
    event.order_id = order.id;
    bj::object data;
    data["common_name"] = json::to_json(order.common_name);
    data["supplier_order_id"] = json::to_json(order.supplier_order_id);
    data["version"] = order.version;
    event.data = bj::serialize(data);
    tx.events().append(event);
}

/// GET /v1/orders: a page, newest first; 400.
Answer get_orders(Api& api, CallPtr call) {
    Parameters parameters(call->query);
    const store::OrderFilter filter = read_order_filter(parameters);
    std::optional<std::vector<Order>> keyed = by_keys(api, parameters);
    const Result<Paging> paging = read_paging(parameters, *call);
    if (!paging) co_return problem(paging.error());

    OrderPage found;
    if (keyed) {
        std::erase_if(*keyed, [&](const Order& order) { return !passes(order, filter); });
        found.page.items = std::move(*keyed);
        found.event_cursor = api.services.store.reader().events().last_seq();
    } else {
        store::Scan<OrderPage> scan =
            [filter, paging = *paging](const store::Reader& reader) -> domain::Result<OrderPage> {
            OrderPage read;
            read.page = reader.orders().list(filter, paging.order, paging.limit, paging.after);
            read.event_cursor = reader.events().last_seq();
            return read;
        };
        Result<OrderPage> read = co_await api.services.store.scan(std::move(scan));
        if (!read) co_return problem(read.error());
        found = std::move(*read);
    }
    bj::array items;
    for (const Order& order : found.page.items) items.push_back(json::to_json(order));
    co_return list_response(std::move(items), *paging, found.page.next, found.event_cursor);
}

/// POST /v1/orders: 201 with the order; 409 order_exists, 422.
Answer post_order(Api& api, CallPtr call) {
    Result<bj::value> document = parse_body(*call);
    if (!document) co_return problem(document.error());
    json::Problems problems;
    json::ObjectReader reader(*document, "", problems);
    OrderDraft draft;
    decode_order(reader, problems, api.services.settings->brands, draft);
    if (!problems.empty()) co_return problem(invalid_body(std::move(problems)));

    draft.order.id = api.services.ids.make<domain::OrderId>(api.now());
    draft.order.created_at = api.now();
    draft.order.updated_at = draft.order.created_at;
    store::Change<Order> change = [order = std::move(draft.order), scope = call->idempotency,
                                   &ids =
                                       api.services.ids](store::Tx& tx) -> domain::Result<Order> {
        if (const std::optional<Order> known = find_described(tx, order)) {
            return domain::Error(ErrorCode::order_exists,
                                 "cannot add the order: the inventory has it already")
                .with("order_id", known->id.text());
        }
        if (domain::Result<void> added = tx.orders().insert(order); !added) return added.error();
        append_order_event(tx, ids, order, true);
        if (!scope) return order;
        const Response answer = order_response(201, order);
        domain::Result<void> kept = remember_in(tx, *scope, answer, order.created_at);
        if (!kept) return kept.error();
        return order;
    };
    const Result<Order> made = co_await api.services.store.write(std::move(change));
    if (!made) co_return problem(made.error());
    Response response = order_response(201, *made);
    response.remembered = true;
    co_return response;
}

/// GET /v1/orders/{id}: 200, 304, 404.
Answer get_order(Api& api, CallPtr call) {
    const auto id = domain::OrderId::parse(call->id);
    std::optional<Order> order;
    if (id) order = api.services.store.reader().orders().get(*id);
    if (!order) co_return no_such_order(call->id);
    Response answer = order_response(200, *order);
    if (etag_matches(call->if_none_match, etag_of(order->version))) {
        answer.status = 304;
        answer.body.clear();
        answer.content_type.clear();
    }
    co_return answer;
}

/// PATCH /v1/orders/{id}: contacts, account, product, platform order ID, dates and labels as a JSON
/// merge patch; 200; 404, 412, 422.
Answer patch_order(Api& api, CallPtr call) {
    const Result<std::optional<std::int64_t>> version = version_of_if_match(call->if_match);
    Result<bj::value> document = parse_body(*call);
    if (!document) co_return problem(document.error());
    json::Problems problems;
    OrderPatch patch = decode_patch(*document, problems);
    if (!problems.empty()) co_return problem(invalid_body(std::move(problems)));
    const auto id = domain::OrderId::parse(call->id);
    if (!id) co_return no_such_order(call->id);
    if (!version) co_return problem(version.error());

    store::Change<Order> change =
        [id = *id, patch = std::move(patch), expected = *version, now = api.now(),
         &ids = api.services.ids](store::Tx& tx) -> domain::Result<Order> {
        std::optional<Order> order = tx.orders().get(id);
        if (!order) return domain::Error(ErrorCode::not_found, "cannot find order " + id.text());
        if (expected && *expected != order->version) {
            return domain::Error(ErrorCode::version_mismatch,
                                 "cannot change the order: it changed since it was read");
        }
        const Result<void> applied = apply_patch(patch, *order);
        if (!applied) return applied.error();
        order->updated_at = now;
        if (domain::Result<void> written = tx.orders().update(*order); !written)
            return written.error();
        append_order_event(tx, ids, *order, false);
        return *order;
    };
    const Result<Order> done = co_await api.services.store.write(std::move(change));
    if (!done) co_return problem(done.error());
    co_return order_response(200, *done);
}

}  // namespace cabroker::api
