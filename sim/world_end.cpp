// How things end in the world: reissues and orders canceled, orders and certificates revoked.
#include "sim/world.hpp"

namespace cabroker::sim {

std::optional<Refusal> World::cancel_reissue(Order& order, const std::string& note,
                                             std::string_view via) {
    Reissue* pending = order.pending_reissue();
    if (pending == nullptr || order.status != "reissue_pending") {
        ++order.books.refusals;
        return Refusal::nothing_pending;
    }
    pending->state = "canceled";
    pending->note = note;
    std::erase_if(due_, [&](const auto& due) { return due.second == &order; });
    order.status = "issued";
    ++order.books.cancels;
    order.record("cancel_reissue", note, via, clock_.now());
    notify(order, "Reissue canceled", "The pending reissue was canceled. " + note);
    return std::nullopt;
}

std::optional<Refusal> World::may_revoke(const Order& order) const {
    if (order.status == "reissue_pending") return Refusal::revoke_while_pending;
    if (order.status != "issued") return Refusal::not_revocable;
    if (!order.facts.revoke_allowed) return Refusal::revoke_disabled;
    return std::nullopt;
}

std::optional<Refusal> World::may_revoke(const Order& order, const Certificate* certificate) const {
    if (const auto refusal = may_revoke(order)) return refusal;
    if (certificate == nullptr) return Refusal::no_certificate;
    if (certificate->revoked_at) return Refusal::already_revoked;
    return std::nullopt;
}

std::optional<Refusal> World::revoke_certificate(Order& order, Certificate* certificate,
                                                 const std::string& reason, std::string_view via) {
    if (const auto refusal = may_revoke(order, certificate)) {
        ++order.books.refusals;
        return refusal;
    }
    certificate->revoked_at = clock_.now();
    certificate->revocation_reason = reason;
    ++order.books.certificate_revokes;
    order.record("revoke_certificate", reason, via, clock_.now());
    notify(order, "Certificate revoked", "A certificate of your order was revoked.");
    return std::nullopt;
}

std::optional<Refusal> World::cancel_order(Order& order, const std::string& note,
                                           std::string_view via) {
    if (order.status != "pending" && order.status != "waiting_pickup") {
        ++order.books.refusals;
        return Refusal::not_cancelable;
    }
    order.status = "canceled";
    ++order.books.cancels;
    order.record("cancel_order", note, via, clock_.now());
    notify(order, "Order canceled", "Your order was canceled.");
    return std::nullopt;
}

bool World::change_method(Order& order, const std::string& method) {
    Reissue* pending = order.pending_reissue();
    if (pending == nullptr) return false;
    pending->method = method;
    give_tokens(order, *pending, clock_.now());
    return true;
}

std::optional<Refusal> World::revoke(Order& order, const std::string& reason,
                                     std::string_view via) {
    if (const auto refusal = may_revoke(order)) {
        ++order.books.refusals;
        return refusal;
    }
    order.status = "revoked";
    order.revoked_at = clock_.now();
    order.revocation_reason = reason;
    for (Certificate& certificate : order.certificates) {
        if (certificate.revoked_at) continue;
        certificate.revoked_at = order.revoked_at;
        certificate.revocation_reason = reason;
    }
    ++order.books.revokes;
    order.record("revoke", reason, via, clock_.now());
    notify(order, "Order revoked", "All certificates of your order were revoked.");
    return std::nullopt;
}

}  // namespace cabroker::sim
