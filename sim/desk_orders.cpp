// The Certificate Desk's reading side: start, search, order page, files.
#include <array>
#include <charconv>

#include "sim/desk_portal.hpp"

namespace cabroker::sim {
namespace {

constexpr std::size_t kPageSize = 25;

/// The desk's name of a file, and the format that it is.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kFiles = {{
    {"kette-mit-wurzel.pem", "pem_all"},
    {"kette.pem", "pem_noroot"},
    {"zertifikat.pem", "pem_nointermediate"},
    {"buendel.p7b", "p7b"},
    {"einzeln.zip", "default"},
    {"apache.zip", "apache"},
}};

std::string url_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (std::isalnum(octet) != 0 || c == '.' || c == '-') {
            out += c;
        } else {
            out += '%';
            out += hex_upper(std::string_view(&c, 1));
        }
    }
    return out;
}

std::string other_names(const Order& order) {
    std::string text;
    for (const std::string& name : order.names()) {
        if (name == order.facts.common_name) continue;
        if (!text.empty()) text += ", ";
        text += name;
    }
    return text.empty() ? "keine" : text;
}

std::string condition_of(const std::string& state) {
    if (state == "pending") return "offen";
    return state == "issued" ? "ausgeführt" : "zurückgenommen";
}

void put_certificates(PageData& data, const Order& order, const std::string& handle) {
    if (order.certificates.empty()) return;
    const Certificate& newest = order.certificates.back();
    data.text("valid_from", berlin_date(newest.not_before));
    data.text("valid_until", berlin_date(newest.not_after));
    data.text("serial", desk_serial(newest.serial));
    for (auto one = order.certificates.rbegin(); one != order.certificates.rend(); ++one) {
        Fields row;
        row["certificate_serial"] = desk_serial(one->serial);
        row["until"] = berlin_date(one->not_after);
        row["condition"] = one->revoked_at ? "widerrufen" : "gültig";
        row["why"] = as_utf8(one->revocation_reason);
        data.row("certificates", std::move(row));
    }
    for (const auto& [name, format] : kFiles) {
        Fields row;
        row["file"] = name;
        row["file_handle"] = handle;
        data.row("files", std::move(row));
    }
}

void put_desk_reissues(PageData& data, Order& order) {
    if (const Reissue* pending = order.pending_reissue()) {
        for (const ValidationToken& token : pending->tokens) {
            Fields row;
            row["domain"] = token.domain;
            row["method"] = desk_method(pending->method);
            row["where"] = token.where;
            row["value"] = token.value;
            row["until"] = berlin_date(token.until);
            data.row("tokens", std::move(row));
        }
    }
    data.flag("history", !order.reissues.empty());
    for (auto reissue = order.reissues.rbegin(); reissue != order.reissues.rend(); ++reissue) {
        Fields row;
        row["requested"] = berlin_date(reissue->requested_at);
        row["condition"] = condition_of(reissue->state);
        row["method"] = desk_method(reissue->method);
        row["reason"] = as_utf8(reissue->reason);
        row["note"] = as_utf8(reissue->note);
        row["reissue_serial"] = reissue->serial.empty() ? "" : desk_serial(reissue->serial);
        data.row("reissues", std::move(row));
    }
}

}  // namespace

HttpReply DeskPortal::start(Visit& visit) {
    PageData data;
    data.text("login_name", visit.session->login->name);
    Frame frame;
    frame.title = "Start";
    frame.heading = "Willkommen";
    frame.charset_in_header = true;
    return page(visit, "start", std::move(data), std::move(frame));
}

HttpReply DeskPortal::search(Visit& visit) {
    const std::string term = lower(trimmed(field(visit.request.query, "begriff")));
    const std::string& kind = field(visit.request.query, "feld");
    const std::string& at = field(visit.request.query, "seite");
    std::size_t seite = 0;
    std::from_chars(at.data(), at.data() + at.size(), seite);
    std::vector<Order*> hits;
    const auto consider = [&](Order* order) {
        if (order == nullptr || order->facts.account != visit.session->login->account) return;
        if (order->on_guest_portal()) hits.push_back(order);
    };
    if (kind == "auftrag") {
        consider(world_.find(upper(term)));
    } else if (!term.empty() && !term.starts_with('.')) {
        for (Order* order : world_.find_name(term)) consider(order);
    } else {
        for (const auto& order : world_.orders()) {
            if (order->facts.common_name.ends_with(term)) consider(order.get());
        }
    }
    PageData data;
    data.text("term", as_utf8(term)).flag("found", !hits.empty());
    const std::size_t first = std::min(seite, hits.size()) * kPageSize;
    for (std::size_t i = first; i < std::min(first + kPageSize, hits.size()); ++i) {
        Fields row;
        row["number"] = hits[i]->facts.supplier_order_id;
        row["name"] = hits[i]->facts.common_name;
        row["product"] = hits[i]->facts.product;
        row["state"] = desk_state(hits[i]->status);
        row["handle"] = handle_of(*hits[i]);
        data.row("hits", std::move(row));
    }
    if (first + kPageSize < hits.size()) {
        data.text("more", "suche?feld=domain&begriff=" + url_encoded(term) +
                              "&seite=" + std::to_string(seite + 1));
    }
    Frame frame;
    frame.title = "Suche";
    frame.heading = "Suche";
    frame.error = hits.empty() ? "Kein Auftrag gefunden." : "";
    frame.charset_in_header = true;
    return page(visit, "search", std::move(data), std::move(frame));
}

HttpReply DeskPortal::order_page(Visit& visit) {
    Order& order = *visit.order;
    const std::string handle = handle_of(order);
    PageData data;
    data.text("number", order.facts.supplier_order_id).text("name", order.facts.common_name);
    data.text("platform", order.facts.platform_order_id).text("names", other_names(order));
    data.text("brand", order.facts.brand).text("product", order.facts.product);
    data.text("state", desk_state(order.status)).text("handle", handle);
    data.flag("issued", order.status == "issued");
    data.flag("pending", order.pending_reissue() != nullptr);
    if (order.revoked_at) {
        data.text("revoked_at", berlin_date(*order.revoked_at));
        data.text("revocation_reason", as_utf8(order.revocation_reason));
    }
    put_certificates(data, order, handle);
    put_desk_reissues(data, order);
    Frame frame;
    frame.title = "Vorgang " + order.facts.supplier_order_id;
    frame.heading = frame.title;
    return page(visit, "order", std::move(data), std::move(frame));
}

HttpReply DeskPortal::download(Visit& visit) {
    Order& order = *visit.order;
    const std::optional<ChainPem> chain = world_.chain_of(order);
    if (!chain) return banner(visit, 409, desk_refusal(Refusal::no_certificate, order.status));
    for (const auto& [name, format] : kFiles) {
        if (name != visit.parts.back()) continue;
        ++order.books.downloads;
        HttpReply reply;
        set_header(reply, "Content-Type", "application/octet-stream");
        set_header(reply, "Content-Disposition", "attachment; filename=" + std::string(name));
        reply.body = make_download(format, *chain, "zertifikat")->octets;
        return reply;
    }
    return banner(visit, 404, "Diese Seite gibt es nicht.");
}

}  // namespace cabroker::sim
