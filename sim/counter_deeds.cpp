// What programs ask the Counter for: rekey, take back, revoke. JSON answers.
#include <boost/json.hpp>

#include "sim/counter_parts.hpp"

namespace cabroker::sim {
namespace {

namespace js = boost::json;

HttpReply json(unsigned status, const js::object& object) {
    HttpReply reply;
    reply.status = status;
    set_header(reply, "Content-Type", "application/json; charset=utf-8");
    reply.body = js::serialize(object);
    return reply;
}

HttpReply trouble_of(Refusal refusal) {
    switch (refusal) {
        case Refusal::already_pending:
            return counter_trouble(200, "already-rekeying", "A rekeying is on its way already.");
        case Refusal::nothing_pending:
            return counter_trouble(200, "nothing-to-take-back", "No rekeying is on its way.");
        case Refusal::csr_weak_key:
            return counter_trouble(200, "weak-key", "The key is too weak.");
        case Refusal::csr_name_mismatch:
            return counter_trouble(200, "wrong-name", "The CSR is for another name.");
        case Refusal::csr_private_key:
            return counter_trouble(200, "private-key", "Keep your private key to yourself.");
        case Refusal::csr_missing:
        case Refusal::csr_unreadable:
        case Refusal::csr_bad_signature:
            return counter_trouble(200, "bad-csr", "We cannot use that CSR.");
        case Refusal::method_unknown:
        case Refusal::method_not_for_wildcard:
            return counter_trouble(200, "bad-proof", "That proof will not do.");
        case Refusal::revoke_disabled:
            return counter_trouble(200, "not-allowed", "Not allowed for this order.");
        default:
            return counter_trouble(200, "not-now",
                                   "The order does not stand so that this could be done.");
    }
}

std::string method_of(std::string_view proof) {
    if (proof == "mail") return "email";
    if (proof == "txt") return "dns-txt-token";
    if (proof == "cname") return "dns-cname-token";
    return proof == "file" ? "http-token" : "";
}

}  // namespace

HttpReply counter_trouble(unsigned status, const char* word, const char* say) {
    js::object told;
    told["word"] = word;
    told["say"] = say;
    js::object out;
    out["done"] = false;
    out["trouble"] = std::move(told);
    return json(status, out);
}

/// What stands after something was done.
HttpReply CounterPortal::answer(Visit& visit) {
    Order& order = *visit.order;
    js::object out;
    out["done"] = true;
    out["order"] = order.facts.supplier_order_id;
    out["stands"] = stands_of(order.status);
    out["stamp"] = stamp_of(*visit.session, order);
    js::array proofs;
    if (const Reissue* pending = order.pending_reissue()) {
        for (const ValidationToken& token : pending->tokens) {
            js::object proof;
            proof["for"] = token.domain;
            proof["kind"] = proof_of(pending->method);
            proof["put_at"] = token.where;
            proof["value"] = token.value;
            proof["until"] = mail_date(token.until);
            proofs.push_back(std::move(proof));
        }
    }
    out["proofs"] = std::move(proofs);
    return json(200, out);
}

HttpReply CounterPortal::rekey(Visit& visit) {
    ReissueForm form;
    form.csr = field(visit.form, "csr");
    form.method = method_of(field(visit.form, "proof"));
    form.reason = trimmed(field(visit.form, "why"));
    form.via = "extra";
    if (form.reason.empty()) return counter_trouble(200, "say-why", "Say why.");
    if (const auto refusal = world_.submit_reissue(*visit.order, form)) return trouble_of(*refusal);
    return answer(visit);
}

HttpReply CounterPortal::take_back(Visit& visit) {
    const std::string why = trimmed(field(visit.form, "why"));
    if (why.empty()) return counter_trouble(200, "say-why", "Say why.");
    if (const auto refusal = world_.cancel_reissue(*visit.order, why, "extra")) {
        return trouble_of(*refusal);
    }
    return answer(visit);
}

HttpReply CounterPortal::revoke(Visit& visit) {
    const std::string why = trimmed(field(visit.form, "why"));
    if (why.empty()) return counter_trouble(200, "say-why", "Say why.");
    if (field(visit.form, "sure") != "yes")
        return counter_trouble(200, "not-sure", "Are you sure?");
    if (const auto refusal = world_.revoke(*visit.order, why, "extra")) {
        return trouble_of(*refusal);
    }
    return answer(visit);
}

}  // namespace cabroker::sim
