#include "adapters/guest_portal/sign_in.hpp"

#include <algorithm>
#include <charconv>

#include "adapters/guest_portal/account.hpp"
#include "adapters/guest_portal/answers.hpp"
#include "json/time_text.hpp"

namespace cabroker::adapters::guest_portal {

namespace asio = boost::asio;
using config::PageOutcome;
using config::PortalOperation;
using portal::Run;
using portal::Stop;
using protocol::StepResult;

namespace {

/// The first number in a text such as "You have 2 attempts left."
std::optional<int> number_in(const std::string& text) {
    const std::size_t at = text.find_first_of("0123456789");
    if (at == std::string::npos) return std::nullopt;
    int number = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    return number;
}

/// As the page says, when that lies between now and the time that the profile gives: a portal whose
/// clock is wrong says anything.
domain::Time code_end(const Work& work, const Run& run) {
    const domain::Time latest = work.context.now + work.profile().access_code.ttl;
    const auto told = page_time(work.profile(), run.values.text_or_empty("code_expires_at"));
    return told && *told > work.context.now ? std::min(*told, latest) : latest;
}

void set_error(Work& work, std::string code) {
    domain::LastError error;
    error.code = std::move(code);
    error.at = work.context.now;
    work.progress.last_error = std::move(error);
}

void forget_sign_in(Work& work) {
    work.progress.gate = Gate::none;
    work.progress.login = portal::BrowserState();
    work.progress.attempts_left.reset();
    work.progress.code_at_hand = domain::Secret();
    work.progress.page_behind_code.reset();
    work.progress.code_doubt = CodeDoubt::none;
    work.use(portal::BrowserState());
}

CodeResult ended(Step step) {
    CodeResult result;
    result.ended.emplace(std::move(step));
    return result;
}

/// The code ran out before it was used.
CodeResult code_expired(Work& work,
                        std::string_view what = "the portal called the access code expired") {
    forget_sign_in(work);
    ++work.progress.codes_expired;
    set_error(work, "access_code_expired");
    CodeResult result;
    if (work.progress.codes_expired < 2) {
        result.verdict = CodeVerdict::expired;
        return result;
    }
    const std::string detail = std::string(what) + " for the second time";
    if (work.progress.job == Job::submitted) {
        result.ended.emplace(sign_in_much_later(work, detail));
    } else {
        result.ended.emplace(reject(work, "access_code_expired", detail,
                                    "retry the request and enter the newest code soon"));
    }
    return result;
}

CodeResult wrong_code(Work& work, const Run& run) {
    Progress& progress = work.progress;
    progress.login = work.browser.state();
    progress.code_at_hand = domain::Secret();
    progress.code_doubt = CodeDoubt::none;
    const auto told = number_in(run.values.text_or_empty("attempts_left"));
    if (told) {
        progress.attempts_left = told;
    } else if (progress.attempts_left) {
        --*progress.attempts_left;
    }
    set_error(work, "access_code_wrong");
    CodeResult result;
    if (progress.attempts_left && *progress.attempts_left <= 0) {
        Run exhausted = run;
        exhausted.outcome = PageOutcome::access_code_attempts_exhausted;
        exhausted.evidence.clear();
        result.ended.emplace(refuse(work, exhausted));
        return result;
    }
    result.verdict = CodeVerdict::wrong;
    return result;
}

/// The code did not get there, as far as we know: it is kept and tried again later.
CodeResult code_kept(Work& work, const Run& run, domain::Secret code) {
    work.progress.code_at_hand = std::move(code);
    if (run.repeatable_sent) work.progress.code_doubt = CodeDoubt::no_answer;
    return ended(come_back(work, run));
}

/// The portal refuses a code that it may have taken before, when its answer was lost: it judges
/// nobody's typing, so no attempt is counted. What our own end interrupted is not the portal's
/// doing: it never ends the request, and only costs the contact mails less often at last.
CodeResult used_up(Work& work, CodeDoubt doubt) {
    forget_sign_in(work);
    work.progress.last_error.reset();
    constexpr int kMost = 3;
    if (doubt == CodeDoubt::interrupted) {
        const int times = ++work.progress.codes_interrupted;
        if (times >= kManyInterrupted) {
            return ended(
                sign_in_much_later(work, "the broker ended while it entered the access codes of " +
                                             std::to_string(times) +
                                             " sign-ins, one after another; its log says why"));
        }
    } else if (const int times = ++work.progress.codes_used_up; times >= kMost) {
        return ended(sign_in_refused(work, "the portal took the access codes of " +
                                               std::to_string(times) +
                                               " sign-ins and opened no session"));
    }
    work.note(
        "the access code was sent before and the answer was lost, so the portal may have used it "
        "up; the broker signs in again, no attempt is counted");
    CodeResult result;
    result.verdict = CodeVerdict::expired;
    return result;
}

/// The portal answered to the code, and the page that it led to failed. A code may serve only once:
/// that page is read again, the code is not sent again.
CodeResult page_failed(Work& work, const Run& run) {
    Progress& progress = work.progress;
    progress.login = work.browser.state();
    progress.code_at_hand = domain::Secret();
    // Should it be sent after all, a refusal says nothing about it.
    progress.code_doubt = CodeDoubt::no_answer;
    progress.page_behind_code = run.behind;
    return ended(come_back(work, run));
}

CodeResult signed_in(Work& work) {
    work.session_begins();
    Progress& progress = work.progress;
    progress.gate = Gate::none;
    progress.login = portal::BrowserState();
    progress.last_error.reset();
    progress.codes_expired = 0;
    progress.codes_used_up = 0;
    progress.codes_interrupted = 0;
    progress.code_at_hand = domain::Secret();
    progress.page_behind_code.reset();
    progress.code_doubt = CodeDoubt::none;
    work.note("signed in");
    CodeResult result;
    result.verdict = CodeVerdict::signed_in;
    return result;
}

CodeResult judge_code(Work& work, const Run& run, domain::Secret code) {
    const bool later = run.stop == Stop::outcome && (run.outcome == PageOutcome::rate_limited ||
                                                     run.outcome == PageOutcome::maintenance);
    if (later || run.stop == Stop::unreachable || run.stop == Stop::no_answer) {
        if (run.behind) return page_failed(work, run);
        return code_kept(work, run, std::move(code));
    }
    if (run.stop != Stop::outcome) return ended(interpret(work, run));
    // The page behind the code is read again: a portal that shows another one has used the code up.
    const bool reread = run.behind.has_value() && code.empty();
    const CodeDoubt doubt = work.progress.code_doubt;
    const bool in_doubt = doubt != CodeDoubt::none;
    switch (run.outcome) {
        case PageOutcome::access_code_wrong:
            return in_doubt ? used_up(work, doubt) : wrong_code(work, run);
        case PageOutcome::access_code_expired:
            return in_doubt || reread ? used_up(work, doubt) : code_expired(work);
        case PageOutcome::session_expired:
        // The form is kept between two steps: only a new sign-in gives another one.
        case PageOutcome::stale_form:
            return in_doubt || reread
                       ? used_up(work, doubt)
                       : code_expired(work, "the portal asked for a new sign-in after the code");
        default:
            return ended(interpret(work, run));
    }
}

/// With a page behind the code that failed, `given_code` is not used.
asio::awaitable<CodeResult> enter_code(Work& work, std::optional<domain::Secret> given_code) {
    domain::Secret code = given_code ? std::move(*given_code) : domain::Secret();
    const bool reads_again = work.progress.page_behind_code.has_value();
    portal::BrowserState login = work.progress.login;
    // Pages of the whole session may show it again.
    if (!reads_again) login.kept.insert_or_assign("access_code", std::string(code.reveal()));
    work.set_session_aside();
    work.use(std::move(login));
    portal::Variables given = work.given;
    Run run;
    if (reads_again) {
        portal::PageBehind behind = std::move(*work.progress.page_behind_code);
        work.progress.page_behind_code.reset();
        code = domain::Secret();
        run = co_await work.browser.go_on(PortalOperation::enter_code, std::move(behind),
                                          std::move(given));
    } else {
        run = co_await work.browser.run(PortalOperation::enter_code, std::move(given));
    }
    CodeResult result;
    if (run.stop == Stop::finished) {
        result = signed_in(work);
    } else {
        result = judge_code(work, run, std::move(code));
    }
    co_return result;
}

}  // namespace

StepResult intend_sign_in(Work& work) {
    if (work.by_account()) {
        if (auto trouble = account_trouble(work)) return std::move(*trouble);
    }
    const auto contact = domain::login_contact(work.context.order);
    const bool somebody = work.by_account() || contact.has_value();
    if (!somebody || !work.given.has("order_identifier")) {
        return reject(work, "missing_facts",
                      somebody ? "the order has neither a supplier order ID nor a common name"
                               : "the order has no admin_email and no login_email to sign in with",
                      "complete the order in the inventory and retry");
    }
    work.progress.gate = Gate::intended;
    protocol::Intend intend;
    intend.effect.effect_class = domain::EffectClass::repeatable;
    intend.effect.summary = "sign in as " + masked(work.who()) + " for order " + work.order_text();
    return work.answer(std::move(intend), "sign_in");
}

asio::awaitable<SignIn> submit_address(Work& work) {
    work.set_session_aside();
    work.use(portal::BrowserState());
    const bool intended = work.progress.gate == Gate::intended;
    portal::Variables given = work.given;
    const Run run = co_await work.browser.run(PortalOperation::sign_in, std::move(given));
    SignIn result;
    if (run.stop != Stop::finished) {
        forget_sign_in(work);
        // The leave stays good: the same effect is tried again.
        if (intended) work.progress.gate = Gate::intended;
        const bool no_page =
            run.stop == Stop::outcome && (run.outcome == PageOutcome::session_expired ||
                                          run.outcome == PageOutcome::access_code_expired ||
                                          run.outcome == PageOutcome::access_code_wrong);
        // The sign-in page instead of the code page is no lost session: we had none.
        if (no_page) {
            result.ended.emplace(unknown_page(work, run));
        } else {
            result.ended.emplace(interpret(work, run));
        }
        co_return result;
    }
    Progress& progress = work.progress;
    progress.gate = Gate::code;
    progress.login = work.browser.state();
    progress.code_expires_at = code_end(work, run);
    progress.attempts_left = number_in(run.values.text_or_empty("attempts_left"));
    if (!progress.attempts_left) progress.attempts_left = work.profile().access_code.attempts;
    progress.login_reference = run.values.text_or_empty("nonce");
    progress.code_at_hand = domain::Secret();
    progress.code_doubt = CodeDoubt::none;
    progress.code_sent_to = work.who();
    // Where an account's codes go, only the portal knows.
    if (work.by_account() && run.values.has("contact")) {
        progress.code_sent_to = run.values.text_or_empty("contact");
    }
    work.note("the portal mails an access code to " + progress.code_sent_to);
    result.need = code_need(work);
    co_return result;
}

domain::Need code_need(const Work& work) {
    const Progress& progress = work.progress;
    const std::string contact = progress.code_sent_to.empty() ? work.who() : progress.code_sent_to;
    domain::Need need;
    need.name = "access_code";
    need.hint = "enter the access code that " + work.profile().title + " mailed to " + contact +
                " for order " + work.order_text();
    if (!progress.login_reference.empty()) {
        need.hint += " (login reference " + progress.login_reference + ")";
    }
    const std::optional<std::string>& mailbox = work.setup.mailbox;
    const bool wrong = progress.last_error && progress.last_error->code == "access_code_wrong";
    if (mailbox && !wrong) {
        need.hint += "; the broker looks for it in the mailbox " + *mailbox + " by itself";
        need.details.emplace("mailbox", *mailbox);
    }
    need.expires_at = progress.code_expires_at;
    need.attempts_left = progress.attempts_left;
    need.last_error = progress.last_error;
    need.details.emplace("sent_to", contact);
    need.details.emplace("pattern", work.profile().access_code.pattern.text());
    if (!progress.login_reference.empty()) {
        need.details.emplace("login_reference", progress.login_reference);
    }
    return need;
}

StepResult ask_code(Work& work, domain::Need need) {
    protocol::NeedInput needs;
    needs.needs.push_back(std::move(need));
    return work.answer(std::move(needs), "access_code");
}

asio::awaitable<CodeResult> enter_given_code(Work& work) {
    std::optional<domain::Secret> code = work.take_code();
    const bool too_late = work.context.now >= work.progress.code_expires_at;
    const bool answered = work.progress.page_behind_code.has_value();
    CodeResult result;
    result.verdict = CodeVerdict::missing;
    if (too_late && (answered || !code)) {
        result = code_expired(work);
    } else if (code || answered) {
        result = co_await enter_code(work, std::move(code));
    }
    co_return result;
}

}  // namespace cabroker::adapters::guest_portal
