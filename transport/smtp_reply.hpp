// Reads an SMTP server's reply (RFC 5321 §4.2, RFC 3463). Internal to this folder.
#pragma once

#include <string_view>

#include "transport/smtp_client.hpp"

namespace cabroker::transport {

/// The three digits a reply line begins with; 0 when it does not.
[[nodiscard]] int smtp_code_of(std::string_view line);

/// A whole reply, all its lines, as a receipt; the stage is the caller's to set.
[[nodiscard]] SmtpReceipt read_smtp_reply(std::string_view lines);

}  // namespace cabroker::transport
