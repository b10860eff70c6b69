// The guest portal's layout and wording.
#include "sim/guest_portal.hpp"

namespace cabroker::sim {

std::string refusal_text(Refusal refusal, const std::string& status) {
    switch (refusal) {
        case Refusal::wrong_contact:
            return "We could not find an order for this contact.";
        case Refusal::unknown_order:
            return "We could not find an order with this common name or order ID.";
        case Refusal::guest_access_disabled:
            return "Guest access is disabled for this order.";
        case Refusal::guest_access_unapproved:
            return "Guest access to this order is waiting for approval by an administrator.";
        case Refusal::rate_limited:
            return "Too many sign-in attempts. Please try again later.";
        case Refusal::already_pending:
            return "A reissue is already pending for this order.";
        case Refusal::not_reissuable:
            return "This order cannot be reissued while its status is " + status + ".";
        case Refusal::not_revocable:
            return "This order cannot be revoked while its status is " + status + ".";
        case Refusal::revoke_while_pending:
            return "A reissue is pending for this order. Cancel the reissue or wait until it is "
                   "issued.";
        case Refusal::revoke_disabled:
            return "Revocation by guests is disabled for this order.";
        case Refusal::nothing_pending:
            return "There is no pending reissue to cancel.";
        case Refusal::no_certificate:
            return "There is no certificate to download.";
        case Refusal::already_revoked:
        case Refusal::not_cancelable:
            break;  // Not offered to guests.
        case Refusal::reason_missing:
            return "Enter a reason for revocation.";
        case Refusal::csr_missing:
            return "Add your CSR.";
        case Refusal::csr_unreadable:
            return "The CSR could not be read.";
        case Refusal::csr_bad_signature:
            return "The signature of the CSR is not valid.";
        case Refusal::csr_weak_key:
            return "The key in the CSR is too weak. Use RSA with 2048 bits or more, or ECDSA "
                   "P-256, P-384 or "
                   "P-521.";
        case Refusal::csr_private_key:
            return "The text contains a private key. Make a new key and a new CSR.";
        case Refusal::csr_name_mismatch:
            return "The common name in the CSR does not match the order.";
        case Refusal::method_unknown:
            return "Choose a validation method.";
        case Refusal::method_not_for_wildcard:
            return "The http-token method cannot be used for a wildcard name.";
    }
    return "Something went wrong. Please try again later.";
}

HttpReply portal_page(const std::string& page, const std::string& title, PageData data,
                      const Session* session) {
    if (session != nullptr) data.text("csrf", session->csrf);
    PageData layout;
    layout.text("title", title).text("page", page).text("content", render(page, data));
    if (session != nullptr && session->stage == Stage::signed_in) {
        layout.flag("signed_in", true).text("csrf", session->csrf);
    }
    HttpReply reply;
    reply.headers.emplace_back("Content-Type", "text/html; charset=utf-8");
    reply.headers.emplace_back("Cache-Control", "no-store");
    reply.body = render("layout", layout);
    return reply;
}

HttpReply portal_error(unsigned status, const std::string& title, const std::string& message,
                       const Session* session) {
    PageData data;
    data.text("error_title", title).text("error", message);
    const bool inside = session != nullptr && session->stage == Stage::signed_in;
    data.text("back", inside ? "/guest/order" : "/guest/login");
    HttpReply reply = portal_page("error", title, std::move(data), session);
    reply.status = status;
    return reply;
}

void set_session_cookie(HttpReply& reply, const Session& session) {
    reply.headers.emplace_back("Set-Cookie", "guest_session=" + session.id +
                                                 "; Path=/guest; Secure; HttpOnly; SameSite=Lax");
}

}  // namespace cabroker::sim
