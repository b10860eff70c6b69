// How far a request has come at the portal: the adapter's cookie, which lives sealed in the core
// between two steps. Two things are counted apart: whether we are signed in, and how far the job
// is.
#pragma once

#include <optional>
#include <string>

#include "adapters/portal/browser.hpp"
#include "adapters/portal/prepared.hpp"
#include "adapters/portal/run.hpp"
#include "adapters/portal/variables.hpp"
#include "adapters/protocol/messages.hpp"
#include "domain/request.hpp"
#include "domain/secret.hpp"

namespace cabroker::adapters::guest_portal {

/// none: not signed in. intended: the sign-in's intent was answered. code: the portal mailed a
/// code.
enum class Gate { none, intended, code };
/// start: nothing sent. prepared: the form is filled in and its intent was answered. submitted: it
/// was taken, and is never sent again.
enum class Job { start, prepared, submitted };
/// Why the portal may have used up the code that is to be entered. no_answer: it was sent, and the
/// portal did not answer, or with a page that failed. interrupted: this program or the core ended
/// while it was on its way, which says nothing about the portal.
enum class CodeDoubt { none, no_answer, interrupted };

struct Progress {
    Gate gate = Gate::none;
    Job job = Job::start;

    /// Cookies between submitting the address and entering the code.
    portal::BrowserState login;
    domain::Time code_expires_at{};
    std::optional<int> attempts_left;
    std::optional<domain::LastError> last_error;
    std::string login_reference;
    std::string code_sent_to;
    /// When this request last signed in, as long as that session was not lost.
    std::optional<domain::Time> signed_in_at;
    /// How many sessions of its own the portal ended soon after the sign-in, one after another.
    int short_sessions = 0;
    /// How many codes the portal took without a session, one after another.
    int codes_used_up = 0;
    /// How many codes were lost to an end of this program or of the core, one after another.
    int codes_interrupted = 0;
    /// How often the portal called a code expired that we thought good.
    int codes_expired = 0;
    /// A code that was given and could not be delivered yet.
    domain::Secret code_at_hand;
    /// Where the answer to the code led, when that page failed: it is read again.
    std::optional<portal::PageBehind> page_behind_code;
    CodeDoubt code_doubt = CodeDoubt::none;

    std::optional<portal::Prepared> prepared;
    /// What the portal answered to our form, when the order had changed by then: if a proof says
    /// that this was not by us, the request ends with it and sends nothing again.
    std::optional<protocol::Rejected> refusal;
    /// What the order showed before our change: status, serial, how often our reason stood there.
    std::string seen_before;
    std::string seen_serial;
    /// SHA-256 of the tokens that the requester was told to publish; the beginnings of those of
    /// each token said to be done.
    std::string tokens_told;
    std::string tokens_done;
    /// Digest of the unknown page that was kept as evidence last.
    std::string page_kept;
    int pages_kept = 0;

    Progress() = default;
    [[nodiscard]] domain::Secret text(const portal::Variables& variables) const;
    /// Empty text is the beginning; nullopt when it is not what text() wrote.
    [[nodiscard]] static std::optional<Progress> parse(std::string_view text,
                                                       const portal::Variables& variables);
};

}  // namespace cabroker::adapters::guest_portal
