// A trace of what a browser does at a portal, for whoever repairs a profile: one JSON object an
// exchange (docs/portal-profiles.md, "Repairing a profile"). Made only when somebody asked for it;
// nothing of it is secret, and nothing depends on it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapters/portal/prepared.hpp"
#include "adapters/portal/received.hpp"
#include "config/portal_profile.hpp"

namespace cabroker::adapters::portal {

/// Takes the JSON text of one exchange, or drops it. Empty: nobody wants a trace.
using TraceSink = std::function<void(std::string exchange)>;

/// What is told of one exchange. Refers to what it is made from.
struct Exchange {
    const config::PortalProfile& profile;
    const config::ProfileStep& step;
    const Prepared& sent;
    /// nullptr: no whole answer came.
    const Received* answer;
    /// Values that may stand nowhere: with_disguises().
    std::vector<std::string> secrets;
    std::string adapter;
    std::string request;  ///< req_ id; empty in a check
    std::string_view operation;
    /// What became of it: next, done, outcome WORD, rejected CODE, or why it stopped.
    std::string ended;
    std::string detail;
    std::chrono::milliseconds took{};
};

[[nodiscard]] std::string trace_of(const Exchange& exchange);

}  // namespace cabroker::adapters::portal
