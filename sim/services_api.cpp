// The Services API's routes, keys, limits and errors.
#include "sim/services_api.hpp"

#include <array>
#include <span>

#include "sim/services_parts.hpp"

namespace cabroker::sim {
namespace {

namespace js = boost::json;

constexpr std::string_view kBase = "/services/v2/";
constexpr std::chrono::seconds kCallWindow{5};

std::vector<std::string> parts_of(std::string_view path) {
    std::vector<std::string> parts;
    if (!path.starts_with(kBase)) return parts;
    for (const std::string& part : split(path.substr(kBase.size()), '/')) {
        parts.push_back(url_decode(part));
    }
    return parts;
}

HttpReply retry_after(HttpReply reply, const Fault& fault, const char* otherwise) {
    set_header(reply, "Retry-After", fault.detail.empty() ? otherwise : fault.detail);
    return reply;
}

HttpReply html(unsigned status, const char* title) {
    HttpReply reply;
    reply.status = status;
    set_header(reply, "Content-Type", "text/html; charset=utf-8");
    reply.body = std::string("<!DOCTYPE html><html><head><title>") + title +
                 "</title></head><body><h1>" + title + "</h1></body></html>\n";
    return reply;
}

}  // namespace

struct ServicesApi::Route {
    std::string_view method;
    std::string_view pattern;
    /// The name for faults.
    std::string_view where;
    /// The first open part is an order.
    bool of_order;
    HttpReply (ServicesApi::*handler)(Call&);
};

struct ServicesApi::Found {
    const Route* route = nullptr;
    std::vector<std::string> parts;
    bool path_known = false;
};

ServicesApi::Found ServicesApi::route_of(const HttpRequest& request) {
    using A = ServicesApi;
    static const std::array<Route, 22> routes = {{
        {"GET", "user/me", "api.me", false, &A::me},
        {"GET", "order/certificate", "api.order.list", false, &A::list},
        {"GET", "order/certificate/status-changes", "api.order.changes", false, &A::status_changes},
        {"GET", "order/certificate/*", "api.order.info", true, &A::info},
        {"POST", "order/certificate/*/reissue", "api.reissue", true, &A::reissue},
        {"GET", "order/certificate/*/reissue", "api.reissue.list", true, &A::reissues},
        {"GET", "order/certificate/*/duplicate", "api.duplicate.list", true, &A::duplicates},
        {"PUT", "order/certificate/*/revoke", "api.revoke.order", true, &A::revoke_order},
        {"PUT", "order/certificate/*/status", "api.cancel", true, &A::set_status},
        {"PUT", "order/certificate/*/dcv-random-value", "api.dcv.value", true, &A::dcv_value},
        {"PUT", "order/certificate/*/dcv-method", "api.dcv.method", true, &A::dcv_method},
        {"PUT", "order/certificate/*/check-dcv", "api.dcv.check", true, &A::check_dcv},
        {"PUT", "certificate/*/revoke", "api.revoke.certificate", false, &A::revoke_certificate},
        {"GET", "certificate/download/order/*/format/*", "api.download", true,
         &A::download_by_order},
        {"GET", "certificate/download/order/*/platform/*", "api.download", true,
         &A::download_by_order},
        {"GET", "certificate/download/order/*", "api.download", true, &A::download_by_order},
        {"GET", "certificate/*/download/format/*", "api.download", false, &A::download},
        {"GET", "certificate/*/download/platform/*", "api.download", false, &A::download},
        {"GET", "certificate/*/chain", "api.chain", false, &A::chain},
        {"GET", "request", "api.request.list", false, &A::requests},
        {"GET", "request/*", "api.request.info", false, &A::request_info},
        {"PUT", "request/*/status", "api.request.status", false, &A::request_status},
    }};
    Found found;
    std::string_view path = request.path;
    if (!path.starts_with(kBase)) return found;
    path.remove_prefix(kBase.size());
    const std::string_view method =
        request.method == "HEAD" ? "GET" : std::string_view(request.method);
    for (const Route& route : routes) {
        if (!path_fits(route.pattern, path, found.parts)) continue;
        found.path_known = true;
        found.route = &route;
        if (route.method == method) return found;
    }
    found.route = nullptr;
    return found;
}

std::string ServicesApi::where(const HttpRequest& request) const {
    const Found found = route_of(request);
    return found.route != nullptr ? std::string(found.route->where) : "api.other";
}

HttpReply ServicesApi::handle(const HttpRequest& request) { return numbered(answer(request)); }

HttpReply ServicesApi::instead(const Fault& fault, const HttpRequest& request) {
    return numbered(spoilt(fault, request));
}

HttpReply ServicesApi::numbered(HttpReply reply) {
    set_header(reply, "X-Request-Id", random_.hex(16));
    return reply;
}

HttpReply ServicesApi::answer(const HttpRequest& request) {
    world_.settle();
    Login* login = accounts_.find_key(field(request.headers, "x-dc-devkey"));
    if (login == nullptr) {
        return api_error(401, "access_denied|invalid_api_key", "The API key is not known.");
    }
    if (over_limit(*login)) {
        HttpReply reply =
            api_error(429, "request_limit_exceeded", "Too many requests. Try again later.");
        set_header(reply, "Retry-After", "5");
        return reply;
    }
    ++login->api_calls;
    const Found found = route_of(request);
    if (found.route == nullptr) {
        return found.path_known ? api_error(405, "method_not_allowed", "Use another method.")
                                : api_error(404, "not_found|route", "There is no such route.");
    }
    Call call{request, *login, found.parts, js::object(), nullptr};
    if (found.route->method != "GET") {
        if (login->role == Role::view) {
            return api_error(403, "access_denied|missing_permission", "The key may only read.");
        }
        js::error_code error;
        const js::value body =
            request.body.empty() ? js::value(js::object()) : js::parse(request.body, error);
        if (error || !body.is_object()) {
            return api_error(400, "bad_request_format", "The body is not a JSON object.");
        }
        call.body = body.as_object();
    }
    if (found.route->of_order) {
        call.order = visible(call.parts.front(), *login);
        if (call.order == nullptr) {
            return api_error(404, "not_found|order", "There is no such order.");
        }
    }
    return (this->*found.route->handler)(call);
}

bool ServicesApi::over_limit(const Login& login) {
    if (limit_ == 0) return false;
    const auto now = world_.clock().steady();
    auto& times = recent_[login.name];
    while (!times.empty() && times.front() + kCallWindow <= now) times.pop_front();
    if (std::ssize(times) >= limit_) return true;
    times.push_back(now);
    return false;
}

Order* ServicesApi::visible(std::string_view key, const Login& login) {
    Order* order = world_.find(key);
    if (order == nullptr) {
        // The thumbprint or serial number of the current certificate does as well.
        Order* owner = world_.find_by_certificate(key);
        const std::string wanted = upper(key);
        if (owner != nullptr && (owner->certificates.back().serial == wanted ||
                                 owner->certificates.back().sha1 == wanted)) {
            order = owner;
        }
    }
    if (order == nullptr || order->facts.account != login.account || !order->on_guest_portal()) {
        return nullptr;
    }
    return order;
}

HttpReply ServicesApi::spoilt(const Fault& fault, const HttpRequest& request) {
    if (fault.is("rate_limit")) {
        return retry_after(api_error(429, "request_limit_exceeded", "Too many requests."), fault,
                           "30");
    }
    if (fault.is("maintenance")) {
        return retry_after(api_error(503, "service_unavailable", "Down for maintenance."), fault,
                           "600");
    }
    if (auto reply = redirect_under(fault, request, "/services/v2/user/me")) {
        return std::move(*reply);
    }
    if (fault.is("login_page")) return html(200, "Sign in");
    if (fault.is("captcha")) return html(200, "Are you human?");
    if (fault.is("wrong_page")) return html(200, "Announcements");
    if (fault.is("other_order")) {
        const std::vector<std::string> parts = parts_of(request.path);
        for (const auto& order : world_.orders()) {
            const std::string& id = order->facts.supplier_order_id;
            if (order->on_guest_portal() &&
                std::find(parts.begin(), parts.end(), id) == parts.end()) {
                return api_json(200, api_info(*order, requests_of(*order), world_.clock().now()));
            }
        }
    }
    return api_error(500, "internal_error", "Something went wrong.");
}

HttpReply ServicesApi::refused(unsigned status) {
    const bool large = status == 413 || status == 431;
    return numbered(api_error(status, large ? "request_too_large" : "bad_request_format",
                              "The request is too large or could not be understood."));
}

HttpReply ServicesApi::me(Call& call) {
    js::object out;
    out["id"] = 1;
    out["username"] = call.login.name;
    js::object account;
    account["id"] = call.login.account == "main" ? 1 : 2;
    account["name"] = call.login.account;
    out["account"] = std::move(account);
    js::object role;
    role["id"] = 1;
    role["name"] = word(call.login.role);
    out["access_roles"] = js::array(1, js::value(std::move(role)));
    return api_json(200, out);
}

std::string ServicesApi::Call::text(std::string_view name, std::string_view in) const {
    const js::object* object = &body;
    if (!in.empty()) {
        const js::value* inner = body.if_contains(in);
        if (inner == nullptr || !inner->is_object()) return "";
        object = &inner->as_object();
    }
    const js::value* value = object->if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

bool ServicesApi::Call::skips_approval() const {
    const js::value* value = body.if_contains("skip_approval");
    const bool wished = value != nullptr && ((value->is_bool() && value->as_bool()) ||
                                             (value->is_int64() && value->as_int64() == 1));
    return wished && login.role == Role::admin;
}

HttpReply api_json(unsigned status, const js::value& value) {
    HttpReply reply;
    reply.status = status;
    set_header(reply, "Content-Type", "application/json");
    if (status != 204) reply.body = js::serialize(value);
    return reply;
}

HttpReply api_error(unsigned status, std::string_view code, std::string_view message) {
    js::object error;
    error["code"] = code;
    error["message"] = message;
    js::object out;
    out["errors"] = js::array(1, js::value(std::move(error)));
    return api_json(status, out);
}

}  // namespace cabroker::sim
