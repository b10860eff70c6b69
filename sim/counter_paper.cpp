// The Counter's paper and files.
#include <array>

#include "sim/counter_parts.hpp"

namespace cabroker::sim {
namespace {

void put_counter_certificate(PageData& data, const Order& order) {
    if (order.certificates.empty()) return;
    const Certificate& newest = order.certificates.back();
    data.text("serial", newest.serial).text("from", mail_date(newest.not_before));
    data.text("to", mail_date(newest.not_after));
}

void put_rekeyings(PageData& data, Order& order) {
    if (const Reissue* pending = order.pending_reissue()) {
        data.flag("pending", true);
        for (const ValidationToken& token : pending->tokens) {
            Fields row;
            row["domain"] = token.domain;
            row["kind"] = proof_of(pending->method);
            row["where"] = token.where;
            row["value"] = token.value;
            row["until"] = mail_date(token.until);
            data.row("proofs", std::move(row));
        }
    }
    data.flag("history", !order.reissues.empty());
    for (const Reissue& reissue : order.reissues) {
        Fields row;
        row["when"] = mail_date(reissue.requested_at);
        row["why"] = as_utf8(reissue.reason);
        row["condition"] = reissue.state == "canceled" ? "taken-back"
                           : reissue.state == "issued" ? "made"
                                                       : "waiting";
        row["rekey_serial"] = reissue.serial;
        data.row("rekeyings", std::move(row));
    }
}

}  // namespace

HttpReply counter_page(unsigned status, const std::string& name, const PageData& data,
                       const std::string& trouble) {
    PageData layout;
    layout.text("page", name).text("trouble", trouble);
    layout.text("content", render("counter/" + name, data));
    HttpReply reply;
    reply.status = status;
    set_header(reply, "Content-Type", "text/html; charset=utf-8");
    reply.body = render("counter/layout", layout);
    return reply;
}

HttpReply counter_note(unsigned status, const std::string& text) {
    PageData data;
    data.text("text", text);
    return counter_page(status, "note", data, "");
}

std::string stands_of(const std::string& status) {
    static constexpr std::array<std::pair<std::string_view, const char*>, 10> kWords = {{
        {"pending", "QUEUED"},
        {"processing", "CHECKING"},
        {"rejected", "REFUSED"},
        {"issued", "LIVE"},
        {"reissue_pending", "REKEYING"},
        {"revoked", "DEAD"},
        {"canceled", "DROPPED"},
        {"needs_csr", "NO-KEY"},
        {"needs_approval", "SIGN-OFF"},
        {"expired", "LAPSED"},
    }};
    for (const auto& [known, word] : kWords) {
        if (known == status) return word;
    }
    return upper(status);
}

std::string proof_of(std::string_view method) {
    if (method == "dns-txt-token") return "txt";
    if (method == "dns-cname-token") return "cname";
    return method == "http-token" ? "file" : "mail";
}

std::string stamp_of(const Session& session, const Order& order) {
    return session.csrf.substr(0, 8) + "-" + std::to_string(order.books.effects.size()) + "-" +
           std::to_string(order.certificates.size());
}

HttpReply CounterPortal::paper(Visit& visit) {
    Order& order = *visit.order;
    PageData data;
    data.text("number", order.facts.supplier_order_id).text("name", order.facts.common_name);
    for (const std::string& name : order.names()) {
        Fields row;
        row["other"] = name;
        if (name != order.facts.common_name) data.row("others", std::move(row));
    }
    data.text("stands", stands_of(order.status)).text("stamp", stamp_of(*visit.session, order));
    if (order.revoked_at) {
        data.text("dead_since", mail_date(*order.revoked_at));
        data.text("dead_because", as_utf8(order.revocation_reason));
    }
    put_counter_certificate(data, order);
    put_rekeyings(data, order);
    return counter_page(200, "paper", data, "");
}

HttpReply CounterPortal::file(Visit& visit) {
    const std::optional<ChainPem> chain = world_.chain_of(*visit.order);
    if (!chain) return counter_note(404, "There is no certificate yet.");
    const std::string& as = field(visit.request.query, "as");
    const char* format = as == "chain"        ? "pem_noroot"
                         : as == "chain+root" ? "pem_all"
                         : as == "leaf"       ? "pem_nointermediate"
                         : as == "p7b"        ? "p7b"
                         : as == "zip"        ? "default"
                                              : "";
    const auto made = make_download(format, *chain, "certificate");
    if (!made) return counter_note(404, "We have no such file.");
    ++visit.order->books.downloads;
    HttpReply reply;
    set_header(reply, "Content-Type", made->content_type);
    reply.body = made->octets;
    return reply;
}

}  // namespace cabroker::sim
