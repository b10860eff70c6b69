// Sign-ins whose access code comes to a mailbox we read: when each began, and which must wait
// because their codes could not be told apart. Rules over rows; README.md has the picture.
#pragma once

#include <optional>
#include <string>

#include "config/settings.hpp"
#include "daemon/engine/transition.hpp"
#include "daemon/store/views.hpp"

namespace cabroker::engine {

/// The input that a sign-in waits for.
inline constexpr auto kCode = "access_code";

/// One moment by both clocks. The steady one means something within one run of the daemon only.
struct TwoClocks {
    domain::Time now{};
    std::int64_t steady = 0;  ///< milliseconds
    std::string run;
};
/// How long ago a stamp was: by the steady clock where that is known, else by the date. Never
/// negative: a date in the future counts as now.
[[nodiscard]] domain::Duration since(domain::Time at, std::int64_t steady, const std::string& run,
                                     const TwoClocks& moment);

/// How the code of an order's sign-in comes to us.
struct CodeWay {
    std::string mailbox;
    /// Lower case.
    std::string recipient;
    /// Sign-ins with the same line would get codes that cannot be told apart; empty: none would.
    std::string line;
    config::CodeMail::Binds binds = config::CodeMail::Binds::nothing;
};
/// nullopt: a person types it.
[[nodiscard]] std::optional<CodeWay> code_way(const config::Settings& settings,
                                              const std::string& adapter,
                                              const domain::Order& order);

/// Part of the transaction that commits `next`. When `next` opens a sign-in, that is noted with
/// its time; when another one has to end first, the request waits in line instead.
[[nodiscard]] Transition enter_line(store::Tx& tx, const config::Settings& settings,
                                    const domain::Request& request, Transition next,
                                    const TwoClocks& moment);
/// The address is about to be submitted again: codes of before are old.
void sign_in_again(store::Tx& tx, const domain::RequestId& request, const TwoClocks& moment);
/// A proof may sign in without an intent. False: another sign-in is open; the code of this one
/// would have to be typed.
bool sign_in_for_proof(store::Tx& tx, const config::Settings& settings,
                       const domain::Request& request, const TwoClocks& moment);
/// After a proof: it goes on waiting for a code, or its sign-in is over.
void end_proof(store::Tx& tx, const domain::Request& request, domain::Time now);
/// Part of every change of a request: a code that was given, refused or is not needed any more
/// lets the next in line go on.
void follow_line(store::Tx& tx, const domain::Request& before, const domain::Request& after,
                 domain::Time now);
/// The sign-in is over, however.
void leave_line(store::Tx& tx, const domain::RequestId& request, domain::Time now);

/// Does the request ask for an access code, and was none given since?
[[nodiscard]] bool waits_for_code(const store::Reader& reader, const domain::Request& request);

}  // namespace cabroker::engine
