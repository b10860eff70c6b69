#include "adapters/guest_portal/account.hpp"

#include "adapters/guest_portal/answers.hpp"
#include "adapters/guest_portal/jobs.hpp"
#include "runtime/sha256.hpp"

namespace cabroker::adapters::guest_portal {

namespace asio = boost::asio;
using config::PageOutcome;
using config::PortalOperation;
using portal::Run;
using portal::Stop;
using protocol::StepResult;

namespace {

std::string digest_of(const protocol::Account& account) {
    return runtime::sha256_hex(account.user + '\n' + std::string(account.password.reveal()));
}

std::string list_of(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

StepResult no_account(Work& work) {
    const std::vector<std::string>& names = work.setup.accounts;
    const std::string key = "adapters." + work.setup.name + ".accounts";
    if (names.empty()) return misconfigured(work, "no account is configured: fill in " + key);
    const std::string named = work.context.order.account.value_or("");
    if (!named.empty()) {
        return misconfigured(work, "the order's account " + named + " is none of " + key + " (" +
                                       list_of(names) +
                                       "): configure it, or correct the order's account");
    }
    return reject(work, "missing_facts",
                  "the order does not say which account it belongs to, and there are several: " +
                      list_of(names),
                  "set the order's account in the inventory and retry");
}

}  // namespace

std::optional<StepResult> account_trouble(Work& work) {
    if (!work.context.account) return no_account(work);
    const protocol::Account& account = *work.context.account;
    if (!work.setup.guard.blocks(account.name, digest_of(account), work.setup.clock.steady())) {
        return std::nullopt;
    }
    return misconfigured(work, "the portal refused the credentials of account " + account.name +
                                   " lately; they are not tried again for a while, so that the "
                                   "account is not locked: correct adapters." +
                                   work.setup.name + ".accounts." + account.name);
}

StepResult credentials_refused(Work& work, const Run& run) {
    work.session_lost();
    std::string detail = "the portal does not take the credentials";
    if (work.context.account) {
        const protocol::Account& account = *work.context.account;
        work.setup.guard.refused(account.name, digest_of(account), work.setup.clock.steady());
        detail += " of account " + account.name + ": correct adapters." + work.setup.name +
                  ".accounts." + account.name;
    }
    if (!run.detail.empty()) detail += " (the portal says: " + run.detail + ")";
    return misconfigured(work, std::move(detail));
}

asio::awaitable<std::optional<Step>> sign_in_with_account(Work& work) {
    std::optional<Step> ended;
    if (auto trouble = account_trouble(work)) {
        ended.emplace(std::move(*trouble));
        co_return ended;
    }
    if (work.signed_in() || work.profile().operation(PortalOperation::sign_in) == nullptr) {
        co_return ended;
    }
    work.use(portal::BrowserState());
    portal::Variables given = work.given;
    const Run run = co_await work.browser.run(PortalOperation::sign_in, std::move(given));
    if (run.stop == Stop::finished) {
        work.setup.guard.accepted(work.context.account->name);
        work.session_begins();
        work.note("signed in as " + work.who());
        co_return ended;
    }
    const bool no_session =
        run.stop == Stop::outcome && run.outcome == PageOutcome::session_expired;
    // The sign-in page instead of what comes after it is no lost session: we had none.
    if (no_session) {
        ended.emplace(unknown_page(work, run));
    } else {
        ended.emplace(interpret(work, run));
    }
    co_return ended;
}

asio::awaitable<Step> account_step(Work& work) {
    const bool had_session = work.signed_in();
    std::optional<Step> ended = co_await sign_in_with_account(work);
    if (ended) co_return std::move(*ended);
    Step step = co_await do_job(work);
    const bool lost = had_session && work.session_dropped() && step.has_value() &&
                      std::holds_alternative<protocol::Unreachable>(step->answer);
    if (!lost) co_return step;
    // It lived shorter than we thought: once more with a new one.
    ended = co_await sign_in_with_account(work);
    if (ended) co_return std::move(*ended);
    co_return co_await do_job(work);
}

}  // namespace cabroker::adapters::guest_portal
