#include "daemon/api/router.hpp"

namespace cabroker::api {
namespace {

// Compares segment by segment; a segment in braces takes any one non-empty segment.
bool matches(std::string_view pattern, std::string_view path, std::string_view& id) {
    const auto brace = pattern.find('{');
    if (brace == std::string_view::npos) return pattern == path;
    if (!path.starts_with(pattern.substr(0, brace))) return false;
    const std::string_view rest_of_pattern = pattern.substr(pattern.find('}') + 1);
    const std::string_view rest = path.substr(brace);
    const auto end = std::min(rest.find('/'), rest.size());
    if (end == 0 || rest.substr(end) != rest_of_pattern) return false;
    id = rest.substr(0, end);
    return true;
}

}  // namespace

bool allows(Access access, const policy::Roles& roles) {
    switch (access) {
        case Access::open:
            return true;
        case Access::known:
            return roles.known();
        case Access::metrics:
            return roles.allows_metrics();
        case Access::viewer:
            return roles.allows(policy::Role::viewer);
        case Access::operator_:
            return roles.allows(policy::Role::operator_);
        case Access::approver:
            return roles.allows(policy::Role::approver);
        case Access::admin:
            return roles.allows(policy::Role::admin);
    }
    return false;
}

std::string_view role_name(Access access) {
    switch (access) {
        case Access::open:
            return "none";
        case Access::metrics:
            return "metrics";
        case Access::known:
        case Access::viewer:
            return policy::name_of(policy::Role::viewer);
        case Access::operator_:
            return policy::name_of(policy::Role::operator_);
        case Access::approver:
            return policy::name_of(policy::Role::approver);
        case Access::admin:
            break;
    }
    return policy::name_of(policy::Role::admin);
}

Found find_route(std::string_view method, std::string_view path) {
    Found found;
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    bool exact = false;
    for (const Route& route : routes()) {
        std::string_view id;
        if (!matches(route.pattern, path, id)) continue;
        // A path that is written out is no id: GET /v1/orders/import is a wrong method.
        if (exact && !id.empty()) continue;
        exact = exact || id.empty();
        if (route.method == wanted) {
            found.route = &route;
            found.id = id;
            found.allow.clear();
            return found;
        }
        if (!found.allow.empty()) found.allow += ", ";
        found.allow += route.method == "GET" ? std::string("GET, HEAD") : std::string(route.method);
    }
    return found;
}

}  // namespace cabroker::api
