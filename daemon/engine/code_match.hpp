// Whose is an access code that came by mail? Pure: facts in, a decision out, so that every rule is
// a test. In doubt it is nobody's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/adapter_settings.hpp"
#include "daemon/link/mail_outside.hpp"
#include "domain/ids.hpp"

namespace cabroker::engine {

/// A sign-in whose code is to come to this mailbox.
struct OpenSignIn {
    domain::RequestId request;
    std::string adapter;
    const config::GuestPortalSettings* portal = nullptr;
    std::string recipient;
    /// The request asks for the code now; else the address is just being submitted.
    bool asked = false;
    /// What the mail must say by the profile's `binds`; absent: not known yet.
    std::optional<std::string> binding;
    /// How long ago its commit was.
    domain::Duration age{};
};

/// use: give this reading's code to this request. wait: a sign-in that may be its own is not
/// committed yet. triage: a person must look; `reason` says why.
struct CodeDecision {
    enum class Fate { use, wait, triage };
    Fate fate = Fate::triage;
    std::optional<domain::RequestId> request;
    std::size_t reading = 0;
    std::string reason;
};

/// `slack`: by how much the age of the mail may be wrong. Reasons: sender_not_allowed
/// not_authenticated no_code several_codes no_sign_in wrong_recipient wrong_binding
/// older_than_sign_in too_late ambiguous.
[[nodiscard]] CodeDecision match_code(const adapters::protocol::MailFacts& facts,
                                      const std::vector<adapters::protocol::CodeReading>& readings,
                                      const std::vector<OpenSignIn>& sign_ins,
                                      domain::Duration slack);

}  // namespace cabroker::engine
