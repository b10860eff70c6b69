#include "adapters/guest_portal/guest_portal.hpp"

#include <algorithm>

#include "adapters/guest_portal/account.hpp"
#include "adapters/guest_portal/answers.hpp"
#include "adapters/guest_portal/check.hpp"
#include "adapters/guest_portal/jobs.hpp"
#include "adapters/guest_portal/proof.hpp"
#include "adapters/guest_portal/sign_in.hpp"
#include "adapters/guest_portal/work.hpp"

namespace cabroker::adapters::guest_portal {

namespace asio = boost::asio;
using config::PortalOperation;
using domain::Kind;
using domain::OrderStatus;
using protocol::Capabilities;
using protocol::StepContext;

namespace {

protocol::StepResult unsupported(Work& work, std::string hint) {
    protocol::Unsupported answer;
    answer.hint = std::move(hint);
    return work.answer(std::move(answer), "unsupported");
}

/// Why this adapter cannot do what the request asks at all.
std::optional<std::string> why_not_ours(const Work& work) {
    const Kind kind = domain::kind_of(work.context.params);
    const auto kinds = work.profile().kinds();
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
        return "the portal does not offer " + std::string(domain::name_of(kind));
    }
    const auto change = change_of(work.context.params);
    if (!change || work.profile().operation(*change) != nullptr) return std::nullopt;
    if (*change == PortalOperation::revoke_certificate) {
        return "this portal revokes whole orders only; ask for scope order, which ends every "
               "certificate of the order";
    }
    return "this portal revokes single certificates only; ask for scope certificate with its "
           "serial number";
}

asio::awaitable<Step> with_leave(Work& work) {
    if (work.progress.gate == Gate::intended) {
        SignIn sign_in = co_await submit_address(work);
        if (sign_in.ended) co_return std::move(*sign_in.ended);
        co_return ask_code(work, std::move(*sign_in.need));
    }
    if (work.by_account()) {
        if (auto trouble = account_trouble(work)) co_return std::move(*trouble);
    }
    if (work.progress.job != Job::prepared || !work.progress.prepared) {
        co_return misconfigured(work, "leave was given and nothing is prepared", "resume");
    }
    const bool has_sessions = work.profile().operation(PortalOperation::sign_in) != nullptr;
    if (!work.signed_in() && has_sessions) {
        // The session ended between intent and leave: nothing is sent, the next step signs in.
        portal::Run run;
        run.step = "submit";
        run.detail = "the session ended before the form was sent";
        co_return come_back(work, run);
    }
    co_return co_await send_change(work);
}

asio::awaitable<Step> enter(Work& work) {
    CodeResult entered = co_await enter_given_code(work);
    switch (entered.verdict) {
        case CodeVerdict::signed_in:
            co_return co_await do_job(work);
        case CodeVerdict::missing:
        case CodeVerdict::wrong:
            co_return ask_code(work, code_need(work));
        case CodeVerdict::expired:
            co_return intend_sign_in(work);
        case CodeVerdict::ended:
            break;
    }
    co_return std::move(*entered.ended);
}

asio::awaitable<Step> without_leave(Work& work) {
    if (work.by_account() && !work.mails_codes()) co_return co_await account_step(work);
    const bool waits_for_code = work.progress.gate == Gate::code;
    // A new sign-in may have begun while the old session still lived.
    if (waits_for_code && work.has_code()) co_return co_await enter(work);
    if (work.signed_in()) co_return co_await do_job(work);
    if (waits_for_code) co_return co_await enter(work);
    co_return intend_sign_in(work);
}

protocol::SessionBinding binding_of(const config::PortalProfile& profile) {
    if (profile.operation(PortalOperation::sign_in) == nullptr) {
        return protocol::SessionBinding::none;
    }
    if (profile.binds == config::Binding::account) return protocol::SessionBinding::account;
    return protocol::SessionBinding::order_and_contact;
}

/// What an adapter holds in memory between its steps.
struct Held {
    portal::Meter meter;
    AccountGuard guard;
};

class GuestPortal final : public Adapter {
  public:
    GuestPortal(std::unique_ptr<Held> held, Setup setup)
        : held_(std::move(held)), setup_(std::move(setup)) {}

