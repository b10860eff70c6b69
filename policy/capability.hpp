// What a configured adapter can do, as far as its settings tell. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/adapter_settings.hpp"
#include "domain/words.hpp"

namespace cabroker::policy {

/// What an adapter of type program has said of itself.
struct Skills {
    std::vector<domain::Kind> kinds;
    std::vector<domain::Brand> brands;  ///< empty: any
};
/// By adapter. One that never said anything is not in it.
using KnownSkills = std::map<std::string, Skills>;

/// guest_portal: the kinds whose operations its profile has; email_ticket: those it has templates
/// for; human: what only a person can do: cancel and transfer, and whatever a rule sends there;
/// program: what it said; before it said anything, whatever a rule sends there (it answers itself).
[[nodiscard]] bool adapter_does(const config::AdapterSettings& adapter, domain::Kind kind,
                                domain::Brand brand, const KnownSkills& skills);

}  // namespace cabroker::policy
