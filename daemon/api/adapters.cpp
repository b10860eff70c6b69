#include <boost/json.hpp>

#include "daemon/api/body.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/representation.hpp"
#include "daemon/api/request_body.hpp"
#include "daemon/store/store.hpp"
#include "json/domain_codec.hpp"
#include "json/time_text.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;
using domain::ErrorCode;

template <class Enum>
bj::array words_json(const std::vector<Enum>& values) {
    bj::array out;
    for (const Enum value : values) {
        const std::string_view name = domain::name_of(value);
        out.emplace_back(bj::string_view(name.data(), name.size()));
    }
    return out;
}

bj::object adapter_json(const engine::AdapterStatus& adapter) {
    const std::string_view channel = domain::name_of(adapter.channel);
    bj::object body;
    body["name"] = adapter.name;
    body["type"] = adapter.type;
    body["channel"] = bj::string_view(channel.data(), channel.size());
    body["state"] = adapter.state;
    body["detail"] = adapter.detail;
    body["paused"] = adapter.paused;
    body["paused_reason"] = nullptr;
    if (adapter.paused) body["paused_reason"] = adapter.paused_reason;
    body["in_flight"] = adapter.in_flight;
    bj::object breaker;
    breaker["state"] = adapter.breaker;
    breaker["failures"] = adapter.failures;
    breaker["open_until"] = json::to_json(adapter.open_until);
    body["breaker"] = std::move(breaker);
    body["kinds"] = words_json(adapter.kinds);
    body["brands"] = words_json(adapter.brands);
    return body;
}

std::optional<engine::AdapterStatus> find_adapter(const Api& api, const std::string& name) {
    for (engine::AdapterStatus& adapter : api.services.adapters.adapters()) {
        if (adapter.name == name) return std::move(adapter);
    }
    return std::nullopt;
}

Response no_such_adapter(const std::string& name) {
    return problem(ErrorCode::not_found, "cannot find adapter " + name);
}

std::int64_t cursor(const Api& api) { return api.services.store.reader().events().last_seq(); }

Response now_json(const Api& api, const std::string& name) {
    const std::optional<engine::AdapterStatus> adapter = find_adapter(api, name);
    if (!adapter) return no_such_adapter(name);
    return object_response(200, adapter_json(*adapter));
}

bj::object match_json(const config::RouteMatch& match) {
    bj::object body;
    body["brand"] = words_json(match.brands);
    body["kind"] = words_json(match.kinds);
    body["supplier"] = words_json(match.suppliers);
    body["status"] = words_json(match.statuses);
    bj::array products;
    for (const std::string& product : match.products) products.emplace_back(product);
    body["product"] = std::move(products);
    bj::array accounts;
    for (const std::string& account : match.accounts) accounts.emplace_back(account);
    body["account"] = std::move(accounts);
    body["labels"] = json::to_json(match.labels);
    return body;
}

bj::object rule_json(const config::RouteRule& rule) {
    const std::string_view channel = domain::name_of(rule.channel);
    bj::object body;
    body["name"] = rule.name;
    body["match"] = match_json(rule.match);
    body["adapter"] = json::to_json(rule.adapter);
    body["adapter_type"] = json::to_json(rule.adapter_type);
    body["channel"] = bj::string_view(channel.data(), channel.size());
    body["valid_from"] = json::to_json(rule.valid_from);
    body["valid_until"] = json::to_json(rule.valid_until);
    return body;
}

}  // namespace

/// GET /v1/adapters
Answer get_adapters(Api& api, CallPtr call) {
    bj::array items;
    for (const engine::AdapterStatus& adapter : api.services.adapters.adapters())
        items.push_back(adapter_json(adapter));
    co_return whole_list_response(*call, std::move(items), cursor(api));
}

/// GET /v1/adapters/{name}: 200, 404.
Answer get_adapter(Api& api, CallPtr call) { co_return now_json(api, call->id); }

