// The adapter of type email_ticket: writes to a supplier's support with the facts it needs and
// waits for people there. Composes once; what is sent are the octets that the core kept.
#pragma once

#include <memory>
#include <string>

#include "adapters/adapter.hpp"
#include "config/adapter_settings.hpp"
#include "domain/secret.hpp"

namespace cabroker::runtime {
class Clock;
}  // namespace cabroker::runtime
namespace cabroker::transport {
class SmtpClient;
}  // namespace cabroker::transport

namespace cabroker::adapters::email_ticket {

/// Both services outlive the adapter. `password` is the mailer's; empty when it needs none.
/// bad_configuration: a template that does not render, or a mailer that cannot be used.
[[nodiscard]] domain::Result<std::unique_ptr<Adapter>> make_email_ticket(
    std::string name, config::EmailTicketSettings settings, config::MailerSettings mailer,
    domain::Secret password, transport::SmtpClient& smtp, const runtime::Clock& clock);

}  // namespace cabroker::adapters::email_ticket
