// How a run of a profile's operation ended and what it brought: the browser's answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/portal/prepared.hpp"
#include "adapters/portal/variables.hpp"
#include "adapters/protocol/messages.hpp"
#include "config/portal_profile.hpp"
#include "domain/time.hpp"

namespace cabroker::adapters::portal {

/// Why a run of an operation ended.
enum class Stop {
    finished,      ///< the steps are done
    before_once,   ///< the next step changes something: it is filled in, in `prepared`
    outcome,       ///< a page that the profile gives a meaning: `outcome`
    rejected,      ///< a page that the profile calls a refusal: `code`
    not_offered,   ///< the form does not offer a value: `code` names the field
    unknown_page,  ///< an answer that the profile does not know, or that leads away
    unreachable,   ///< nothing was sent, or the portal says to come back later
    no_answer,     ///< something was sent and no whole answer came
    misconfigured  ///< the profile cannot be followed
};

/// A page that the answer to a step's request redirected to.
struct PageBehind {
    std::string step;
    std::string url;
};

struct Run {
    Stop stop = Stop::misconfigured;
    std::string step;  ///< of the profile, the last one begun
    config::PageOutcome outcome = config::PageOutcome::maintenance;
    std::string code;
    std::string detail;  ///< one line, safe to show
    std::optional<domain::Duration> retry_after;
    std::optional<Prepared> prepared;
    Variables values;  ///< what the operation was given and what it extracted
    std::string body;  ///< of the last answer: a downloaded file, for instance
    std::string content_type;
    /// What was sent in cookies, also in those that the portal has replaced since.
    std::vector<std::string> cookies_sent;
    /// The page it stopped at, without secrets; none when finished.
    std::vector<protocol::EvidenceBlob> evidence;
    /// Where the answer to the last repeatable request led, whatever became of that page.
    std::optional<PageBehind> behind;
    /// The page is behind a redirect or of a later step: no answer to the `once` request itself.
    bool moved = false;
    /// A repeatable request may have reached the portal.
    bool repeatable_sent = false;
    bool once_sent = false;  ///< the `once` request may have reached the portal

    Run() = default;
};

}  // namespace cabroker::adapters::portal
