#include "adapters/guest_portal/jobs.hpp"

#include <algorithm>

#include "adapters/guest_portal/answers.hpp"
#include "adapters/guest_portal/sign_in.hpp"
#include "domain/ascii.hpp"

namespace cabroker::adapters::guest_portal {

namespace asio = boost::asio;
using config::PageOutcome;
using config::PortalOperation;
using domain::Kind;
using domain::OrderStatus;
using portal::Run;
using portal::Stop;
using protocol::StepResult;

namespace {

StepResult done(Work& work, std::string code, std::string detail) {
    protocol::Done answer;
    answer.code = std::move(code);
    answer.detail = std::move(detail);
    return work.answer(std::move(answer), "done");
}

std::string status_sentence(const OrderView& view) {
    const std::string& raw = view.status.raw;
    const std::string ours(domain::name_of(view.status.status));
    // What it was taken for, where the word alone does not tell.
    const bool same = domain::lower(raw) == ours || view.status.status == OrderStatus::unknown;
    return "the portal shows the status " + (raw.empty() ? std::string("(none)") : raw) +
           (same ? std::string() : " (" + ours + ")");
}

/// Why an order in this status cannot be reissued or revoked; what to do instead.
StepResult wrong_status(Work& work, const OrderView& view) {
    const std::string detail = status_sentence(view);
    switch (view.status.status) {
        case OrderStatus::pending:
        case OrderStatus::processing:
            return reject(work, "order_pending", detail,
                          "wait until the order is issued, or cancel it in the Reseller Control "
                          "Panel");
        case OrderStatus::reissue_pending:
            return reject(work, "reissue_already_pending", detail,
                          "wait until the reissue is issued, or cancel it");
        case OrderStatus::needs_csr:
            return reject(work, "order_needs_csr", detail,
                          "give the order its CSR in the Reseller Control Panel first");
        case OrderStatus::needs_approval:
            return reject(work, "order_needs_approval", detail, "have the order approved first");
        case OrderStatus::unknown:
            return reject(work, "order_status_unknown", detail,
                          "this word is not in the portal's profile; add it there");
        default:
            return reject(work, "order_not_issued", detail, "place a new order");
    }
}

bool may_change(const OrderView& view, Kind kind) {
    if (kind == Kind::cancel) return view.status.status == OrderStatus::reissue_pending;
    return view.status.status == OrderStatus::issued;
}

StepResult cannot_cancel(Work& work, const OrderView& view) {
    const std::string detail = status_sentence(view);
    if (view.status.status == OrderStatus::issued) {
        return reject(work, "order_issued", detail + ": there is no pending reissue",
                      "nothing to do: the certificate in use stays as it is");
    }
    return reject(
        work, "not_supported_by_channel", detail + ": the portal only cancels a pending reissue",
        "cancel the order in the Reseller Control Panel: open the order and click Cancel");
}

std::string summary_of(const Work& work, Kind kind) {
    const std::string order = "order " + work.order_text();
    if (kind == Kind::reissue) return "reissue " + order + " with a new CSR";
    if (kind == Kind::revoke) {
        const auto& revoke = std::get<domain::RevokeParams>(work.context.params);
        if (revoke.scope == domain::RevokeScope::order) {
            return "revoke " + order + " and every certificate of it";
        }
        return "revoke the certificate " + revoke.serial.value_or("") + " of " + order;
    }
    return "cancel the pending reissue of " + order;
}

/// A portal may take any serial number of the account, so the one to revoke must be among those
/// that it showed for this order.
std::optional<StepResult> not_of_this_order(Work& work, const OrderView& view, const Run& run) {
    const auto* revoke = std::get_if<domain::RevokeParams>(&work.context.params);
    if (revoke == nullptr || revoke->scope == domain::RevokeScope::order) return std::nullopt;
    const std::string serial = revoke->serial.value_or("");
    const std::string wanted = config::plain_serial(serial);
    std::vector<std::string> shown = run.values.list("certificate_serial");
    if (!view.serial.empty()) shown.push_back(view.serial);
    const bool known = std::any_of(shown.begin(), shown.end(), [&](const std::string& one) {
        return config::plain_serial(one) == wanted;
    });
    if (known) return std::nullopt;
    return reject(work, "unknown_certificate",
                  "the portal shows no certificate of this order with the serial number " + serial,
                  "compare the serial number with the portal's");
}

/// Fills in the form of the change and asks for leave.
asio::awaitable<Step> prepare_change(Work& work, OrderView view, Kind kind) {
    portal::Variables given = work.known();
    const PortalOperation change = *change_of(work.context.params);
    Run run = co_await work.browser.run(change, std::move(given));
    if (run.stop == Stop::finished) {
        run.stop = Stop::misconfigured;
        run.detail = "the profile's operation " + std::string(config::name_of(change)) +
                     " has no step of effect once";
    }
    if (run.stop != Stop::before_once) co_return interpret(work, run);
    if (auto no = not_of_this_order(work, view, run)) co_return std::move(*no);

    if (work.code_stands_in_reason()) {
        work.note("the portal's profile has no word for the reason code; it is sent as text: " +
                  work.reason());
    }
    Progress& progress = work.progress;
    // A sign-in that was meant and not begun would take the leave that comes for the form.
    progress.gate = Gate::none;
    progress.job = Job::prepared;
    progress.prepared = std::move(run.prepared);
    progress.seen_before = seen_text(view, kind, work.reason());
    progress.seen_serial = view.serial;
    protocol::Intend intend;
    intend.effect.effect_class = domain::EffectClass::once;
    intend.effect.summary = summary_of(work, kind);
    intend.effect.seen_before = progress.seen_before;
    co_return work.answer(std::move(intend), "submit");
}

std::string waiting_sentence(const OrderView& view) {
    if (view.awaits_approval.empty()) return status_sentence(view);
    return status_sentence(view) + " and an approval is awaited for: " + view.awaits_approval;
}

StepResult revoked_one(Work& work, const domain::RevokeParams& revoke, std::string detail) {
    protocol::Done answer;
    answer.code = "revoked";
    answer.detail = std::move(detail);
    answer.revoked_serial = revoke.serial;
    return work.answer(std::move(answer), "done");
}

Step check_revoked(Work& work, const OrderView& view) {
    const auto& revoke = std::get<domain::RevokeParams>(work.context.params);
    const std::string own = own_state(work, view);
    const auto state = work.profile().revoke_state_of(own);
    if (revoke.scope == domain::RevokeScope::certificate) {
        if (const CertificateRow* row = shown_revoked(work, view)) {
            return revoked_one(work, revoke, "the portal shows the certificate as " + row->state);
        }
        if (state == config::RevokeState::revoked) {
            return revoked_one(work, revoke, "the portal shows our revoke of it as " + own);
        }
    } else if (view.status.status == OrderStatus::revoked) {
        return done(work, "revoked", status_sentence(view));
    }
    if (state == config::RevokeState::rejected) {
        return end_change(work, "approval_rejected", "the portal shows our revoke as " + own,
                          "ask who approves requests at the portal why, then send a new request");
    }
    return wait_for(work, waiting_sentence(view));
}

/// The pending reissue is gone: it was canceled if the certificate is still the old one.
Step check_canceled(Work& work, const OrderView& view) {
    if (view.status.status != OrderStatus::issued) return wait_for(work, waiting_sentence(view));
    const std::string& before = work.progress.seen_serial;
    const bool ours = left_a_trace(work, view);
    const bool same = !before.empty() && view.serial == before;
    if (ours || same) {
        return done(work, "canceled",
                    "the pending reissue was taken back, the certificate stays as it was; " +
                        status_sentence(view));
    }
    if (before.empty() || view.serial.empty()) {
        return wait_for(work, status_sentence(view) +
                                  " without a serial number or our reason: nothing tells whether "
                                  "the reissue was canceled or issued");
    }
    return end_change(
        work, "order_issued", "the reissue was issued before it could be canceled",
        "the new certificate is in use; the one before it stays valid until the CA ends it");
}

/// Hex with or without marks between, or decimal. What is neither, or nothing, fits any.
bool is_serial_of(const std::string& shown, const pki::Certificate& certificate) {
    const std::string hex = config::plain_serial(shown);
    return hex.empty() || hex == config::plain_serial(certificate.facts().serial) ||
           shown == certificate.decimal_serial();
}

asio::awaitable<Step> do_download(Work& work, OrderView view) {
    if (view.serial.empty() && view.status.status != OrderStatus::issued) {
        co_return reject(work, "order_not_issued", status_sentence(view) + " and no certificate",
                         "wait until the order is issued");
    }
    Download fetched = co_await download(work);
    if (fetched.ended) co_return std::move(*fetched.ended);
    // There is no key to compare: only the serial number tells this certificate from others of the
    // same names.
    if (fetched.leaf && !is_serial_of(view.serial, *fetched.leaf)) {
        work.certificates.clear();
        co_return misconfigured(work,
                                "the order's page shows the serial number " + view.serial +
                                    ", the downloaded certificate has " +
                                    fetched.leaf->facts().serial,
                                "download");
    }
    co_return done(work, "downloaded", "downloaded from the portal");
}

asio::awaitable<Step> do_change(Work& work, OrderView view, Kind kind) {
    if (work.progress.job == Job::submitted) {
        if (kind == Kind::revoke) co_return check_revoked(work, view);
        if (kind == Kind::cancel) co_return check_canceled(work, view);
        co_return co_await poll_reissue(work, std::move(view));
    }
    if (work.progress.refusal) {
        // Sent once, refused, and proven not done: it is not sent again.
        protocol::Rejected said = std::move(*work.progress.refusal);
        work.progress.refusal.reset();
        co_return work.answer(std::move(said), "rejected");
    }
    if (!may_change(view, kind)) {
        if (kind == Kind::cancel) co_return cannot_cancel(work, view);
        co_return wrong_status(work, view);
    }
    if (const CertificateRow* one = shown_revoked(work, view)) {
        co_return reject(work, "already_revoked",
                         "the portal shows the certificate as " + one->state, "");
    }
    co_return co_await prepare_change(work, std::move(view), kind);
}

bool says_no(const Run& run) {
    if (run.stop != Stop::outcome) return run.stop == Stop::rejected;
    switch (run.outcome) {
        case PageOutcome::credentials_rejected:
        case PageOutcome::stale_form:
            return true;
        case PageOutcome::access_code_attempts_exhausted:
            return false;
        default:
            return refusal_in(run).has_value();
    }
}

/// Is the refusal about what our own form may have done, because it reached the portal twice (a
/// proxy repeated it)?
bool speaks_of_status(const Run& run) {
    return run.stop == Stop::outcome &&
           (run.outcome == PageOutcome::order_not_issued ||
            run.outcome == PageOutcome::reissue_pending || run.outcome == PageOutcome::stale_form);
}

/// The portal said no to our form. It is believed at once when the very answer says so and the
/// order stands as before. Else a proof looks, which waits for what the portal shows late: where
/// the word contradicts such an order, the form would be sent anew, or the page is another one's.
asio::awaitable<Step> after_refusal(Work& work, Run run) {
    if (!run.moved && !speaks_of_status(run)) {
        const std::optional<SeenBefore> seen = parse_seen(work.progress.seen_before);
        Reading reading = co_await read_order(work);
        const bool as_before = reading.view && seen && is_unchanged(*seen, *reading.view) &&
                               !left_a_trace(work, *reading.view);
        if (as_before) co_return interpret(work, run);
    }
    work.progress.refusal = refusal_in(run);
    co_return in_doubt(work, run);
}

asio::awaitable<Step> after_sending(Work& work, Run run) {
    if (!run.once_sent) {
        // Certainly nothing reached the portal.
        if (run.stop == Stop::misconfigured) co_return interpret(work, run);
        co_return come_back(work, run);
    }
    // It is not sent again as it is, whatever came.
    work.progress.prepared.reset();
    if (says_no(run)) co_return co_await after_refusal(work, std::move(run));
    if (run.stop != Stop::finished) co_return in_doubt(work, run);

    OrderView view = view_of(work.profile(), run.values);
    if (auto other = other_order(view, work.context.order)) {
        run.detail = std::move(*other);
        run.evidence.push_back(work.browser.evidence_of(run));
        co_return in_doubt(work, run);
    }
    work.progress.job = Job::submitted;
    work.note("the portal took the request");
    if (!view.status.raw.empty()) work.status = view.status;
    protocol::Wait wait;
    wait.reason = "the portal took the request; its result is read next";
    wait.poll_after = domain::Duration(0);
    co_return work.answer(std::move(wait), "polling");
}

}  // namespace

std::optional<PortalOperation> change_of(const domain::Params& params) {
    const auto* revoke = std::get_if<domain::RevokeParams>(&params);
    switch (domain::kind_of(params)) {
        case Kind::reissue:
            return PortalOperation::reissue;
        case Kind::revoke:
            return revoke->scope == domain::RevokeScope::order
                       ? PortalOperation::revoke
                       : PortalOperation::revoke_certificate;
        case Kind::cancel:
            return PortalOperation::cancel_reissue;
        default:
            return std::nullopt;
    }
}

asio::awaitable<Step> do_job(Work& work) {
    Reading reading = co_await read_order(work);
    if (!reading.view) co_return no_view(work, reading);
    OrderView view = std::move(*reading.view);

    const Kind kind = domain::kind_of(work.context.params);
    if (kind == Kind::status) co_return done(work, "status_read", status_sentence(view));
    if (kind == Kind::download) co_return co_await do_download(work, std::move(view));
    co_return co_await do_change(work, std::move(view), kind);
}

asio::awaitable<Step> send_change(Work& work) {
    const PortalOperation change = *change_of(work.context.params);
    portal::Prepared prepared = *work.progress.prepared;
    portal::Variables given = work.given;
    Run run = co_await work.browser.submit(change, std::move(prepared), std::move(given),
                                           work.act_until());
    co_return co_await after_sending(work, std::move(run));
}

}  // namespace cabroker::adapters::guest_portal
