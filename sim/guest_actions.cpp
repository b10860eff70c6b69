// What a guest can do to an order: reissue, cancel the reissue, revoke.
#include "sim/guest_portal.hpp"

namespace cabroker::sim {
namespace {

constexpr std::size_t kLongestReason = 500;

/// Problems of the form itself, as against those of the order's state.
bool concerns_the_form(Refusal refusal) { return refusal >= Refusal::reason_missing; }

}  // namespace

HttpReply GuestPortal::form_page(const Visit& visit, const std::string& page,
                                 const std::string& error) {
    PageData data;
    data.text("error", error).text("order_id", visit.session->order_id);
    data.text("reason", field(visit.form, "reason"))
        .text("common_name", visit.order->facts.common_name);
    data.text("revocation_token", visit.session->revocation_token);
    return portal_page(page, "Order " + visit.session->order_id, std::move(data), visit.session);
}

HttpReply GuestPortal::reissue_page(Visit& visit) {
    if (const auto refusal = world_.may_reissue(*visit.order)) {
        return refusal_page(visit, *refusal, "Reissue not possible");
    }
    return form_page(visit, "reissue", "");
}

HttpReply GuestPortal::reissue_submit(Visit& visit) {
    ReissueForm form;
    form.csr = field(visit.form, "csr");
    form.method = field(visit.form, "validation_method");
    form.reason = trimmed(field(visit.form, "reason")).substr(0, kLongestReason);
    const std::optional<Refusal> refusal = world_.submit_reissue(*visit.order, form);
    if (!refusal) return redirect(303, "/guest/order");
    if (concerns_the_form(*refusal)) return form_page(visit, "reissue", refusal_text(*refusal, ""));
    return refusal_page(visit, *refusal, "Reissue not possible");
}

HttpReply GuestPortal::cancel_page(Visit& visit) {
    if (visit.order->pending_reissue() == nullptr) {
        return refusal_page(visit, Refusal::nothing_pending, "Cancel not possible");
    }
    return form_page(visit, "cancel-reissue", "");
}

HttpReply GuestPortal::cancel_submit(Visit& visit) {
    const std::string note = trimmed(field(visit.form, "note")).substr(0, kLongestReason);
    if (const auto refusal = world_.cancel_reissue(*visit.order, note)) {
        return refusal_page(visit, *refusal, "Cancel not possible");
    }
    return redirect(303, "/guest/order");
}

HttpReply GuestPortal::revoke_page(Visit& visit) {
    if (const auto refusal = world_.may_revoke(*visit.order)) {
        return refusal_page(visit, *refusal, "Revoke not possible");
    }
    return form_page(visit, "revoke", "");
}

HttpReply GuestPortal::revoke_submit(Visit& visit) {
    if (const auto refusal = world_.may_revoke(*visit.order)) {
        return refusal_page(visit, *refusal, "Revoke not possible");
    }
    const std::string reason = trimmed(field(visit.form, "reason")).substr(0, kLongestReason);
    if (reason.empty())
        return form_page(visit, "revoke", refusal_text(Refusal::reason_missing, ""));
    visit.session->revocation_reason = reason;
    visit.session->revocation_token = sign_ins_.new_token();
    return form_page(visit, "revoke-confirm", "");
}

HttpReply GuestPortal::revoke_confirm(Visit& visit) {
    const std::string token = std::exchange(visit.session->revocation_token, "");
    if (token.empty() || field(visit.form, "revocation_token") != token) {
        return portal_error(403, "Form expired",
                            "This form is no longer valid. Please open the page again.",
                            visit.session);
    }
    if (const auto refusal = world_.revoke(*visit.order, visit.session->revocation_reason)) {
        return refusal_page(visit, *refusal, "Revoke not possible");
    }
    return redirect(303, "/guest/order");
}

}  // namespace cabroker::sim
