// Signing in: the address is submitted under a repeatable effect, a person brings the mailed code,
// the code opens the session.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "adapters/guest_portal/work.hpp"

namespace cabroker::adapters::guest_portal {

/// Answers Intend for a sign-in, or why there can be none.
[[nodiscard]] protocol::StepResult intend_sign_in(Work& work);

/// What a submitted address led to.
struct SignIn {
    /// The code is on its way; `need` asks for it.
    std::optional<domain::Need> need;
    /// Why there is no code.
    std::optional<Step> ended;
};
/// Submits the address. With leave, or inside a proof.
[[nodiscard]] boost::asio::awaitable<SignIn> submit_address(Work& work);

/// Asks for the code that is on its way.
[[nodiscard]] domain::Need code_need(const Work& work);
[[nodiscard]] protocol::StepResult ask_code(Work& work, domain::Need need);

/// What became of a code.
enum class CodeVerdict {
    missing,  ///< nobody gave one yet
    signed_in,
    wrong,    ///< asked for again, one attempt less
    expired,  ///< a new sign-in is needed and allowed
    ended     ///< `ended` says how
};
struct CodeResult {
    CodeVerdict verdict = CodeVerdict::ended;
    std::optional<Step> ended;
};
/// Enters the code that was given, or reads the page behind it again when that failed: then no code
/// is sent. signed_in: the browser is the session. A code that ran out before it was used is
/// expired the first time, and ends the sign-in the second.
[[nodiscard]] boost::asio::awaitable<CodeResult> enter_given_code(Work& work);

}  // namespace cabroker::adapters::guest_portal
