// Reads one incoming mail that nobody vouches for, within limits, into plain values. Decides
// nothing about it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/error.hpp"
#include "domain/time.hpp"
#include "transport/mime_message.hpp"

namespace cabroker::transport {

struct MailLimits {
    std::size_t octets = 25 * 1024 * 1024;
    std::size_t header_octets = 256 * 1024;
    std::size_t headers = 1'000;
    std::size_t parts = 200;
    std::size_t depth = 16;
    /// Of all decoded parts together.
    std::size_t decoded = 32 * 1024 * 1024;
    MailLimits() = default;
};

/// All text is valid UTF-8, headers are decoded (RFC 2047) and unfolded. Message-IDs are without
/// brackets.
struct ReadMail {
    /// Every header of the mail itself, in order, names in lower case.
    std::vector<std::pair<std::string, std::string>> headers;
    /// Addresses of the From, To, Cc and Reply-To headers; a From of more than one address is kept
    /// as such.
    std::vector<MailParty> from;
    std::vector<MailParty> to;
    std::vector<MailParty> cc;
    std::vector<MailParty> reply_to;
    std::string subject;
    std::string message_id;
    std::vector<std::string> in_reply_to;
    std::vector<std::string> references;
    std::optional<domain::Time> date;
    /// The keyword of Auto-Submitted (RFC 3834), lower case; `no` when absent.
    std::string auto_submitted = "no";
    /// The values of Authentication-Results, first (last added) first. Which of them to believe is
    /// the caller's business: only those above the topmost foreign Received, and of the own
    /// authserv-id.
    std::vector<std::string> authentication_results;
    /// The decoded text/plain and text/html parts that are not attachments, each with its content
    /// type. Parts inside message/rfc822 are not among them.
    std::vector<std::pair<std::string, std::string>> texts;
    /// Everything else, decoded. An attached message is one attachment of type message/rfc822.
    std::vector<MailAttachment> attachments;
    /// A multipart/report (RFC 6522) at the top.
    bool is_report = false;

    ReadMail() = default;

    /// All values of a header (lower-case name), in order.
    [[nodiscard]] std::vector<std::string> values(std::string_view name) const;
};

/// limit_exceeded, with fact `limit`, when a cap is passed; bad_answer when it is no mail at all
/// (no header).
[[nodiscard]] domain::Result<ReadMail> read_mail(std::string_view octets, const MailLimits& limits);

}  // namespace cabroker::transport
