// The guest portal's way in: e-mail and order, access code, out again.
#include "json/time_text.hpp"
#include "sim/guest_portal.hpp"

namespace cabroker::sim {
namespace {

/// `h***@example.com`: enough to know one's own address.
std::string masked(const std::string& address) {
    const std::size_t at = address.find('@');
    if (at == std::string::npos || at == 0) return "***";
    return address.substr(0, 1) + "***" + address.substr(at);
}

std::string attempts_text(int left) {
    return "The access code is not correct. You have " + std::to_string(left) +
           (left == 1 ? " attempt left." : " attempts left.");
}

}  // namespace

HttpReply GuestPortal::login_form(Session& session, const Visit& visit, const std::string& error) {
    PageData data;
    data.text("error", error);
    data.text("email", field(visit.form, "email"));
    data.text("identifier", field(visit.form, "order_identifier"));
    if (field(visit.request.query, "expired") == "1") {
        data.text("notice", "Your session has expired. Please sign in again.");
    }
    HttpReply reply = portal_page("login", "Sign in", std::move(data), &session);
    set_session_cookie(reply, session);
    return reply;
}

HttpReply GuestPortal::login_page(Visit& visit) {
    // A visitor who is further already starts anew; the old session lives until it is left or ends.
    const bool usable = visit.session != nullptr && visit.session->stage == Stage::anonymous &&
                        !sign_ins_.expired(*visit.session);
    Session& session = usable ? *visit.session : sign_ins_.open_anonymous();
    return login_form(session, visit, "");
}

HttpReply GuestPortal::login_submit(Visit& visit) {
    const std::string email = trimmed(field(visit.form, "email"));
    const std::string identifier = trimmed(field(visit.form, "order_identifier"));
    if (visit.session->stage != Stage::anonymous) return redirect(302, "/guest/login");
    if (sign_ins_.expired(*visit.session)) return redirect(302, "/guest/login?expired=1");
    if (email.empty() || identifier.empty()) {
        return login_form(*visit.session, visit,
                          "Enter your e-mail address and a common name or order ID.");
    }
    const std::optional<Refusal> refusal = sign_ins_.start(*visit.session, email, identifier);
    if (refusal == Refusal::rate_limited) {
        HttpReply reply = portal_error(429, "Too many attempts", refusal_text(*refusal, ""));
        reply.headers.emplace_back("Retry-After", "600");
        return reply;
    }
    if (refusal) return refusal_page(visit, *refusal, "Sign-in failed");
    HttpReply reply = redirect(303, "/guest/code");
    set_session_cookie(reply, *visit.session);
    return reply;
}

HttpReply GuestPortal::code_form(Session& session, const std::string& error) {
    PageData data;
    data.text("error", error);
    data.text("contact", masked(session.contact)).text("reference", session.reference);
    data.text("attempts", std::to_string(session.attempts_left));
    Fields times;
    set_time(times, "expires", session.expires_at);
    for (auto& [name, value] : times) data.text(name, value);
    return portal_page("code", "Access code", std::move(data), &session);
}

HttpReply GuestPortal::code_page(Visit& visit) {
    if (sign_ins_.expired(*visit.session)) {
        return portal_error(200, "Sign-in failed",
                            "The access code has expired. Sign in again to get a new code.");
    }
    return code_form(*visit.session, "");
}

HttpReply GuestPortal::code_submit(Visit& visit) {
    switch (sign_ins_.try_code(*visit.session, field(visit.form, "auth_code"))) {
        case CodeVerdict::right: {
            HttpReply reply = redirect(303, "/guest/order");
            set_session_cookie(reply, *visit.session);
            return reply;
        }
        case CodeVerdict::wrong:
            return code_form(*visit.session, attempts_text(visit.session->attempts_left));
        case CodeVerdict::dead:
            return portal_error(
                200, "Sign-in failed",
                "The access code is not correct. You have no attempts left. Sign in again to "
                "get a new code.");
        case CodeVerdict::expired:
            break;
    }
    return portal_error(200, "Sign-in failed",
                        "The access code has expired. Sign in again to get a new code.");
}

HttpReply GuestPortal::logout(Visit& visit) {
    sign_ins_.end(*visit.session);
    HttpReply reply = portal_page("signed-out", "Signed out", PageData(), nullptr);
    reply.headers.emplace_back(
        "Set-Cookie", "guest_session=; Path=/guest; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
    return reply;
}

}  // namespace cabroker::sim
