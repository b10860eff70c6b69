// What the outside is to work with, from the configuration: at the start and at each reload.
#pragma once

#include "config/settings.hpp"
#include "daemon/link/link.hpp"

namespace cabroker::app {

/// Adapters, mailers and the mailers' passwords, which are read now. bad_configuration: one cannot
/// be read.
[[nodiscard]] domain::Result<link::Configuration> outside_configuration(
    const config::Settings& settings);

}  // namespace cabroker::app
