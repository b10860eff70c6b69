#include "adapters/registry.hpp"

#include <boost/json.hpp>

#include "adapters/email_ticket/email_ticket.hpp"
#include "adapters/guest_portal/guest_portal.hpp"
#include "adapters/human/human.hpp"
#include "adapters/program/program.hpp"
#include "config/adapter_settings.hpp"
#include "json/parse.hpp"

namespace cabroker::adapters {

using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

Result<std::unique_ptr<Adapter>> make_ticket(const std::string& name,
                                             const config::EmailTicketSettings& settings,
                                             const Services& services) {
    const auto mailer = services.mailers.find(settings.mailer);
    if (mailer == services.mailers.end()) {
        return Error(ErrorCode::bad_configuration,
                     "adapter " + name + ": there is no mailer " + settings.mailer);
    }
    const auto secret = services.secrets.find(mailer_secret_name(settings.mailer));
    domain::Secret password;
    if (secret != services.secrets.end()) password = secret->second.clone();
    return email_ticket::make_email_ticket(name, settings, mailer->second, std::move(password),
                                           services.smtp, services.clock);
}

}  // namespace

std::string mailer_secret_name(std::string_view mailer) { return "mailer/" + std::string(mailer); }

const std::vector<std::string>& built_in_types() {
    static const std::vector<std::string> types{"guest_portal", "email_ticket", "human", "program"};
    return types;
}

Result<std::unique_ptr<Adapter>> make_adapter(const config::AdapterSettings& settings,
                                              const Services& services) {
    if (const auto* portal = std::get_if<config::GuestPortalSettings>(&settings.details)) {
        return guest_portal::make_guest_portal(settings.name, *portal, services.http,
                                               services.clock, services.trace);
    }
    if (const auto* ticket = std::get_if<config::EmailTicketSettings>(&settings.details)) {
        return make_ticket(settings.name, *ticket, services);
    }
    if (const auto* program = std::get_if<config::ProgramSettings>(&settings.details)) {
        return program::make_program(settings.name, *program);
    }
    return human::make_human(settings.name, std::get<config::HumanSettings>(settings.details));
}

Result<std::unique_ptr<Adapter>> make_adapter(const std::string& name, std::string_view settings,
                                              const Services& services) {
    const auto value = json::parse(settings);
    if (!value) {
        return Error(ErrorCode::bad_configuration,
                     "adapter " + name + ": the settings are no JSON: " + value.error().detail);
    }
    json::Problems problems;
    const auto decoded = config::decode_adapter(name, *value, "", problems);
    if (!decoded || !problems.empty()) {
        std::string detail = "adapter " + name + ": the settings cannot be used";
        if (!problems.empty()) detail += ": " + problems.front().detail;
        return Error(ErrorCode::bad_configuration, std::move(detail), std::move(problems));
    }
    return make_adapter(*decoded, services);
}

}  // namespace cabroker::adapters
