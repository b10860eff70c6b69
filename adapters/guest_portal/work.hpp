// One step in the making: what it was told, how far the request had come, the browser it drives,
// and the answer it collects. Lives as long as one call of advance() or prove().
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "adapters/guest_portal/account_guard.hpp"
#include "adapters/guest_portal/order_view.hpp"
#include "adapters/guest_portal/progress.hpp"
#include "adapters/portal/browser.hpp"
#include "adapters/protocol/messages.hpp"
#include "config/adapter_settings.hpp"
#include "runtime/clock.hpp"

namespace cabroker::adapters::guest_portal {

using Step = domain::Result<protocol::StepResult>;

/// An adapter as configured; outlives every step.
struct Setup {
    std::string name;
    portal::Portal portal;
    domain::Duration settle;
    /// Where the access codes are picked up; absent: somebody types them.
    std::optional<std::string> mailbox;
    const runtime::Clock& clock;
    /// Names of the accounts that the adapter has.
    std::vector<std::string> accounts;
    AccountGuard& guard;
};

class Work {
  public:
    Work(const Setup& of, protocol::StepContext told);
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

    [[nodiscard]] const config::PortalProfile& profile() const { return setup.portal.profile; }
    /// The order in words for people: its supplier order ID, else its common name.
    [[nodiscard]] std::string order_text() const;
    /// Does one sign in with an account, or is there nobody to sign in as?
    [[nodiscard]] bool by_account() const { return profile().binds == config::Binding::account; }
    [[nodiscard]] bool mails_codes() const {
        return profile().operation(config::PortalOperation::enter_code) != nullptr;
    }
    /// Who signs in, for people: the account's user, else the contact's address.
    [[nodiscard]] std::string who() const;
    /// Does the session end so soon that work which waits needs a new one?
    [[nodiscard]] bool session_ends_soon() const;
    /// What templates may name once the order was read: what the step was told, then what the page
    /// says.
    [[nodiscard]] portal::Variables known() const;
    /// The reason as it is sent; when none was given, one that names the request, so that it can be
    /// found again.
    [[nodiscard]] std::string reason() const;
    /// The portal has no word for the reason code, which is sent behind the reason's text.
    [[nodiscard]] bool code_stands_in_reason() const;
    [[nodiscard]] bool signed_in() const { return signed_in_; }
    /// The value given for `name`, if any; taken.
    [[nodiscard]] std::optional<domain::Secret> take_input(std::string_view name);
    /// The access code that was given now, or before and could not be delivered.
    [[nodiscard]] std::optional<domain::Secret> take_code();

    /// Has a code been given that is to be entered, or was one and its page must be read?
    [[nodiscard]] bool has_code() const;

    /// The browser works on with these cookies.
    void use(portal::BrowserState state);
    /// The browser's cookies are a session from now on.
    void session_begins();
    void session_lost();
    /// It was used, or came to its end, long after its sign-in: it was no short one.
    void session_serves();
    /// The portal ends each session soon after its sign-in: one more sign-in would only mail one
    /// more code.
    [[nodiscard]] bool sessions_do_not_hold() const { return progress.short_sessions >= 3; }
    /// Another sign-in is under way: the session that still lives is neither used nor given back.
    void set_session_aside() { signed_in_ = false; }
    void note(std::string text);
    /// Keeps a page of a run as evidence unless this very page was kept by the step before.
    void keep_evidence(const portal::Run& run);

    /// Closes the step.
    [[nodiscard]] protocol::StepResult answer(protocol::Answer what, std::string step);

    const Setup& setup;
    protocol::StepContext context;
    Progress progress;
    /// A change was sent and it is not known what became of it.
    bool in_doubt = false;
    /// The answer says how the change itself ended.
    bool change_ended = false;
    /// The cookie could not be read.
    bool lost_track = false;
    /// For templates.
    portal::Variables given;
    /// What read_order of this step extracted.
    portal::Variables read;
    portal::Browser browser;
    std::vector<protocol::Note> notes;
    std::vector<protocol::EvidenceBlob> evidence;
    std::vector<std::string> certificates;
    std::optional<protocol::StatusReading> status;

    /// For both kinds of answers: the cookie, the session when it is new or changed.
    [[nodiscard]] domain::Secret cookie() const;
    [[nodiscard]] std::optional<protocol::Session> session() const;
    [[nodiscard]] bool session_dropped() const { return dropped_; }
    [[nodiscard]] std::chrono::steady_clock::time_point act_until() const;

  private:
    [[nodiscard]] protocol::Answer looked_at_again(protocol::Answer what) const;
    protocol::Answer without_form(protocol::Answer what);
    protocol::Answer without_cookie(protocol::Answer what);
    [[nodiscard]] std::chrono::steady_clock::time_point after(domain::Duration time) const;
    void open_session();

    std::chrono::steady_clock::time_point started_;
    bool signed_in_ = false;
    bool dropped_ = false;
    std::string jar_before_;
    std::optional<domain::Time> session_expires_;
};

/// What templates may name of a step's order and parameters.
[[nodiscard]] portal::Variables given_variables(const config::PortalProfile& profile,
                                                const protocol::StepContext& context,
                                                const std::string& reason);

/// `a***@example.com`: for texts that are kept.
[[nodiscard]] std::string masked(const std::string& address);

}  // namespace cabroker::adapters::guest_portal