    [[nodiscard]] Capabilities capabilities() const override {
        Capabilities ours;
        ours.type = "guest_portal";
        ours.channel = domain::Channel::portal;
        ours.kinds = setup_.portal.profile.kinds();
        ours.statuses[Kind::reissue] = {OrderStatus::issued};
        ours.statuses[Kind::revoke] = {OrderStatus::issued};
        ours.statuses[Kind::cancel] = {OrderStatus::reissue_pending};
        ours.sessions = binding_of(setup_.portal.profile);
        ours.settle = setup_.settle;
        return ours;
    }

    [[nodiscard]] asio::awaitable<Step> advance(StepContext context) override {
        Work work(setup_, std::move(context));
        if (work.lost_track) co_return misconfigured(work, kUnreadable, "resume");
        if (const auto why = why_not_ours(work)) {
            // The profile changed; what was sent goes on at the CA.
            const bool sent = work.progress.job == Job::submitted;
            co_return sent ? misconfigured(work, *why, "resume") : unsupported(work, *why);
        }
        if (work.context.leave) co_return co_await with_leave(work);
        co_return co_await without_leave(work);
    }

    [[nodiscard]] asio::awaitable<domain::Result<protocol::Proof>> prove(
        protocol::ProofContext context) override {
        Work work(setup_, std::move(context.step));
        work.in_doubt = true;
        if (work.lost_track || context.effect.effect_class != domain::EffectClass::once) {
            protocol::Proof proof;
            proof.detail = kUnreadable;
            proof.cookie = work.cookie();
            co_return proof;
        }
        // What was sent is not sent again as it is, and the cookie needs its room.
        work.progress.prepared.reset();
        domain::Effect effect = std::move(context.effect);
        co_return co_await prove_change(work, std::move(effect));
    }

    [[nodiscard]] asio::awaitable<domain::Result<protocol::CheckReport>> check(
        domain::Duration within) override {
        co_return co_await look_at(setup_.portal, setup_.clock.steady() + within);
    }

  private:
    static constexpr const char* kUnreadable =
        "what an earlier step left cannot be read by this version";
    std::unique_ptr<Held> held_;
    Setup setup_;
};

/// The operation that this binding cannot do without and the profile lacks.
std::optional<PortalOperation> missing_operation(const config::PortalProfile& profile) {
    const auto lacks = [&](PortalOperation needed) { return profile.operation(needed) == nullptr; };
    if (lacks(PortalOperation::read_order)) return PortalOperation::read_order;
    if (profile.binds == config::Binding::account) return std::nullopt;
    if (lacks(PortalOperation::sign_in)) return PortalOperation::sign_in;
    if (lacks(PortalOperation::enter_code)) return PortalOperation::enter_code;
    return std::nullopt;
}

}  // namespace

domain::Result<std::unique_ptr<Adapter>> make_guest_portal(std::string name,
                                                           config::GuestPortalSettings settings,
                                                           transport::HttpClient& http,
                                                           const runtime::Clock& clock,
                                                           std::function<void(std::string)> trace) {
    auto origin = transport::Origin::parse(settings.base_url);
    if (!origin) {
        return domain::Error(domain::ErrorCode::bad_configuration,
                             "adapter " + name + ": base_url: " + origin.error().detail);
    }
    if (const auto missing = missing_operation(settings.profile)) {
        return domain::Error(domain::ErrorCode::bad_configuration,
                             "adapter " + name + ": the profile lacks the operation " +
                                 std::string(config::name_of(*missing)));
    }
    auto held = std::make_unique<Held>(
        Held{portal::Meter(settings.rate, settings.account_rate, clock), AccountGuard()});
    std::vector<std::string> accounts;
    for (const auto& account : settings.accounts) accounts.push_back(account.first);
    portal::Portal portal{std::move(settings.profile),
                          std::move(*origin),
                          settings.ca_file.value_or(std::string()),
                          http,
                          &held->meter,
                          std::move(trace),
                          name};
    Setup setup{std::move(name), std::move(portal),   settings.settle, std::move(settings.mailbox),
                clock,           std::move(accounts), held->guard};
    std::unique_ptr<Adapter> adapter =
        std::make_unique<GuestPortal>(std::move(held), std::move(setup));
    return adapter;
}

}  // namespace cabroker::adapters::guest_portal
