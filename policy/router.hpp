// Which adapter and channel serve a request: the first rule in force that matches. Pure, total,
// deterministic.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "domain/order.hpp"
#include "domain/words.hpp"
#include "policy/capability.hpp"

namespace cabroker::policy {

/// Why a rule was taken or not.
struct RuleExplanation {
    std::string name;
    bool matched = false;
    std::string why;
    /// The adapter the rule means, where one is configured.
    std::optional<std::string> adapter;
    std::optional<domain::Time> valid_from;
    std::optional<domain::Time> valid_until;
};

struct Routing {
    /// Both set, or neither.
    std::optional<std::string> adapter;
    std::optional<domain::Channel> channel;
    /// One per rule, in order; those after the deciding one are explained too. Empty when nothing
    /// was to be explained.
    std::vector<RuleExplanation> rules;
    /// A rule was meant for this request, but its adapter is not configured: that adapter's name or
    /// type.
    std::optional<std::string> missing_adapter;
};

/// Explaining costs a sentence for each rule, which only a preview needs.
enum class Explain { every_rule, nothing };

/// Decides for an order and a kind at an instant. Reads only its arguments.
[[nodiscard]] Routing route(const domain::Order& order, domain::Kind kind, domain::Time at,
                            const config::Settings& settings, const KnownSkills& skills = {},
                            Explain explain = Explain::every_rule);

}  // namespace cabroker::policy
