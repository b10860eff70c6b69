// Makes adapters from the settings that `configure` brings: which built-in types there are, and
// what they are given to work with.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/adapter.hpp"
#include "domain/error.hpp"
#include "domain/secret.hpp"

namespace cabroker::config {
struct AdapterSettings;
struct MailerSettings;
}  // namespace cabroker::config
namespace cabroker::transport {
class HttpClient;
class SmtpClient;
}  // namespace cabroker::transport
namespace cabroker::runtime {
class Clock;
}  // namespace cabroker::runtime

namespace cabroker::adapters {

/// Secrets that came with `configure`, by name: `mailer/NAME` is the password of a mailer.
using HostSecrets = std::map<std::string, domain::Secret, std::less<>>;
using Mailers = std::map<std::string, config::MailerSettings, std::less<>>;

[[nodiscard]] std::string mailer_secret_name(std::string_view mailer);

/// What adapters work with. Everything outlives the adapters made from it; adapters keep the
/// references.
struct Services {
    transport::HttpClient& http;
    transport::SmtpClient& smtp;
    const runtime::Clock& clock;
    const Mailers& mailers;
    const HostSecrets& secrets;
    /// Takes the JSON text of one exchange with a portal, for whoever repairs a profile, or drops
    /// it. Empty: nobody wants a trace.
    std::function<void(std::string exchange)> trace{};
};

/// The types that make_adapter knows: guest_portal, email_ticket, human, program.
[[nodiscard]] const std::vector<std::string>& built_in_types();

/// `settings` is the JSON object of config::AdapterSettings::json. bad_configuration, with every
/// problem in `fields`, when it cannot be used, and for a type that is not built in. Sends nothing.
[[nodiscard]] domain::Result<std::unique_ptr<Adapter>> make_adapter(const std::string& name,
                                                                    std::string_view settings,
                                                                    const Services& services);
/// The same from settings that are decoded already (tests, and a single process).
[[nodiscard]] domain::Result<std::unique_ptr<Adapter>> make_adapter(
    const config::AdapterSettings& settings, const Services& services);

}  // namespace cabroker::adapters
