#include "daemon/app/outside_settings.hpp"

#include <utility>

namespace cabroker::app {

domain::Result<link::Configuration> outside_configuration(const config::Settings& settings) {
    link::Configuration configuration;
    for (const auto& [name, adapter] : settings.adapters)
        configuration.adapters.emplace(name, adapter.json);
    for (const auto& [name, mailer] : settings.mailers) {
        configuration.mailers.emplace(name, mailer.json);
        if (!mailer.password) continue;
        auto password = mailer.password->read();
        if (!password) {
            return domain::Error(
                domain::ErrorCode::bad_configuration,
                "cannot read the password of mailer " + name + ": " + password.error().detail);
        }
        configuration.secrets.emplace("mailer/" + name, std::move(*password));
    }
    return configuration;
}

}  // namespace cabroker::app
