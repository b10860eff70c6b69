#include "daemon/store/request_row.hpp"

#include <boost/json.hpp>

#include "json/domain_codec.hpp"

namespace cabroker::store {
namespace {

template <class T, class FromJson>
std::optional<T> opt_json(Query& row, FromJson from_json) {
    const std::optional<std::string> text = row.opt_text();
    if (!text) return std::nullopt;
    return undamaged<T>(from_json(boost::json::parse(*text)));
}

domain::OrderSnapshot read_snapshot(Query& row, domain::OrderId id) {
    domain::OrderSnapshot order;
    order.id = std::move(id);
    order.brand = row.word<domain::Brand>();
    order.common_name = row.opt_text();
    order.supplier_order_id = row.opt_text();
    order.platform_order_id = row.opt_text();
    order.product = row.opt_text();
    return order;
}

std::optional<domain::ExternalRef> read_external_ref(Query& row) {
    std::optional<std::string> system = row.opt_text();
    std::optional<std::string> id = row.opt_text();
    if (!system || !id) return std::nullopt;
    return domain::ExternalRef{std::move(*system), std::move(*id)};
}

domain::Params read_params(domain::Kind kind, std::string_view text) {
    if (kind == domain::Kind::status) return domain::StatusParams{};
    return undamaged(json::params_from_json(
        kind, boost::json::parse(boost::json::string_view(text.data(), text.size()))));
}

domain::Labels read_labels(std::string_view text) {
    if (text == "{}") return {};
    return undamaged(json::labels_from_json(
        boost::json::parse(boost::json::string_view(text.data(), text.size()))));
}

void read_wide(Query& row, StoredRequest& stored) {
    domain::Request& request = stored.request;
    request.labels = read_labels(row.view());
    request.note = row.opt_text();
    request.last_problem = opt_json<domain::Trouble>(row, json::trouble_from_json);
    auto needs = opt_json<std::vector<domain::Need>>(row, json::needs_from_json);
    if (needs) request.needs = std::move(*needs);
    request.outcome = opt_json<domain::Outcome>(row, json::outcome_from_json);
    request.result = opt_json<domain::RequestResult>(row, json::result_from_json);
    request.params = read_params(request.kind, row.view());
    stored.sealed_cookie = row.opt_text().value_or(std::string());
}

void bind_labels(Query& query, const domain::Labels& labels) {
    if (labels.empty()) {
        query.word("{}");
    } else {
        query.text(boost::json::serialize(json::to_json(labels)));
    }
}

template <class T>
void bind_opt_json(Query& query, const std::optional<T>& part) {
    if (part) {
        query.text(boost::json::serialize(json::to_json(*part)));
    } else {
        query.null();
    }
}

}  // namespace

const std::string kRequestColumns =
    "SELECT id, version, kind, state, next_actor, order_id, created_at, updated_at, settled_at, "
    "deadline_at, due_at, due_asks, next_attempt_at, attempt, cancel_requested, brand, "
    "common_name, "
    "supplier_order_id, platform_order_id, product, adapter, channel, step, external_system, "
    "external_id, retry_of, created_uid, created_name, created_asserted, session_key, open_effect, "
    "labels, note, last_problem, needs, outcome, result, params";

StoredRequest read_request(Query& row) {
    StoredRequest stored;
    domain::Request& request = stored.request;
    request.id = row.id<domain::RequestId>();
    request.version = row.integer();
    request.kind = row.word<domain::Kind>();
    request.state = row.word<domain::State>();
    request.next_actor = row.word<domain::NextActor>();
    auto order_id = row.id<domain::OrderId>();
    request.created_at = row.time();
    request.updated_at = row.time();
    request.settled_at = row.opt_time();
    request.deadline_at = row.time();
    stored.due_at = row.opt_time();
    stored.due_asks_adapter = row.boolean();
    request.next_attempt_at = row.opt_time();
    request.attempt = static_cast<int>(row.integer());
    stored.cancel_requested = row.boolean();
    request.order = read_snapshot(row, std::move(order_id));
    request.adapter = row.opt_text();
    if (row.is_null()) {
        row.skip();
    } else {
        request.channel = row.word<domain::Channel>();
    }
    request.step = row.opt_text();
    request.external_ref = read_external_ref(row);
    request.retry_of = row.opt_id<domain::RequestId>();
    request.created_by.uid = static_cast<std::uint32_t>(row.integer());
    request.created_by.name = row.text();
    request.created_by.asserted = row.opt_text();
    stored.session_key = row.opt_text();
    stored.open_effect = row.opt_id<domain::EffectId>();
    read_wide(row, stored);
    return stored;
}

void bind_progress(Query& query, const StoredRequest& stored, std::int64_t version) {
    const domain::Request& request = stored.request;
    query.integer(version)
        .word(domain::name_of(request.state))
        .word(domain::name_of(request.next_actor))
        .time(request.updated_at)
        .integer(request.attempt)
        .time(request.next_attempt_at)
        .integer(stored.cancel_requested ? 1 : 0)
        .text(request.step)
        .text(stored.session_key)
        .id(stored.open_effect);
    bind_opt_json(query, request.last_problem);
    if (request.needs.empty()) {
        query.null();
    } else {
        query.text(boost::json::serialize(json::to_json(request.needs)));
    }
    bind_opt_json(query, request.outcome);
    bind_opt_json(query, request.result);
    if (stored.sealed_cookie.empty()) {
        query.null();
    } else {
        query.blob(stored.sealed_cookie);
    }
}

void bind_due(Query& query, const StoredRequest& stored) {
    query.time(stored.due_at).integer(stored.due_asks_adapter ? 1 : 0);
}

void bind_frame(Query& query, const StoredRequest& stored) {
    const domain::Request& request = stored.request;
    query.time(request.settled_at)
        .time(request.deadline_at)
        .word(domain::name_of(request.order.brand))
        .word(domain::name_of(domain::supplier_of(request.order.brand)))
        .text(request.order.common_name)
        .text(request.order.supplier_order_id)
        .text(request.order.product)
        .text(request.order.platform_order_id)
        .text(request.adapter);
    if (request.channel) {
        query.word(domain::name_of(*request.channel));
    } else {
        query.null();
    }
    if (request.external_ref) {
        query.text(request.external_ref->system).text(request.external_ref->id);
    } else {
        query.null().null();
    }
    bind_labels(query, request.labels);
    query.text(request.note);
    if (request.kind == domain::Kind::status) {
        query.word("{}");
    } else {
        query.text(boost::json::serialize(json::to_json(request.params)));
    }
}

}  // namespace cabroker::store
