// What the stops of a browser mean for a request: one table from pages to answers.
#pragma once

#include <optional>
#include <string>

#include "adapters/guest_portal/work.hpp"

namespace cabroker::adapters::guest_portal {

/// Closes the step with a refusal.
[[nodiscard]] protocol::StepResult reject(Work& work, std::string code, std::string detail,
                                          std::string hint);
/// The same for what became of the change that was sent; any other refusal would leave it alone.
[[nodiscard]] protocol::StepResult end_change(Work& work, std::string code, std::string detail,
                                              std::string hint);
/// Closes the step with what the administrator must mend.
[[nodiscard]] protocol::StepResult misconfigured(Work& work, std::string detail,
                                                 std::string step = "sign_in");
/// Looks at the portal again later; `reason` says what it shows.
[[nodiscard]] protocol::StepResult wait_for(Work& work, std::string reason);
/// The portal ends its sessions right after the sign-ins. What was submitted is looked at again,
/// much later each time; anything else ends.
[[nodiscard]] protocol::StepResult session_refused(Work& work);
/// The same for another reason why no sign-in leads anywhere.
[[nodiscard]] protocol::StepResult sign_in_refused(Work& work, std::string detail);
/// So many codes lost to our own interruptions, one after another, make the next sign-in wait.
inline constexpr int kManyInterrupted = 10;
[[nodiscard]] protocol::StepResult sign_in_much_later(Work& work, std::string detail);
/// Nothing was reached, or the portal asks to come back later.
[[nodiscard]] protocol::StepResult come_back(Work& work, const portal::Run& run);
/// The portal wants a person in front of a browser.
[[nodiscard]] protocol::StepResult ask_for_person(Work& work, const portal::Run& run);
/// An answer that the profile does not know. Before anything was submitted the request ends
/// (`unknown_page`); afterwards it waits for a repaired profile, because the CA goes on meanwhile.
[[nodiscard]] protocol::StepResult unknown_page(Work& work, const portal::Run& run);
/// A change was sent and its answer says nothing certain.
[[nodiscard]] protocol::StepResult in_doubt(Work& work, const portal::Run& run);

/// The refusal that a page is; nullopt: it is none, or a matter of sessions, codes or load.
[[nodiscard]] std::optional<protocol::Rejected> refusal_in(const portal::Run& run);
/// The refusal as an answer.
[[nodiscard]] protocol::StepResult refuse(Work& work, const portal::Run& run);

/// The whole table, for a run of reading steps that did not finish. Not for the sign-in.
[[nodiscard]] Step interpret(Work& work, const portal::Run& run);

}  // namespace cabroker::adapters::guest_portal
