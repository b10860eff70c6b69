#include <boost/json.hpp>

#include "daemon/api/handlers.hpp"
#include "daemon/api/openapi_document.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/representation.hpp"
#include "daemon/store/store.hpp"
#include "json/time_text.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;

bj::object part(const std::string& name, const std::string& state, const std::string& detail) {
    bj::object entry;
    entry["name"] = name;
    entry["state"] = state;
    entry["detail"] = detail;
    return entry;
}

// `up` is ok; a pause is somebody's wish; everything else hampers.
std::string state_of(const engine::AdapterStatus& adapter) {
    return adapter.state == "up" || adapter.paused ? "ok" : "degraded";
}

std::string worse(const std::string& a, const std::string& b) {
    if (a == "failed" || b == "failed") return "failed";
    return a == "ok" ? b : a;
}

Readiness readiness_of(const Api& api) {
    Readiness readiness;
    if (api.services.readiness) readiness = api.services.readiness();
    if (api.services.store.healthy()) return readiness;
    readiness.ready = false;
    readiness.why = "the store failed; the daemon must be restarted";
    return readiness;
}

}  // namespace

/// GET /healthz: 200 as long as the loop turns.
Answer get_healthz(Api&, CallPtr) { co_return json_response(200, R"({"status":"ok"})"); }

/// GET /readyz: 200 when requests can be taken, else 503.
Answer get_readyz(Api& api, CallPtr) {
    if (api.draining)
        co_return problem(domain::ErrorCode::draining, "cannot take work: shutting down");
    const Readiness readiness = readiness_of(api);
    if (!api.services.store.healthy())
        co_return problem(domain::ErrorCode::store_failed, "cannot take work: " + readiness.why);
    if (!readiness.ready)
        co_return problem(domain::ErrorCode::not_ready, "cannot take work: " + readiness.why);
    co_return json_response(200, R"({"status":"ready"})");
}

/// GET /v1/version
Answer get_version(Api& api, CallPtr) {
    const BuildInfo& build = api.services.build;
    bj::object body;
    body["name"] = "cabroker";
    body["version"] = build.version;
    body["api"] = "v1";
    body["commit"] = nullptr;
    if (!build.commit.empty()) body["commit"] = build.commit;
    body["compiler"] = nullptr;
    if (!build.compiler.empty()) body["compiler"] = build.compiler;
    co_return object_response(200, body);
}

/// GET /v1/health: the parts of the daemon; 200 whatever they say.
Answer get_health(Api& api, CallPtr) {
    std::string status = "ok";
    bj::array components;
    const bool store_ok = api.services.store.healthy();
    if (!store_ok) status = "failed";
    components.push_back(part("store", store_ok ? "ok" : "failed", ""));
    if (api.services.components) {
        for (const Component& component : api.services.components()) {
            status = worse(status, component.state);
            bj::object entry = part(component.name, component.state, component.detail);
            for (const auto& [name, time] : component.times) entry[name] = json::time_text(time);
            components.push_back(std::move(entry));
        }
    }
    for (const engine::AdapterStatus& adapter : api.services.adapters.adapters()) {
        const std::string state = state_of(adapter);
        status = worse(status, state);
        bj::object entry = part("adapter/" + adapter.name, state, adapter.detail);
        entry["adapter_state"] = adapter.state;
        entry["paused"] = adapter.paused;
        components.push_back(std::move(entry));
    }
    const Readiness readiness = readiness_of(api);
    bj::object body;
    body["status"] = status;
    body["ready"] = readiness.ready && !api.draining;
    body["draining"] = api.draining;
    body["started_at"] = json::time_text(api.started_at);
    body["now"] = json::time_text(api.now());
    body["components"] = std::move(components);
    co_return object_response(200, body);
}

/// GET /v1/whoami: who the kernel says you are, and what you may do.
Answer get_whoami(Api&, CallPtr call) {
    bj::object body;
    body["uid"] = call->caller.peer.uid;
    body["gid"] = call->caller.peer.gid;
    bj::array groups;
    for (const gid_t group : call->caller.peer.groups) groups.push_back(group);
    body["groups"] = std::move(groups);
    body["name"] = call->caller.person.name;
    body["asserted_user"] = nullptr;
    if (call->caller.person.asserted) body["asserted_user"] = *call->caller.person.asserted;
    body["role"] = nullptr;
    if (call->caller.roles.role) {
        const std::string_view role = policy::name_of(*call->caller.roles.role);
        body["role"] = bj::string_view(role.data(), role.size());
    }
    bj::array roles;
    for (const std::string_view name : call->caller.roles.names())
        roles.emplace_back(bj::string_view(name.data(), name.size()));
    body["roles"] = std::move(roles);
    co_return object_response(200, body);
}

/// GET /v1/openapi.json: docs/openapi.yaml as it was when this was built.
Answer get_openapi(Api&, CallPtr) { co_return json_response(200, std::string(openapi_document())); }

}  // namespace cabroker::api
