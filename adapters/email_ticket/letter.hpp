// Makes the mail of a request from a template, once. Its octets never change afterwards.
#pragma once

#include <string>

#include "adapters/email_ticket/facts.hpp"
#include "adapters/protocol/messages.hpp"
#include "config/adapter_settings.hpp"

namespace cabroker::adapters::email_ticket {

/// Names the request, so that a mail of ours that comes back is known.
inline constexpr const char* kLoopHeader = "X-Cabroker-Request";

/// bad_configuration when the template is no mustache.
[[nodiscard]] domain::Result<void> check_template(const config::MailTemplate& text);

/// The complete mail. bad_configuration: a setting or a fact that cannot stand in a mail.
[[nodiscard]] domain::Result<protocol::Mail> write_letter(const protocol::StepContext& context,
                                                          const protocol::MailIdentity& identity,
                                                          const Facts& facts,
                                                          const config::MailTemplate& text,
                                                          const std::string& from,
                                                          const std::string& to);

}  // namespace cabroker::adapters::email_ticket
