#include "adapters/guest_portal/proof.hpp"

#include <algorithm>

#include "adapters/guest_portal/account.hpp"
#include "adapters/guest_portal/answers.hpp"
#include "adapters/guest_portal/jobs.hpp"
#include "adapters/guest_portal/sign_in.hpp"

namespace cabroker::adapters::guest_portal {

namespace asio = boost::asio;
using domain::Kind;
using domain::OrderStatus;
using protocol::Proof;
using protocol::ProofVerdict;

namespace {

using Proven = domain::Result<Proof>;

Proof close(Work& work, ProofVerdict verdict, std::string detail) {
    Proof proof;
    proof.verdict = verdict;
    proof.detail = std::move(detail);
    proof.cookie = work.cookie();
    proof.session = work.session();
    proof.drop_session = work.session_dropped();
    proof.notes = std::move(work.notes);
    proof.status = std::move(work.status);
    proof.certificates = std::move(work.certificates);
    proof.evidence = std::move(work.evidence);
    return proof;
}

Proof ask(Work& work, domain::Need need) {
    need.hint += "; it is needed to find out whether the request got through";
    Proof proof = close(work, ProofVerdict::need_input, "signing in to look at the order");
    proof.needs.push_back(std::move(need));
    return proof;
}

/// An answer to a step, in the words of a proof.
Proven from_step(Step step) {
    if (!step) return step.error();
    Proof proof;
    proof.cookie = std::move(step->cookie);
    proof.session = std::move(step->session);
    proof.drop_session = step->drop_session;
    proof.notes = std::move(step->notes);
    proof.status = std::move(step->status);
    proof.evidence = std::move(step->evidence);
    if (auto* come_back = std::get_if<protocol::Unreachable>(&step->answer)) {
        proof.verdict = ProofVerdict::unreachable;
        proof.detail = come_back->detail;
        proof.retry_after = come_back->retry_after;
    } else if (auto* needs = std::get_if<protocol::NeedInput>(&step->answer)) {
        proof.verdict = ProofVerdict::need_input;
        proof.needs = std::move(needs->needs);
    } else if (auto* rejected = std::get_if<protocol::Rejected>(&step->answer)) {
        proof.detail = rejected->code + ": " + rejected->detail;
    } else if (auto* wrong = std::get_if<protocol::Misconfigured>(&step->answer)) {
        proof.detail = wrong->detail;
    } else if (std::holds_alternative<protocol::Intend>(step->answer)) {
        proof.verdict = ProofVerdict::wait;
        proof.detail = "the session ended; the next probe signs in again";
        proof.retry_after = domain::Duration(0);
    }
    return proof;
}

asio::awaitable<Proven> sign_in_to_look(Work& work) {
    if (work.by_account()) {
        if (auto trouble = account_trouble(work)) co_return from_step(std::move(*trouble));
    } else if (!domain::login_contact(work.context.order)) {
        co_return close(work, ProofVerdict::cannot_tell, "nobody to sign in as is known");
    }
    SignIn sign_in = co_await submit_address(work);
    if (sign_in.need) co_return ask(work, std::move(*sign_in.need));
    co_return from_step(std::move(*sign_in.ended));
}

Proof found_done(Work& work, std::string detail) {
    work.progress.job = Job::submitted;
    work.progress.prepared.reset();
    work.progress.refusal.reset();
    return close(work, ProofVerdict::done, std::move(detail));
}

Proof found_nothing(Work& work, std::string detail) {
    work.progress.job = Job::start;
    work.progress.prepared.reset();
    return close(work, ProofVerdict::not_done, std::move(detail));
}

/// What a probe holds the order against: how it stood, what was asked for, and why.
struct Doubt {
    SeenBefore seen;
    Kind kind;
    std::string reason;

