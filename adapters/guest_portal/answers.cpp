#include "adapters/guest_portal/answers.hpp"

#include <algorithm>
#include <array>

#include "adapters/guest_portal/account.hpp"
#include "adapters/guest_portal/sign_in.hpp"

namespace cabroker::adapters::guest_portal {

using config::PageOutcome;
using portal::Run;
using portal::Stop;
using protocol::StepResult;

namespace {

struct Refusal {
    PageOutcome page;
    std::string_view code;
    std::string_view detail;
    std::string_view hint;
};

constexpr std::array<Refusal, 10> kRefusals{{
    {PageOutcome::wrong_contact, "wrong_contact", "the portal knows no such contact on this order",
     "compare the order's admin_email (or login_email) with the control panel, correct it and "
     "retry"},
    {PageOutcome::unknown_order, "unknown_order", "the portal knows no such order",
     "compare the supplier order ID and the common name with the control panel"},
    {PageOutcome::access_code_attempts_exhausted, "access_code_attempts_exhausted",
     "no attempts to enter the access code are left",
     "when the portal lets one sign in again, retry the request: it gets a new code"},
    {PageOutcome::guest_access_disabled, "guest_access_disabled",
     "guest access is disabled for this order", "ask the reseller platform's support to enable it"},
    {PageOutcome::revoke_not_allowed, "revoke_not_allowed", "guests may not revoke this order",
     "ask the reseller platform's support to revoke it"},
    {PageOutcome::csr_rejected, "csr_rejected", "the portal did not take the CSR",
     "make a new CSR that the portal takes and send a new request"},
    {PageOutcome::reissue_pending, "reissue_already_pending",
     "a reissue of this order is pending already",
     "wait until it is issued, or cancel it, and send a new request"},
    {PageOutcome::order_not_issued, "order_not_issued", "the order's status does not allow this",
     "ask for the order's status"},
    {PageOutcome::awaiting_approval, "awaiting_approval",
     "an administrator must approve this first",
     "ask the reseller platform's support to approve it, then retry"},
    {PageOutcome::not_supported_by_channel, "not_supported_by_channel",
     "the portal does not offer this", "choose another channel"},
}};

const Refusal* refusal_of(PageOutcome page) {
    for (const Refusal& refusal : kRefusals) {
        if (refusal.page == page) return &refusal;
    }
    return nullptr;
}

std::string first_of(const std::string& said, std::string_view otherwise) {
    return said.empty() ? std::string(otherwise) : said;
}

StepResult interpret_outcome(Work& work, const Run& run) {
    switch (run.outcome) {
        case PageOutcome::session_expired:
        case PageOutcome::access_code_wrong:
        case PageOutcome::access_code_expired:
            work.session_lost();
            work.note("the portal ended the session");
            if (work.by_account() && !work.mails_codes()) return come_back(work, run);
            if (work.sessions_do_not_hold()) return session_refused(work);
            return intend_sign_in(work);
        case PageOutcome::credentials_rejected:
            return credentials_refused(work, run);
        case PageOutcome::stale_form:
        case PageOutcome::rate_limited:
        case PageOutcome::maintenance:
            return come_back(work, run);
        case PageOutcome::human_login:
            return ask_for_person(work, run);
        default:
            return refuse(work, run);
    }
}

}  // namespace

StepResult session_refused(Work& work) {
    const int times = work.progress.short_sessions;
    const std::string detail = "the portal asked for a new sign-in right after each of " +
                               std::to_string(times) + " sign-ins";
    return sign_in_refused(work, detail);
}

StepResult sign_in_refused(Work& work, std::string detail) {
    // What may be under way at the CA is looked after.
    const bool sent = work.progress.job == Job::submitted || work.in_doubt;
    if (sent) return sign_in_much_later(work, std::move(detail));
    return reject(work, "session_refused", std::move(detail),
                  "sign in there with a browser to see whether it lets anybody work, then retry");
}

StepResult sign_in_much_later(Work& work, std::string detail) {
    constexpr int kMostDoublings = 5;
    const Progress& progress = work.progress;
    const int times =
        std::max({progress.short_sessions, progress.codes_used_up, progress.codes_expired});
    const int beyond = std::max(times - 3, progress.codes_interrupted - kManyInterrupted);
    const int doublings = std::clamp(beyond, 0, kMostDoublings);
    protocol::Unreachable unreachable;
    unreachable.retry_after = std::chrono::minutes(15) * (1 << doublings);
    unreachable.detail = std::move(detail);
    return work.answer(std::move(unreachable), "sign_in");
}

StepResult misconfigured(Work& work, std::string detail, std::string step) {
    protocol::Misconfigured answer;
    answer.detail = std::move(detail);
    return work.answer(std::move(answer), std::move(step));
}

StepResult wait_for(Work& work, std::string reason) {
    protocol::Wait wait;
    wait.reason = std::move(reason);
    return work.answer(std::move(wait), "polling");
}

StepResult reject(Work& work, std::string code, std::string detail, std::string hint) {
    protocol::Rejected rejected;
    rejected.code = std::move(code);
    rejected.detail = std::move(detail);
    rejected.hint = std::move(hint);
    return work.answer(std::move(rejected), "rejected");
}

StepResult end_change(Work& work, std::string code, std::string detail, std::string hint) {
    work.change_ended = true;
    return reject(work, std::move(code), std::move(detail), std::move(hint));
}

StepResult come_back(Work& work, const Run& run) {
    protocol::Unreachable unreachable;
    unreachable.retry_after = run.retry_after;
    // It answered: nothing for the circuit breaker.
    const bool stale = run.stop == Stop::outcome && run.outcome == PageOutcome::stale_form;
    if (stale && !run.retry_after) unreachable.retry_after = domain::Duration(0);
    unreachable.detail = first_of(run.detail, "the portal asks to come back later");
    return work.answer(std::move(unreachable), run.step.empty() ? "connect" : run.step);
}

StepResult ask_for_person(Work& work, const Run& run) {
    work.keep_evidence(run);
    work.progress.gate = Gate::none;
    domain::Need need;
    need.name = "human_login";
    need.hint = "the portal wants to see a person: open " + work.setup.portal.origin.text() +
                " in a browser, sign in for order " + work.order_text() +
                " once, then give the input `done`";
    need.details.emplace("url", work.setup.portal.origin.text());
    protocol::NeedInput needs;
    needs.needs.push_back(std::move(need));
    return work.answer(std::move(needs), "human_login");
}

StepResult unknown_page(Work& work, const Run& run) {
    work.keep_evidence(run);
    const std::string where = "at step " + run.step + ": " + run.detail;
    if (work.progress.job == Job::submitted) {
        protocol::Misconfigured misconfigured;
        misconfigured.detail = "unknown_page " + where;
        return work.answer(std::move(misconfigured), run.step);
    }
    const std::string look = run.evidence.empty() ? "compare base_url with the portal's address"
                                                  : "look at the kept page";
    return reject(work, "unknown_page", "stopped " + where,
                  look + "; if the portal has changed, its profile must be repaired");
}

StepResult in_doubt(Work& work, const Run& run) {
    work.keep_evidence(run);
    protocol::UnknownOutcome unknown;
    unknown.detail = "the request was sent and the portal's answer says nothing certain";
    if (!run.detail.empty()) unknown.detail += ": " + run.detail;
    return work.answer(std::move(unknown), run.step);
}

std::optional<protocol::Rejected> refusal_in(const Run& run) {
    protocol::Rejected said;
    if (run.stop == Stop::rejected) {
        said.code = run.code;
        const bool says_why = !run.detail.empty();
        said.detail = says_why ? run.detail : "the portal refuses at step " + run.step;
        said.hint = says_why ? "mend what the portal says, then send a new request"
                             : "look at the kept page: the portal does not say why";
        return said;
    }
    const Refusal* refusal = run.stop == Stop::outcome ? refusal_of(run.outcome) : nullptr;
    if (refusal == nullptr) return std::nullopt;
    said.code = refusal->code;
    said.detail = first_of(run.detail, refusal->detail);
    said.hint = refusal->hint;
    return said;
}

StepResult refuse(Work& work, const Run& run) {
    work.keep_evidence(run);
    auto said = refusal_in(run);
    if (!said) return unknown_page(work, run);
    return work.answer(std::move(*said), "rejected");
}

Step interpret(Work& work, const Run& run) {
    switch (run.stop) {
        case Stop::outcome:
            return interpret_outcome(work, run);
        case Stop::rejected:
            return refuse(work, run);
        case Stop::not_offered:
            work.keep_evidence(run);
            return reject(work,
                          run.code == "validation_method" ? "validation_method_not_offered"
                                                          : "not_supported_by_channel",
                          run.detail, "choose one that the portal offers");
        case Stop::unknown_page:
            return unknown_page(work, run);
        case Stop::unreachable:
        case Stop::no_answer:
            // Reading again is harmless; as an answer, unlike an error, it keeps cookie and
            // session.
            return come_back(work, run);
        default: {
            protocol::Misconfigured misconfigured;
            misconfigured.detail = first_of(run.detail, "the profile cannot be followed here");
            return work.answer(std::move(misconfigured), run.step);
        }
    }
}

}  // namespace cabroker::adapters::guest_portal
