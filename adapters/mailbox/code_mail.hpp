// Decides whether a mail is a code mail and what is in it: sender, authentication, code, binding.
// Pure; whom a code belongs to is the core's business.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/protocol/mail_messages.hpp"
#include "config/portal_profile.hpp"
#include "transport/mail_reader.hpp"

namespace cabroker::adapters::mailbox {

/// What one adapter's profile says of code mails.
struct CodeRule {
    std::string adapter;
    config::CodePattern pattern;
    config::CodeMail mail;
};

struct MailRules {
    std::vector<CodeRule> adapters;
    /// Senders whose mails are code mails whatever the profiles say.
    std::vector<std::string> code_mail_from;
    std::optional<std::string> authserv_id;
};

struct CodeVerdict {
    /// Its octets must not be kept: a rule's sender or a rule's subject.
    bool is_code = false;
    /// The sender is one of the rules' and at least one code was found: the original may go.
    bool is_certain = false;
    std::vector<protocol::CodeReading> readings;
};

/// Codes are looked for in what a person sees of the mail's own text: not in attachments and
/// attached mails, comments, hidden elements, quotations.
[[nodiscard]] CodeVerdict judge_code_mail(const transport::ReadMail& mail, const MailRules& rules);

/// By the header alone, for mails that are too large or cannot be read.
[[nodiscard]] bool is_code_mail(const transport::ReadMail& mail, const MailRules& rules);

/// What the own mail server found (RFC 8601): the topmost result of `authserv_id` counts, and only
/// above the first Received line of a foreign host. Passed: DMARC for the From domain, or without
/// a DMARC result DKIM or SPF of that domain or one above it.
[[nodiscard]] protocol::Authentication authentication_of(
    const transport::ReadMail& mail, const std::optional<std::string>& authserv_id);

}  // namespace cabroker::adapters::mailbox
