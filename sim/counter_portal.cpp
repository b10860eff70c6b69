// The Counter's ways in, and its faults.
#include <array>

#include "sim/counter_parts.hpp"

namespace cabroker::sim {
namespace {

constexpr const char* kCounterCookie = "visit";
constexpr const char* kClosed = "The Counter is closed. Come back later.";

std::string mail_subject(const Session& session) {
    return "[Counter] your one-time word, slip " + session.reference;
}

std::string mail_body(const Session& session, const Order& order, domain::Duration /*ttl*/) {
    return "Somebody knocked at the Counter for " + order.facts.common_name + " (paper " +
           session.order_id + ").\n\nSay this word: " + session.code +
           "\nYour slip: " + session.reference + "\n\nIf it was not you, do nothing.\n";
}

void set_cookie(HttpReply& reply, const Session& session) {
    reply.headers.emplace_back("Set-Cookie", std::string(kCounterCookie) + "=" + session.id +
                                                 "; Path=/counter; Secure; HttpOnly; "
                                                 "SameSite=Strict");
}

}  // namespace

CodeStyle counter_code_style() {
    CodeStyle style;
    style.lowercase = true;
    style.from_name = "The Counter";
    style.from = "counter@trust-counter.example";
    style.subject = mail_subject;
    style.body = mail_body;
    return style;
}

struct CounterPortal::Route {
    std::string_view method;
    std::string_view key;
    std::string_view value;
    /// The name for faults.
    std::string_view where;
    bool inside;
    HttpReply (CounterPortal::*handler)(Visit&);
};

const CounterPortal::Route* CounterPortal::route_of(const HttpRequest& request) {
    using P = CounterPortal;
    static const std::array<Route, 8> routes = {{
        {"GET", "show", "door", "extra.door.page", false, &P::door},
        {"POST", "do", "knock", "extra.door.submit", false, &P::knock},
        {"POST", "do", "word", "extra.word.submit", false, &P::word},
        {"GET", "show", "paper", "extra.paper.page", true, &P::paper},
        {"GET", "show", "file", "extra.file", true, &P::file},
        {"PUT", "do", "rekey", "extra.rekey", true, &P::rekey},
        {"DELETE", "do", "rekey", "extra.take_back", true, &P::take_back},
        {"DELETE", "do", "order", "extra.revoke", true, &P::revoke},
    }};
    if (request.path != "/counter") return nullptr;
    for (const Route& route : routes) {
        if (route.method == request.method && field(request.query, route.key) == route.value) {
            return &route;
        }
    }
    return nullptr;
}

std::string CounterPortal::where(const HttpRequest& request) const {
    const Route* route = route_of(request);
    return route != nullptr ? std::string(route->where) : "extra.other";
}

HttpReply CounterPortal::handle(const HttpRequest& request) {
    Visit visit{request, parse_form(request.body), nullptr, nullptr};
    visit.session = sign_ins_.find(field(request.cookies, kCounterCookie));
    const Route* route = route_of(request);
    if (route == nullptr) {
        if (request.path == "/" || request.target == "/counter") {
            return redirect(302, "/counter?show=door");
        }
        return counter_note(404, "We do not know what you mean.");
    }
    if (!route->inside) return (this->*route->handler)(visit);
    Session* session = visit.session;
    if (session != nullptr && session->stage == Stage::signed_in && !sign_ins_.expired(*session)) {
        visit.order = world_.find(session->order_id);
    }
    const bool reads = route->method == "GET";
    if (visit.order == nullptr) {
        if (!reads) return counter_trouble(401, "visit-over", "Come in by the door first.");
        return counter_page(401, "door", PageData(), "Your visit is over. Knock again.");
    }
    if (!reads && field(visit.form, "stamp") != stamp_of(*session, *visit.order)) {
        return counter_trouble(200, "stale-stamp", "The paper has another stamp now.");
    }
    return (this->*route->handler)(visit);
}

HttpReply CounterPortal::door(Visit& /*visit*/) {
    return counter_page(200, "door", PageData(), "");
}

HttpReply CounterPortal::knock(Visit& visit) {
    Session& session = sign_ins_.open_anonymous();
    const auto refusal = sign_ins_.start(session, trimmed(field(visit.form, "contact")),
                                         trimmed(field(visit.form, "order")));
    if (!refusal) {
        HttpReply reply = word_form(session, "");
        set_cookie(reply, session);
        return reply;
    }
    sign_ins_.end(session);
    switch (*refusal) {
        case Refusal::wrong_contact:
            return counter_page(200, "door", PageData(),
                                "That contact does not belong to the order.");
        case Refusal::guest_access_disabled:
            return counter_page(200, "door", PageData(),
                                "This order is not served at the Counter.");
        case Refusal::guest_access_unapproved:
            return counter_page(200, "door", PageData(),
                                "This order waits for its owner's consent.");
        case Refusal::rate_limited:
            return counter_page(429, "door", PageData(), "You knock too often.");
        default:
            return counter_page(200, "door", PageData(), "We have no such order.");
    }
}

HttpReply CounterPortal::word_form(const Session& session, const std::string& trouble) {
    PageData data;
    data.text("slip", session.reference).text("until", mail_date(session.expires_at));
    data.text("tries", std::to_string(session.attempts_left));
    return counter_page(200, "word", data, trouble);
}

HttpReply CounterPortal::word(Visit& visit) {
    Session* session = visit.session;
    if (session == nullptr || session->stage != Stage::code_sent ||
        field(visit.form, "slip") != session->reference) {
        return counter_page(200, "door", PageData(), "That slip is not good. Knock again.");
    }
    const CodeVerdict verdict = sign_ins_.try_code(*session, field(visit.form, "word"));
    if (verdict == CodeVerdict::wrong) return word_form(*session, "That is not the word.");
    if (verdict == CodeVerdict::dead) {
        return counter_page(200, "door", PageData(), "That was not the word either. Knock again.");
    }
    if (verdict == CodeVerdict::expired) {
        return counter_page(200, "door", PageData(), "The word is too old. Knock again.");
    }
    visit.order = world_.find(session->order_id);
    HttpReply reply = paper(visit);
    set_cookie(reply, *session);
    return reply;
}

Order* CounterPortal::other_than(const Order* order) const {
    for (const auto& other : world_.orders()) {
        if (other.get() != order) return other.get();
    }
    return nullptr;
}

HttpReply CounterPortal::instead(const Fault& fault, const HttpRequest& request) {
    const bool program = request.method == "PUT" || request.method == "DELETE";
    if (auto reply = redirect_under(fault, request, "/counter?show=door")) {
        return std::move(*reply);
    }
    if (fault.is("rate_limit") || fault.is("maintenance")) {
        const bool busy = fault.is("rate_limit");
        const unsigned status = busy ? 429 : 503;
        HttpReply reply = program ? counter_trouble(status, busy ? "too-busy" : "closed", kClosed)
                                  : counter_page(status, "door", PageData(), kClosed);
        set_header(reply, "Retry-After",
                   !fault.detail.empty() ? fault.detail
                   : busy                ? "30"
                                         : "600");
        return reply;
    }
    if (fault.is("login_page")) return counter_page(200, "door", PageData(), "");
    if (fault.is("captcha")) return counter_note(200, "Are you a human being?");
    if (fault.is("wrong_page")) return counter_note(200, "The Counter has news.");
    if (fault.is("other_order")) {
        Visit visit{request, Fields(), sign_ins_.find(field(request.cookies, kCounterCookie)),
                    nullptr};
        if (visit.session != nullptr) {
            visit.order = other_than(world_.find(visit.session->order_id));
            if (visit.order != nullptr) return program ? answer(visit) : paper(visit);
        }
    }
    return program ? counter_trouble(500, "broken", "Something broke.")
                   : counter_note(500, "Something broke.");
}

HttpReply CounterPortal::refused(unsigned status) {
    return counter_note(status, "We cannot take that.");
}

}  // namespace cabroker::sim