    Doubt(SeenBefore before, const Work& work)
        : seen(std::move(before)),
          kind(domain::kind_of(work.context.params)),
          reason(work.reason()) {}
    /// Our reason stands where it did not stand before: nobody else writes it.
    [[nodiscard]] bool our_trace(const OrderView& view) const {
        return left_a_trace(seen, view, kind, reason);
    }
    [[nodiscard]] bool unchanged(const OrderView& view) const { return is_unchanged(seen, view); }
};

Proof as_before(Work& work, const OrderView& view) {
    return found_nothing(work, "the order stands as before: " + view.status.raw);
}

Proof not_ours(Work& work, const OrderView& view, const std::string& shown) {
    // The portal said no, and the order shows what somebody else did: they were faster.
    const Kind kind = domain::kind_of(work.context.params);
    if (work.progress.refusal && view.shows_another(kind, work.reason())) {
        return found_nothing(work, "the portal refused our form, and shows " + shown +
                                       " for another reason: it was not by this request");
    }
    return close(work, ProofVerdict::cannot_tell,
                 "the portal shows " + shown + ", and nothing shows that it was by this request");
}

/// The order has a certificate that was not there before: whose key is it?
asio::awaitable<Proven> judge_new_certificate(Work& work, OrderView view, bool traced) {
    Download fetched = co_await download(work);
    if (fetched.our_key) {
        co_return found_done(work, "the portal issued a certificate with our CSR's key");
    }
    work.certificates.clear();
    if (fetched.ended && !traced) co_return from_step(std::move(*fetched.ended));
    if (fetched.ended) {
        co_return found_done(work, "the portal shows " + view.status.raw + " and our reason");
    }
    if (!traced) co_return not_ours(work, view, view.status.raw);
    co_return close(work, ProofVerdict::cannot_tell,
                    "the portal shows our reason, but a new certificate with another key than our "
                    "CSR's: somebody may have reissued the order with the same reason");
}

asio::awaitable<Proven> judge_reissue(Work& work, OrderView view, Doubt doubt) {
    const bool traced = doubt.our_trace(view);
    if (!traced && doubt.unchanged(view)) co_return as_before(work, view);
    if (view.status.status == OrderStatus::issued && view.serial != doubt.seen.serial) {
        co_return co_await judge_new_certificate(work, std::move(view), traced);
    }
    if (!traced) co_return not_ours(work, view, view.status.raw);
    co_return found_done(work, "the portal shows " + view.status.raw + " and our reason");
}

Proof judge_revoke(Work& work, const OrderView& view, const Doubt& doubt) {
    if (doubt.our_trace(view)) {
        return found_done(work, "the portal shows our revoke, with our reason");
    }
    // It was not revoked when the intent was made, so this is a change, whoever made it.
    if (const CertificateRow* one = shown_revoked(work, view)) {
        return not_ours(work, view, "the certificate as " + one->state);
    }
    if (doubt.unchanged(view)) return as_before(work, view);
    if (view.revoked_for(doubt.reason)) {
        return found_done(work, "the portal shows the order as revoked, with our reason");
    }
    return not_ours(work, view, view.status.raw);
}

Proof judge_cancel(Work& work, const OrderView& view, const Doubt& doubt) {
    if (doubt.our_trace(view)) {
        return found_done(work, "the portal shows the reissue as canceled, with our reason");
    }
    if (doubt.unchanged(view)) return as_before(work, view);
    return not_ours(work, view, view.status.raw);
}

asio::awaitable<Proven> look(Work& work, domain::Effect effect) {
    const std::optional<SeenBefore> seen = parse_seen(effect.seen_before);
    Reading reading = co_await read_order(work);
    if (!reading.view) {
        const portal::Run& run = *reading.run;
        const bool lost = run.stop == portal::Stop::outcome &&
                          run.outcome == config::PageOutcome::session_expired;
        if (!lost) co_return from_step(no_view(work, reading));
        work.session_lost();
        if (work.by_account() && !work.mails_codes()) {
            // The next probe signs in.
            co_return from_step(come_back(work, run));
        }
        if (work.sessions_do_not_hold()) {
            co_return from_step(sign_in_much_later(
                work, "the portal asks for a new sign-in right after each sign-in"));
        }
        co_return co_await sign_in_to_look(work);
    }
    OrderView view = std::move(*reading.view);
    if (!seen) {
        co_return close(work, ProofVerdict::cannot_tell, "what the order showed before is unknown");
    }
    Doubt doubt(*seen, work);
    if (doubt.kind == Kind::revoke) co_return judge_revoke(work, view, doubt);
    if (doubt.kind == Kind::cancel) co_return judge_cancel(work, view, doubt);
    co_return co_await judge_reissue(work, std::move(view), std::move(doubt));
}

}  // namespace

asio::awaitable<Proven> prove_change(Work& work, domain::Effect effect) {
    if (work.by_account() && !work.mails_codes()) {
        std::optional<Step> ended = co_await sign_in_with_account(work);
        if (ended) co_return from_step(std::move(*ended));
        co_return co_await look(work, std::move(effect));
    }
    if (work.signed_in()) co_return co_await look(work, std::move(effect));

    if (work.progress.gate != Gate::code) co_return co_await sign_in_to_look(work);
    CodeResult entered = co_await enter_given_code(work);
    switch (entered.verdict) {
        case CodeVerdict::signed_in:
            co_return co_await look(work, std::move(effect));
        case CodeVerdict::missing:
        case CodeVerdict::wrong:
            co_return ask(work, code_need(work));
        case CodeVerdict::expired:
            co_return co_await sign_in_to_look(work);
        case CodeVerdict::ended:
            break;
    }
    co_return from_step(std::move(*entered.ended));
}

}  // namespace cabroker::adapters::guest_portal
