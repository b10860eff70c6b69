// Is this request accepted, refused or to be approved, by which adapter, and what will it ask for?
// Every rule that is neither the body's shape (422) nor a conflict (409). Pure: facts in, decision
// out. Codes: docs/outcome-codes.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "domain/order.hpp"
#include "domain/request.hpp"
#include "pki/csr.hpp"
#include "policy/router.hpp"

namespace cabroker::policy {

/// Safe to show; goes on the record and into previews.
struct Warning {
    std::string code;
    std::string detail;
};

struct DecisionInput {
    const domain::Order& order;
    const domain::Params& params;
    /// The CSR of a reissue as read by pki; nullptr when there is none.
    const pki::CsrFacts* csr = nullptr;
    domain::Time at{};
    const config::Settings& settings;
    /// `POST .../reroute` and tests: takes this adapter instead of asking the rules.
    std::optional<std::string> adapter;
    /// What programs said of themselves.
    KnownSkills skills = {};
    Explain explain = Explain::every_rule;
};

struct Decision {
    enum class Verdict { accept, reject, needs_approval };
    Verdict verdict = Verdict::accept;
    std::optional<std::string> adapter;
    std::optional<domain::Channel> channel;
    /// reject: the request's outcome (code, detail, hint). needs_approval: why, as code and detail.
    std::optional<domain::Outcome> outcome;
    std::vector<Warning> warnings;
    /// Names of inputs that are expected on the way, such as access_code.
    std::vector<std::string> needs;
    Routing routing;
};

/// Total: an answer for every input. Reads only its arguments.
[[nodiscard]] Decision decide(const DecisionInput& input);

/// "accept", "reject", "needs_approval".
[[nodiscard]] std::string_view name_of(Decision::Verdict verdict);

/// Hint for a pending order: the steps in the Reseller Control Panel.
[[nodiscard]] std::string control_panel_steps(const domain::Order& order);

}  // namespace cabroker::policy
