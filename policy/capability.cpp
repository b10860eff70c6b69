#include "policy/capability.hpp"

#include <algorithm>

namespace cabroker::policy {

bool adapter_does(const config::AdapterSettings& adapter, domain::Kind kind) {
    if (const auto* portal = std::get_if<config::GuestPortalSettings>(&adapter.details)) {
        const std::vector<domain::Kind> kinds = portal->profile.kinds();
        return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    }
    if (const auto* ticket = std::get_if<config::EmailTicketSettings>(&adapter.details))
        return ticket->templates.contains(kind);
    return true;
}

}  // namespace cabroker::policy
