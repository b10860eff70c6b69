// The Certificate Desk's routes, who may see what, and its frame.
#include "sim/desk_portal.hpp"

#include <array>

#include "sim/multipart.hpp"

namespace cabroker::sim {
namespace {

constexpr const char* kDeskCookie = "ZSSITZUNG";
constexpr const char* kStale = "Diese Seite ist veraltet. Bitte laden Sie sie neu.";

HttpReply with_cookie(HttpReply reply, const DeskSession& session) {
    reply.headers.emplace_back(
        "Set-Cookie", std::string(kDeskCookie) + "=" + session.id + "; Path=/zs; Secure; HttpOnly");
    return reply;
}

}  // namespace

struct DeskPortal::Route {
    std::string_view method;
    std::string_view pattern;
    /// The name for faults.
    std::string_view where;
    bool signed_in;
    /// The first open part is an order's handle.
    bool of_order;
    HttpReply (DeskPortal::*handler)(Visit&);
};

struct DeskPortal::Found {
    const Route* route = nullptr;
    std::vector<std::string> parts;
    bool path_known = false;
};

DeskPortal::Found DeskPortal::route_of(const HttpRequest& request) {
    using P = DeskPortal;
    static const std::array<Route, 15> routes = {{
        {"GET", "/zs/anmeldung", "desk_portal.login.page", false, false, &P::login_page},
        {"POST", "/zs/anmelden", "desk_portal.login.submit", false, false, &P::login_submit},
        {"GET", "/zs/start", "desk_portal.start.page", true, false, &P::start},
        {"GET", "/zs/suche", "desk_portal.search.page", true, false, &P::search},
        {"GET", "/zs/vorgang/*", "desk_portal.order.page", true, true, &P::order_page},
        {"GET", "/zs/vorgang/*/neu", "desk_portal.reissue.page", true, true, &P::reissue_page},
        {"POST", "/zs/vorgang/*/neu", "desk_portal.reissue.submit", true, true, &P::reissue_submit},
        {"POST", "/zs/vorgang/*/neu/absenden", "desk_portal.reissue.confirm", true, true,
         &P::reissue_confirm},
        {"GET", "/zs/vorgang/*/widerruf", "desk_portal.revoke.page", true, true, &P::revoke_page},
        {"POST", "/zs/vorgang/*/widerruf", "desk_portal.revoke.submit", true, true,
         &P::revoke_submit},
        {"POST", "/zs/vorgang/*/widerruf/absenden", "desk_portal.revoke.confirm", true, true,
         &P::revoke_confirm},
        {"GET", "/zs/vorgang/*/ruecknahme", "desk_portal.cancel.page", true, true, &P::cancel_page},
        {"POST", "/zs/vorgang/*/ruecknahme", "desk_portal.cancel.submit", true, true,
         &P::cancel_submit},
        {"GET", "/zs/datei/*/*", "desk_portal.download", true, true, &P::download},
        {"GET", "/zs/abmelden", "desk_portal.logout", true, false, &P::logout},
    }};
    Found found;
    const std::string_view method =
        request.method == "HEAD" ? "GET" : std::string_view(request.method);
    for (const Route& route : routes) {
        if (!path_fits(route.pattern, request.path, found.parts)) continue;
        found.path_known = true;
        found.route = &route;
        if (route.method == method) return found;
    }
    found.route = nullptr;
    return found;
}

std::string DeskPortal::where(const HttpRequest& request) const {
    const Found found = route_of(request);
    return found.route != nullptr ? std::string(found.route->where) : "desk_portal.other";
}

HttpReply DeskPortal::handle(const HttpRequest& request) {
    world_.settle();
    if (request.path == "/" || request.path == "/zs" || request.path == "/zs/") {
        return redirect(302, "/zs/anmeldung");
    }
    Found found = route_of(request);
    Visit visit{request, Fields(), std::move(found.parts), nullptr, nullptr};
    visit.session = sessions_.find(field(request.cookies, kDeskCookie));
    if (found.route == nullptr) {
        if (found.path_known) return banner(visit, 405, "Diese Seite versteht das nicht.");
        return banner(visit, 404, "Diese Seite gibt es nicht.");
    }
    return admit(*found.route, visit);
}

HttpReply DeskPortal::admit(const Route& route, Visit& visit) {
    DeskSession* session = visit.session;
    if (route.signed_in) {
        if (session == nullptr || session->login == nullptr) return redirect(302, "/zs/anmeldung");
        if (sessions_.expired(*session)) {
            sessions_.end(*session);
            return redirect(302, "/zs/anmeldung?grund=abgelaufen");
        }
        sessions_.prolong(*session);
    }
    if (route.of_order) {
        visit.order = order_of(visit.parts.front(), *session->login);
        if (visit.order == nullptr) return banner(visit, 404, "Diese Seite gibt es nicht.");
    }
    if (route.method == "POST") {
        visit.form =
            parse_any_form(field(visit.request.headers, "content-type"), visit.request.body);
        const std::string& key = field(visit.form, "schluessel");
        if (session == nullptr || key.empty() || key != session->key) {
            return banner(visit, 403, kStale);
        }
        if (session->login != nullptr && session->login->role == Role::view && route.signed_in) {
            return banner(visit, 403, "Ihre Kennung darf das nicht.");
        }
    }
    return (this->*route.handler)(visit);
}

std::string DeskPortal::handle_of(const Order& order) {
    const std::string& id = order.facts.supplier_order_id;
    auto known = handles_.find(id);
    if (known == handles_.end()) {
        known = handles_.emplace(id, random_.hex(8)).first;
        orders_.emplace(known->second, id);
    }
    return known->second;
}

Order* DeskPortal::order_of(const std::string& handle, const Login& login) {
    const auto known = orders_.find(handle);
    Order* order = known == orders_.end() ? nullptr : world_.find(known->second);
    return order != nullptr && order->facts.account == login.account ? order : nullptr;
}

HttpReply DeskPortal::page(Visit& visit, std::string_view name, PageData data, Frame frame) {
    if (visit.session == nullptr) visit.session = &sessions_.open();
    DeskSession& session = *visit.session;
    sessions_.renew_key(session);
    PageData layout;
    layout.text("key", session.key).text("title", frame.title).text("heading", frame.heading);
    layout.text("error", frame.error).flag("meta_charset", !frame.charset_in_header);
    if (frame.error.empty()) layout.text("done", std::exchange(session.done, ""));
    if (session.login != nullptr) layout.text("login", session.login->name);
    layout.text("content", render("desk/" + std::string(name), data));
    HttpReply reply;
    reply.status = frame.status;
    set_header(reply, "Content-Type",
               frame.charset_in_header ? "text/html; charset=ISO-8859-1" : "text/html");
    set_header(reply, "Cache-Control", "no-store");
    reply.body = latin1_page(render("desk/layout", layout));
    return field(visit.request.cookies, kDeskCookie) == session.id
               ? reply
               : with_cookie(std::move(reply), session);
}

HttpReply DeskPortal::banner(Visit& visit, unsigned status, const std::string& error) {
    const bool inside = visit.session != nullptr && visit.session->login != nullptr;
    PageData data;
    data.text("link", inside ? "start" : "anmeldung");
    Frame frame;
    frame.title = "Hinweis";
    frame.heading = "Hinweis";
    frame.error = error;
    frame.status = status;
    return page(visit, "text", std::move(data), std::move(frame));
}

HttpReply DeskPortal::login_form(Visit& visit, const std::string& error) {
    // A session that was signed in is not the one to sign in again with.
    if (visit.session == nullptr || visit.session->login != nullptr) {
        visit.session = &sessions_.open();
    }
    sessions_.prolong(*visit.session);
    PageData data;
    data.text("login_name", as_utf8(field(visit.form, "kennung")));
    Frame frame;
    frame.title = "Anmeldung";
    frame.heading = "Anmeldung";
    frame.error = error;
    frame.charset_in_header = true;
    return page(visit, "login", std::move(data), std::move(frame));
}

HttpReply DeskPortal::login_page(Visit& visit) {
    const bool expired = field(visit.request.query, "grund") == "abgelaufen";
    return login_form(visit,
                      expired ? "Ihre Sitzung ist abgelaufen. Bitte melden Sie sich neu an." : "");
}

HttpReply DeskPortal::login_submit(Visit& visit) {
    const PasswordVerdict verdict =
        sessions_.sign_in(*visit.session, as_utf8(trimmed(field(visit.form, "kennung"))),
                          as_utf8(field(visit.form, "kennwort")));
    if (verdict == PasswordVerdict::wrong) {
        return login_form(visit, "Kennung oder Kennwort ist falsch.");
    }
    if (verdict == PasswordVerdict::locked) {
        return login_form(visit, "Die Kennung ist für 15 Minuten gesperrt.");
    }
    return with_cookie(redirect(302, "/zs/start"), *visit.session);
}

HttpReply DeskPortal::logout(Visit& visit) {
    sessions_.end(*visit.session);
    visit.session = nullptr;
    PageData data;
    data.text("text", "Sie sind abgemeldet.").text("link", "anmeldung");
    Frame frame;
    frame.title = "Abmeldung";
    frame.heading = "Abmeldung";
    return page(visit, "text", std::move(data), std::move(frame));
}

HttpReply DeskPortal::instead(const Fault& fault, const HttpRequest& request) {
    Visit visit{request, Fields(), {}, nullptr, nullptr};
    visit.session = sessions_.find(field(request.cookies, kDeskCookie));
    if (auto reply = redirect_under(fault, request, "/zs/anmeldung")) return std::move(*reply);
    if (fault.is("rate_limit") || fault.is("maintenance")) {
        const bool busy = fault.is("rate_limit");
        HttpReply reply =
            banner(visit, busy ? 429 : 503, busy ? "Zu viele Anfragen." : "Wartungsarbeiten.");
        set_header(reply, "Retry-After",
                   !fault.detail.empty() ? fault.detail
                   : busy                ? "30"
                                         : "600");
        return reply;
    }
    if (fault.is("login_page")) return login_form(visit, "");
    if (fault.is("captcha"))
        return banner(visit, 200, "Bitte zeigen Sie, dass Sie ein Mensch sind.");
    if (fault.is("wrong_page")) {
        PageData data;
        data.text("text", "Der Schalter hat neue Öffnungszeiten.").text("link", "start");
        Frame frame;
        frame.title = "Neuigkeiten";
        frame.heading = "Neuigkeiten";
        return page(visit, "text", std::move(data), std::move(frame));
    }
    if (fault.is("other_order")) {
        const auto own = orders_.find([&] {
            std::vector<std::string> parts = split(request.path, '/');
            return parts.size() > 3 ? parts[3] : std::string();
        }());
        for (const auto& order : world_.orders()) {
            if (own != orders_.end() && order->facts.supplier_order_id == own->second) continue;
            visit.order = order.get();
            return order_page(visit);
        }
    }
    return banner(visit, 500, "Interner Fehler.");
}

HttpReply DeskPortal::refused(unsigned status) {
    HttpRequest nothing;
    Visit visit{nothing, Fields(), {}, nullptr, nullptr};
    return banner(visit, status, status == 413 ? "Die Anfrage ist zu groß." : "Ungültige Anfrage.");
}

}  // namespace cabroker::sim
