#include "sim/guest_portal.hpp"

#include <array>

namespace cabroker::sim {
namespace {

constexpr const char* kSessionCookie = "guest_session";
constexpr const char* kRetryAfter = "30";
constexpr const char* kMaintenanceRetryAfter = "600";

HttpReply with_header(HttpReply reply, const std::string& name, const std::string& value) {
    reply.headers.emplace_back(name, value);
    return reply;
}

}  // namespace

struct GuestPortal::Route {
    std::string_view method;
    std::string_view path;
    /// The name for faults.
    std::string_view where;
    Stage stage;
    Handler handler;
};

const GuestPortal::Route* GuestPortal::route_of(const HttpRequest& request, bool& path_known) {
    using P = GuestPortal;
    static const std::array<Route, 15> routes = {{
        {"GET", "/guest/login", "portal.login.page", Stage::anonymous, &P::login_page},
        {"POST", "/guest/login", "portal.login.submit", Stage::anonymous, &P::login_submit},
        {"GET", "/guest/help", "portal.help", Stage::anonymous, &P::help},
        {"GET", "/guest/code", "portal.code.page", Stage::code_sent, &P::code_page},
        {"POST", "/guest/code", "portal.code.submit", Stage::code_sent, &P::code_submit},
        {"GET", "/guest/order", "portal.order.page", Stage::signed_in, &P::order_page},
        {"GET", "/guest/order/download", "portal.download", Stage::signed_in, &P::download},
        {"GET", "/guest/order/reissue", "portal.reissue.page", Stage::signed_in, &P::reissue_page},
        {"POST", "/guest/order/reissue", "portal.reissue.submit", Stage::signed_in,
         &P::reissue_submit},
        {"GET", "/guest/order/reissue/cancel", "portal.cancel.page", Stage::signed_in,
         &P::cancel_page},
        {"POST", "/guest/order/reissue/cancel", "portal.cancel.submit", Stage::signed_in,
         &P::cancel_submit},
        {"GET", "/guest/order/revoke", "portal.revoke.page", Stage::signed_in, &P::revoke_page},
        {"POST", "/guest/order/revoke", "portal.revoke.submit", Stage::signed_in,
         &P::revoke_submit},
        {"POST", "/guest/order/revoke/confirm", "portal.revoke.confirm", Stage::signed_in,
         &P::revoke_confirm},
        {"POST", "/guest/logout", "portal.logout", Stage::signed_in, &P::logout},
    }};
    path_known = false;
    const std::string_view method =
        request.method == "HEAD" ? "GET" : std::string_view(request.method);
    for (const Route& route : routes) {
        if (route.path != request.path) continue;
        path_known = true;
        if (route.method == method) return &route;
    }
    return nullptr;
}

std::string GuestPortal::where(const HttpRequest& request) const {
    bool path_known = false;
    const Route* route = route_of(request, path_known);
    return route != nullptr ? std::string(route->where) : "portal.other";
}

HttpReply GuestPortal::handle(const HttpRequest& request) {
    if (request.path == "/" || request.path == "/guest" || request.path == "/guest/") {
        return redirect(302, "/guest/login");
    }
    bool path_known = false;
    const Route* route = route_of(request, path_known);
    if (route == nullptr) {
        if (path_known)
            return portal_error(405, "Method not allowed", "This page does not take that method.");
        return portal_error(404, "Page not found", "There is no such page.");
    }
    Visit visit{request, parse_form(request.body), nullptr, nullptr};
    visit.session = sign_ins_.find(field(request.cookies, kSessionCookie));
    return admit(*route, visit);
}

/// Who may see the page: the right stage of a living session, a fresh form, and the session's own
/// order.
HttpReply GuestPortal::admit(const Route& route, Visit& visit) {
    const bool posted = route.method == "POST";
    if (route.stage != Stage::anonymous) {
        if (visit.session == nullptr || visit.session->stage != route.stage)
            return redirect(302, "/guest/login");
        if (route.stage == Stage::signed_in) {
            if (sign_ins_.expired(*visit.session)) {
                sign_ins_.end(*visit.session);
                return redirect(302, "/guest/login?expired=1");
            }
            visit.order = world_.find(visit.session->order_id);
            if (visit.order == nullptr) return redirect(302, "/guest/login");
        }
    }
    if (posted) {
        const std::string& token = field(visit.form, "csrf_token");
        const bool fresh =
            visit.session != nullptr && !token.empty() && token == visit.session->csrf;
        const bool own = !visit.order || route.handler == &GuestPortal::logout ||
                         field(visit.form, "order_id") == visit.session->order_id;
        if (!fresh || !own) {
            return portal_error(403, "Form expired",
                                "This form is no longer valid. Please open the page again.",
                                visit.session);
        }
    }
    return (this->*route.handler)(visit);
}

HttpReply GuestPortal::instead(const Fault& fault, const HttpRequest& request) {
    if (fault.is("rate_limit")) {
        return with_header(
            portal_error(429, "Too many attempts", refusal_text(Refusal::rate_limited, "")),
            "Retry-After", fault.detail.empty() ? kRetryAfter : fault.detail);
    }
    if (fault.is("maintenance")) {
        return with_header(
            portal_error(503, "Maintenance",
                         "The guest portal is down for maintenance. Please try again later."),
            "Retry-After", fault.detail.empty() ? kMaintenanceRetryAfter : fault.detail);
    }
    if (fault.is("captcha")) return portal_page("captcha", "Are you human?", PageData(), nullptr);
    if (fault.is("wrong_page")) return portal_page("news", "Announcements", PageData(), nullptr);
    if (auto reply = redirect_under(fault, request, "/guest/login")) return std::move(*reply);
    if (fault.is("other_order")) return other_order_page(request);
    if (fault.is("login_page")) {
        Visit visit{request, Fields(), nullptr, nullptr};
        return login_page(visit);
    }
    return portal_error(500, "Error", "Something went wrong. Please try again later.");
}

HttpReply GuestPortal::refused(unsigned status) {
    if (status == 413) return portal_error(413, "Too large", "The request is too large.");
    return portal_error(status, "Bad request", "The request could not be understood.");
}

HttpReply GuestPortal::refusal_page(const Visit& visit, Refusal refusal,
                                    const std::string& title) const {
    const std::string status = visit.order != nullptr ? visit.order->status : "";
    return portal_error(200, title, refusal_text(refusal, status), visit.session);
}

HttpReply GuestPortal::help(Visit& visit) {
    const bool signed_in = visit.session != nullptr && visit.session->stage == Stage::signed_in;
    return portal_page("news", "Help", PageData(), signed_in ? visit.session : nullptr);
}

}  // namespace cabroker::sim
