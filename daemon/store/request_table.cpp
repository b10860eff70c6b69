#include "daemon/store/request_table.hpp"

#include <boost/json.hpp>

#include "daemon/store/connection.hpp"
#include "daemon/store/filter.hpp"
#include "json/domain_codec.hpp"

namespace cabroker::store {
namespace {

const std::string kColumns =
    "SELECT id, version, kind, state, next_actor, order_id, created_at, updated_at, settled_at, "
    "deadline_at, due_at, next_attempt_at, attempt, cancel_requested, brand, common_name, "
    "supplier_order_id, platform_order_id, product, adapter, channel, step, external_system, "
    "external_id, retry_of, created_uid, created_name, created_asserted, session_key, open_effect, "
    "labels, note, last_problem, needs, outcome, result, params";
const std::string kSelect = kColumns + ", cookie FROM requests";
// Lists are for people: the cookie stays where it is.
const std::string kSelectForList = kColumns + ", NULL FROM requests";

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

domain::Params read_params(domain::Kind kind, const std::string& text) {
    if (kind == domain::Kind::status) return domain::StatusParams{};
    return undamaged(json::params_from_json(kind, boost::json::parse(text)));
}

domain::Labels read_labels(const std::string& text) {
    if (text == "{}") return {};
    return undamaged(json::labels_from_json(boost::json::parse(text)));
}

void read_wide(Query& row, StoredRequest& stored) {
    domain::Request& request = stored.request;
    request.labels = read_labels(row.text());
    request.note = row.opt_text();
    request.last_problem = opt_json<domain::Trouble>(row, json::trouble_from_json);
    auto needs = opt_json<std::vector<domain::Need>>(row, json::needs_from_json);
    if (needs) request.needs = std::move(*needs);
    request.outcome = opt_json<domain::Outcome>(row, json::outcome_from_json);
    request.result = opt_json<domain::RequestResult>(row, json::result_from_json);
    request.params = read_params(request.kind, row.text());
    stored.sealed_cookie = row.opt_text().value_or(std::string());
}

StoredRequest read(Query& row) {
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

template <class T>
void bind_opt_json(Query& query, const std::optional<T>& part) {
    if (part) {
        query.text(boost::json::serialize(json::to_json(*part)));
    } else {
        query.null();
    }
}

// Binds what insert and update share, from version to cookie.
void bind(Query& query, const StoredRequest& stored, std::int64_t version) {
    const domain::Request& request = stored.request;
    query.integer(version)
        .word(domain::name_of(request.state))
        .word(domain::name_of(request.next_actor))
        .time(request.updated_at)
        .time(request.settled_at)
        .time(request.deadline_at)
        .time(stored.due_at)
        .time(request.next_attempt_at)
        .integer(request.attempt)
        .integer(stored.cancel_requested ? 1 : 0)
        .word(domain::name_of(request.order.brand))
        .word(domain::name_of(domain::supplier_of(request.order.brand)))
        .text(request.order.common_name)
        .text(request.order.supplier_order_id)
        .text(request.order.platform_order_id)
        .text(request.order.product)
        .text(request.adapter);
    if (request.channel) {
        query.word(domain::name_of(*request.channel));
    } else {
        query.null();
    }
    query.text(request.step);
    if (request.external_ref) {
        query.text(request.external_ref->system).text(request.external_ref->id);
    } else {
        query.null().null();
    }
    query.text(stored.session_key)
        .id(stored.open_effect)
        .text(boost::json::serialize(json::to_json(request.labels)))
        .text(request.note);
    bind_opt_json(query, request.last_problem);
    if (request.needs.empty()) {
        query.null();
    } else {
        query.text(boost::json::serialize(json::to_json(request.needs)));
    }
    bind_opt_json(query, request.outcome);
    bind_opt_json(query, request.result);
    query.text(boost::json::serialize(json::to_json(request.params)));
    if (stored.sealed_cookie.empty()) {
        query.null();
    } else {
        query.blob(stored.sealed_cookie);
    }
}

std::vector<StoredRequest> read_all(Query& query) {
    std::vector<StoredRequest> requests;
    while (query.next()) requests.push_back(read(query));
    return requests;
}

Conditions conditions_of(const RequestFilter& filter) {
    Conditions conditions;
    std::vector<std::string> orders;
    for (const domain::OrderId& id : filter.orders) orders.push_back(id.text());
    std::vector<std::pair<std::string, std::string>> refs;
    for (const domain::ExternalRef& ref : filter.external_refs)
        refs.emplace_back(ref.system, ref.id);

    conditions.any_text("order_id IN (SELECT value FROM json_each(?))", orders);
    conditions.any_pair(
        "(external_id, external_system) IN (SELECT json_extract(value, '$[1]'), "
        "json_extract(value, '$[0]') FROM json_each(?))",
        refs);
    conditions.any_word("state IN (SELECT value FROM json_each(?))", filter.states);
    conditions.any_word("kind IN (SELECT value FROM json_each(?))", filter.kinds);
    conditions.any_word("brand IN (SELECT value FROM json_each(?))", filter.brands);
    conditions.any_word("supplier IN (SELECT value FROM json_each(?))", filter.suppliers);
    conditions.any_text("adapter IN (SELECT value FROM json_each(?))", filter.adapters);
    conditions.any_pair(
        "EXISTS (SELECT 1 FROM json_each(labels) AS l, json_each(?) AS w "
        "WHERE l.key = json_extract(w.value, '$[0]') AND l.value = json_extract(w.value, '$[1]'))",
        filter.labels);
    if (filter.created_after) {
        conditions.add("created_at > ?", filter.created_after->time_since_epoch().count());
    }
    conditions.contains(
        "(id || char(10) || ifnull(common_name, '') || char(10) || ifnull(supplier_order_id, '') "
        "|| char(10) || ifnull(platform_order_id, '') || char(10) || ifnull(external_id, '') || "
        "char(10) || ifnull(note, ''))",
        filter.q);
    return conditions;
}

}  // namespace

std::optional<StoredRequest> RequestTable::get(const domain::RequestId& id) const {
    static const std::string sql = kSelect + " WHERE id = ?";
    Query query(connection_, sql);
    query.id(id);
    if (!query.next()) return std::nullopt;
    return read(query);
}

std::optional<std::int64_t> RequestTable::version(const domain::RequestId& id) const {
    static const std::string sql = "SELECT version FROM requests WHERE id = ?";
    Query query(connection_, sql);
    query.id(id);
    if (!query.next()) return std::nullopt;
    return query.integer();
}

Page<StoredRequest> RequestTable::list(const RequestFilter& filter, ListOrder order,
                                       std::size_t limit,
                                       const std::optional<PageKey>& after) const {
    Conditions conditions = conditions_of(filter);
    const std::string tail = page_order(conditions, order, after);
    const std::string sql = kSelectForList + conditions.sql() + tail;
    Query query(connection_, sql);
    conditions.bind(query);
    query.integer(static_cast<std::int64_t>(limit) + 1);

    Page<StoredRequest> page;
    while (query.next()) {
        if (!page.items.empty() && page.items.size() == limit) {
            const domain::Request& last = page.items.back().request;
            page.next = PageKey{last.updated_at.time_since_epoch().count(), last.id.text()};
            break;
        }
        page.items.push_back(read(query));
    }
    return page;
}

std::int64_t RequestTable::count(const RequestFilter& filter) const {
    const Conditions conditions = conditions_of(filter);
    const std::string sql = "SELECT count(*) FROM requests" + conditions.sql();
    Query query(connection_, sql);
    conditions.bind(query);
    query.next();
    return query.integer();
}

std::optional<domain::RequestId> RequestTable::active_for(const domain::OrderId& order,
                                                          domain::Kind kind) const {
    static const std::string sql =
        "SELECT id FROM requests WHERE order_id = ? AND kind = ? AND settled_at IS NULL "
        "ORDER BY id LIMIT 1";
    Query query(connection_, sql);
    query.id(order).word(domain::name_of(kind));
    if (!query.next()) return std::nullopt;
    return query.id<domain::RequestId>();
}

std::vector<StoredRequest> RequestTable::due(domain::Time now, std::size_t limit) const {
    static const std::string sql = kSelect + " WHERE due_at <= ? ORDER BY due_at, rowid LIMIT ?";
    Query query(connection_, sql);
    query.time(now).integer(static_cast<std::int64_t>(limit));
    return read_all(query);
}

std::optional<domain::Time> RequestTable::next_due_after(domain::Time now) const {
    static const std::string sql = "SELECT min(due_at) FROM requests WHERE due_at > ?";
    Query query(connection_, sql);
    query.time(now);
    query.next();
    return query.opt_time();
}

std::vector<StoredRequest> RequestTable::all_in_state(domain::State state) const {
    static const std::string sql = kSelect + " WHERE state = ? ORDER BY id";
    Query query(connection_, sql);
    query.word(domain::name_of(state));
    return read_all(query);
}

std::vector<RequestCount> RequestTable::counts() const {
    static const std::string sql =
        "SELECT state, kind, count(*) FROM requests GROUP BY state, kind";
    Query query(connection_, sql);
    std::vector<RequestCount> counts;
    while (query.next()) {
        RequestCount& count = counts.emplace_back();
        count.state = query.word<domain::State>();
        count.kind = query.word<domain::Kind>();
        count.count = query.integer();
    }
    return counts;
}

void RequestTable::insert(const StoredRequest& row) {
    static const std::string sql =
        "INSERT INTO requests (version, state, next_actor, updated_at, settled_at, deadline_at, "
        "due_at, next_attempt_at, attempt, cancel_requested, brand, supplier, common_name, "
        "supplier_order_id, platform_order_id, product, adapter, channel, step, external_system, "
        "external_id, session_key, open_effect, labels, note, last_problem, needs, outcome, "
        "result, params, cookie, id, kind, order_id, created_at, retry_of, created_uid, "
        "created_name, created_asserted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const domain::Request& request = row.request;
    Query query(connection_, sql);
    bind(query, row, request.version);
    query.id(request.id)
        .word(domain::name_of(request.kind))
        .id(request.order.id)
        .time(request.created_at)
        .id(request.retry_of)
        .integer(request.created_by.uid)
        .text(request.created_by.name)
        .text(request.created_by.asserted);
    query.run();
    connection_.changes().request(request.id);
}

domain::Result<void> RequestTable::update(StoredRequest& row) {
    static const std::string sql =
        "UPDATE requests SET version = ?, state = ?, next_actor = ?, updated_at = ?, "
        "settled_at = ?, deadline_at = ?, due_at = ?, next_attempt_at = ?, attempt = ?, "
        "cancel_requested = ?, brand = ?, supplier = ?, common_name = ?, supplier_order_id = ?, "
        "platform_order_id = ?, product = ?, adapter = ?, channel = ?, step = ?, "
        "external_system = ?, external_id = ?, session_key = ?, open_effect = ?, labels = ?, "
        "note = ?, last_problem = ?, needs = ?, outcome = ?, result = ?, params = ?, cookie = ? "
        "WHERE id = ? AND version = ?";
    domain::Request& request = row.request;
    Query query(connection_, sql);
    bind(query, row, request.version + 1);
    query.id(request.id).integer(request.version);
    if (query.run() != 1) {
        return domain::Error(
            domain::ErrorCode::conflict,
            "cannot change the request: it was changed by somebody else meanwhile");
    }
    ++request.version;
    connection_.changes().request(request.id);
    return {};
}

}  // namespace cabroker::store
