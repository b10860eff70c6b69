#include "policy/moves.hpp"

#include "policy/decide.hpp"
#include "policy/facts.hpp"

namespace cabroker::policy {
namespace {

using domain::Kind;
using domain::OrderStatus;

constexpr std::string_view kReadAgain = " If it has changed since, send a status request first.";

// pending, processing, needs_csr, needs_approval: nothing is issued yet.
std::optional<domain::Outcome> before_issue(const domain::Order& order, Kind kind) {
    if (kind == Kind::status || kind == Kind::cancel) return std::nullopt;
    const std::string verb(domain::name_of(kind));
    std::string code = "order_pending";
    std::string detail = "the order is " + std::string(domain::name_of(order.status)) +
                         ": there is nothing to " + verb + " yet";
    std::string hint = "Wait until it is issued.";
    if (order.status == OrderStatus::needs_csr) {
        code = "order_needs_csr";
        detail = "the order waits for its first CSR";
        hint = "Add the CSR in the Reseller Control Panel.";
    }
    if (order.status == OrderStatus::needs_approval) {
        code = "order_needs_approval";
        detail = "the order waits for its approval";
        hint = "Ask the approver of the order to approve it.";
    }
    if (kind == Kind::revoke)
        hint = "To end it before issue, cancel it. " + control_panel_steps(order);
    return outcome(std::move(code), std::move(detail), hint + std::string(kReadAgain));
}

std::optional<domain::Outcome> during_reissue(Kind kind) {
    if (kind == Kind::reissue) {
        return outcome("reissue_already_pending", "a reissue of this order is pending already",
                       "Wait until it is issued, or take it back with a cancel request." +
                           std::string(kReadAgain));
    }
    if (kind == Kind::revoke) {
        return outcome("reissue_already_pending",
                       "the order cannot be revoked while a reissue is pending",
                       "Cancel the reissue, or wait until it is issued." + std::string(kReadAgain));
    }
    return std::nullopt;
}

// rejected, canceled: nothing was issued and nothing will be.
std::optional<domain::Outcome> without_certificate(const domain::Order& order, Kind kind) {
    if (kind == Kind::status) return std::nullopt;
    if (order.status == OrderStatus::rejected)
        return outcome("order_rejected", "the CA rejected the order", "Place a new order.");
    return outcome("order_canceled", "the order was canceled",
                   kind == Kind::cancel ? "Nothing is left to do." : "Place a new order.");
}

std::optional<domain::Outcome> after_revocation(Kind kind) {
    if (kind == Kind::status || kind == Kind::download || kind == Kind::transfer)
        return std::nullopt;
    return outcome("order_revoked", "the order was revoked",
                   kind == Kind::revoke ? "Nothing is left to do." : "Place a new order.");
}

std::optional<domain::Outcome> after_expiry(Kind kind) {
    if (kind == Kind::status || kind == Kind::download || kind == Kind::transfer)
        return std::nullopt;
    return outcome("order_expired", "the order has expired", "Renew it with a new order.");
}

std::optional<domain::Outcome> refusal(const domain::Order& order, Kind kind) {
    switch (order.status) {
        case OrderStatus::pending:
        case OrderStatus::processing:
        case OrderStatus::needs_csr:
        case OrderStatus::needs_approval:
            return before_issue(order, kind);
        case OrderStatus::reissue_pending:
            return during_reissue(kind);
        case OrderStatus::rejected:
        case OrderStatus::canceled:
            return without_certificate(order, kind);
        case OrderStatus::revoked:
            return after_revocation(kind);
        case OrderStatus::expired:
            return after_expiry(kind);
        case OrderStatus::issued:
            if (kind != Kind::cancel) return std::nullopt;
            return outcome("order_issued",
                           "the order is issued: there is nothing pending to cancel",
                           "The certificate in use stays as it is. To end it for good, revoke it.");
        case OrderStatus::unknown:
            return std::nullopt;
    }
    return std::nullopt;
}

bool passes_by_itself(OrderStatus status) {
    switch (status) {
        case OrderStatus::pending:
        case OrderStatus::processing:
        case OrderStatus::needs_csr:
        case OrderStatus::needs_approval:
        case OrderStatus::reissue_pending:
            return true;
        default:
            return false;
    }
}

bool is_old(const domain::Order& order, domain::Time at) {
    return passes_by_itself(order.status) && order.status_at &&
           at - *order.status_at > kStatusBelieved;
}

}  // namespace

std::optional<domain::Outcome> refused_by_status(const domain::Order& order, Kind kind,
                                                 domain::Time at) {
    if (is_old(order, at)) return std::nullopt;
    return refusal(order, kind);
}

bool doubts_status(const domain::Order& order, Kind kind, domain::Time at) {
    return is_old(order, at) && refusal(order, kind).has_value();
}

}  // namespace cabroker::policy
