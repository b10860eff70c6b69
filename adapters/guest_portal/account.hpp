// Portals that one signs in to with an account: no code has to be brought by a person, so signing
// in is part of the step that needs it. A portal without sign_in takes the credentials with each
// request (an API key in a header) and knows no session.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "adapters/guest_portal/work.hpp"

namespace cabroker::adapters::guest_portal {

/// Why the step has no account, or must not try its credentials now; nullopt: it may.
[[nodiscard]] std::optional<protocol::StepResult> account_trouble(Work& work);
/// Makes sure that there is a session, where the portal has them. The answer when there is none.
[[nodiscard]] boost::asio::awaitable<std::optional<Step>> sign_in_with_account(Work& work);
/// One step without leave: signs in when needed, once more when the portal ended the session.
[[nodiscard]] boost::asio::awaitable<Step> account_step(Work& work);

/// The portal does not take the credentials: remembers it and says what to do.
[[nodiscard]] protocol::StepResult credentials_refused(Work& work, const portal::Run& run);

}  // namespace cabroker::adapters::guest_portal
