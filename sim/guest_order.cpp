// The guest portal's order page and its downloads.
#include <algorithm>

#include "sim/guest_portal.hpp"

namespace cabroker::sim {
namespace {

void put(PageData& data, Fields fields) {
    for (auto& [name, value] : fields) data.text(name, std::move(value));
}

void put_certificate(PageData& data, const Order& order) {
    if (order.certificates.empty()) return;
    const Certificate& current = order.certificates.back();
    Fields fields;
    set_time(fields, "valid_from", current.not_before);
    set_time(fields, "valid_until", current.not_after);
    put(data, std::move(fields));
    data.flag("certificate", true).text("serial", current.serial);
    for (const FormatName& format : download_formats()) {
        Fields row;
        row["format"] = format.format;
        row["label"] = format.label;
        data.row("formats", std::move(row));
    }
}

void put_reissues(PageData& data, const Order& order) {
    data.flag("history", !order.reissues.empty());
    for (auto reissue = order.reissues.rbegin(); reissue != order.reissues.rend(); ++reissue) {
        Fields row;
        set_time(row, "requested", reissue->requested_at);
        row["state"] = reissue->state;
        row["method"] = reissue->method;
        row["reason"] = reissue->reason;
        row["note"] = reissue->note;
        row["reissue_serial"] = reissue->serial;
        data.row("reissues", std::move(row));
    }
}

void put_tokens(PageData& data, Order& order) {
    const Reissue* pending = order.pending_reissue();
    data.flag("pending", pending != nullptr);
    if (pending == nullptr) return;
    for (const ValidationToken& token : pending->tokens) {
        Fields row;
        row["domain"] = token.domain;
        row["method"] = pending->method;
        row["where"] = token.where;
        row["value"] = token.value;
        set_time(row, "until", token.until);
        data.row("tokens", std::move(row));
    }
}

/// `www_example_com`, `star_wild_example_net`.
std::string stem_of(const std::string& common_name) {
    std::string stem = common_name.starts_with("*") ? "star" + common_name.substr(1) : common_name;
    std::replace_if(
        stem.begin(), stem.end(),
        [](char c) { return !std::isalnum(static_cast<unsigned char>(c)) && c != '-'; }, '_');
    return stem;
}

}  // namespace

HttpReply GuestPortal::order_page(Visit& visit) {
    Order& order = *visit.order;
    PageData data;
    data.text("status", order.status).text("common_name", order.facts.common_name);
    data.text("order_id", order.facts.supplier_order_id).text("brand", order.facts.brand);
    data.text("product", order.facts.product);
    for (const std::string& name : order.names()) {
        Fields row;
        row["name"] = name;
        data.row("sans", std::move(row));
    }
    put_certificate(data, order);
    if (order.revoked_at) {
        Fields fields;
        set_time(fields, "revoked_at", *order.revoked_at);
        put(data, std::move(fields));
        data.flag("revoked", true).text("revocation_reason", order.revocation_reason);
    }
    data.flag("reissuable", order.status == "issued").flag("revocable", order.status == "issued");
    put_tokens(data, order);
    put_reissues(data, order);
    return portal_page("order", "Order " + order.facts.supplier_order_id, std::move(data),
                       visit.session);
}

HttpReply GuestPortal::other_order_page(const HttpRequest& request) {
    Visit visit{request, Fields(), sign_ins_.find(field(request.cookies, "guest_session")),
                nullptr};
    const std::string own = visit.session != nullptr ? visit.session->order_id : "";
    for (const auto& order : world_.orders()) {
        if (order->facts.supplier_order_id == own) continue;
        visit.order = order.get();
        return order_page(visit);
    }
    return portal_error(404, "Page not found", "There is no such page.");
}

HttpReply GuestPortal::download(Visit& visit) {
    Order& order = *visit.order;
    const std::optional<ChainPem> chain = world_.chain_of(order);
    if (!chain) return refusal_page(visit, Refusal::no_certificate, "Download not possible");
    std::optional<Download> file = make_download(field(visit.request.query, "format"), *chain,
                                                 stem_of(order.facts.common_name));
    if (!file) {
        return portal_error(404, "Download not possible", "This file type is not known.",
                            visit.session);
    }
    ++order.books.downloads;
    HttpReply reply;
    reply.headers.emplace_back("Content-Type", file->content_type);
    reply.headers.emplace_back("Content-Disposition",
                               "attachment; filename=\"" + file->file_name + "\"");
    reply.headers.emplace_back("Cache-Control", "no-store");
    reply.body = std::move(file->octets);
    return reply;
}

}  // namespace cabroker::sim
