#include "policy/capability.hpp"

#include <algorithm>

namespace cabroker::policy {

bool adapter_does(const config::AdapterSettings& adapter, domain::Kind kind, domain::Brand brand,
                  const KnownSkills& skills) {
    if (const auto* portal = std::get_if<config::GuestPortalSettings>(&adapter.details))
        return portal->profile.does(kind);
    if (const auto* ticket = std::get_if<config::EmailTicketSettings>(&adapter.details))
        return ticket->templates.contains(kind);
    if (std::holds_alternative<config::ProgramSettings>(adapter.details)) {
        const auto said = skills.find(adapter.name);
        if (said == skills.end()) return true;
        const auto& [kinds, brands] = said->second;
        return std::find(kinds.begin(), kinds.end(), kind) != kinds.end() &&
               (brands.empty() || std::find(brands.begin(), brands.end(), brand) != brands.end());
    }
    return true;
}

}  // namespace cabroker::policy
