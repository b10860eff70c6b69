// What a configured adapter can do, as far as its settings tell. Pure.
#pragma once

#include "config/adapter_settings.hpp"
#include "domain/words.hpp"

namespace cabroker::policy {

/// guest_portal: the kinds whose operations its profile has; email_ticket: those it has templates
/// for; human: what only a person can do: cancel and transfer, and whatever a rule sends there.
[[nodiscard]] bool adapter_does(const config::AdapterSettings& adapter, domain::Kind kind);

}  // namespace cabroker::policy