/// POST /v1/adapters/{name}/pause {reason}: takes no new steps; 200 with the adapter; 404.
Answer post_adapter_pause(Api& api, CallPtr call) {
    Result<bj::value> document = parse_body(*call);
    if (!document) co_return problem(document.error());
    json::Problems problems;
    json::ObjectReader reader(*document, "", problems);
    std::string reason = reader.text("reason", kMaxReason).value_or("");
    reader.finish();
    if (!problems.empty()) co_return problem(invalid_body(std::move(problems)));
    if (!find_adapter(api, call->id)) co_return no_such_adapter(call->id);
    const Result<void> done =
        co_await api.services.adapters.pause(call->id, std::move(reason), call->caller.person);
    if (!done) co_return problem(done.error());
    co_return now_json(api, call->id);
}

/// POST /v1/adapters/{name}/resume: 200 with the adapter; 404.
Answer post_adapter_resume(Api& api, CallPtr call) {
    Result<bj::value> document = parse_body(*call);
    if (!document) co_return problem(document.error());
    json::Problems problems;
    json::ObjectReader reader(*document, "", problems);
    reader.finish();
    if (!problems.empty()) co_return problem(invalid_body(std::move(problems)));
    if (!find_adapter(api, call->id)) co_return no_such_adapter(call->id);
    const Result<void> done = co_await api.services.adapters.resume(call->id, call->caller.person);
    if (!done) co_return problem(done.error());
    co_return now_json(api, call->id);
}

/// POST /v1/adapters/{name}/check: has the outside look whether the supplier is there. What was
/// found is the answer, also when it is bad or nobody could look: 200; 404.
Answer post_adapter_check(Api& api, CallPtr call) {
    Result<bj::value> document = parse_body(*call);
    if (!document) co_return problem(document.error());
    json::Problems problems;
    json::ObjectReader reader(*document, "", problems);
    reader.finish();
    if (!problems.empty()) co_return problem(invalid_body(std::move(problems)));
    if (!find_adapter(api, call->id)) co_return no_such_adapter(call->id);
    CheckResult found;
    found.detail = "the adapters cannot be asked";
    if (api.services.check_adapter) {
        Result<CheckResult> told = co_await api.services.check_adapter(call->id);
        if (told) {
            found = std::move(*told);
        } else {
            found.detail = told.error().detail;
        }
    }
    bj::object facts;
    for (const auto& [name, value] : found.facts) facts[name] = value;
    bj::object body;
    body["adapter"] = call->id;
    body["ok"] = found.ok;
    body["detail"] = found.detail;
    body["facts"] = std::move(facts);
    body["checked_at"] = json::time_text(api.now());
    co_return object_response(200, body);
}

/// GET /v1/adapters/{name}/sessions: which sign-ins are kept, never what is in them; 404.
Answer get_adapter_sessions(Api& api, CallPtr call) {
    if (!find_adapter(api, call->id)) co_return no_such_adapter(call->id);
    bj::array items;
    for (const engine::SessionStatus& session : api.services.adapters.sessions(call->id)) {
        bj::object entry;
        entry["key"] = session.key;
        entry["expires_at"] = json::to_json(session.expires_at);
        entry["updated_at"] = json::time_text(session.updated_at);
        entry["busy"] = session.busy;
        items.push_back(std::move(entry));
    }
    co_return whole_list_response(*call, std::move(items), cursor(api));
}

/// GET /v1/routes: the rules in their order; an empty list in `match` asks nothing.
Answer get_routes(Api& api, CallPtr call) {
    bj::array items;
    for (const config::RouteRule& rule : api.services.settings->routes)
        items.push_back(rule_json(rule));
    bj::object more;
    more["shipped"] = api.services.settings->shipped_routes;
    co_return whole_list_response(*call, std::move(items), cursor(api), std::move(more));
}

}  // namespace cabroker::api
