// Composes one outgoing mail (GMime) and proves that it is exactly what was meant, by reading it
// back.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/error.hpp"
#include "domain/time.hpp"

namespace cabroker::transport {

struct MailParty {
    /// Shown name, UTF-8; may be empty.
    std::string name;
    /// See is_mail_address.
    std::string address;
    MailParty() = default;
    MailParty(std::string who, std::string where)
        : name(std::move(who)), address(std::move(where)) {}
    bool operator==(const MailParty&) const = default;
};

struct MailAttachment {
    /// File name, UTF-8, without path.
    std::string name;
    /// `text/plain`, `application/pkcs10`, ...
    std::string content_type;
    std::string octets;
    MailAttachment(std::string file, std::string type, std::string bytes)
        : name(std::move(file)), content_type(std::move(type)), octets(std::move(bytes)) {}
};

struct MailDraft {
    MailParty from;
    MailParty to;
    /// An empty address: no Reply-To.
    MailParty reply_to;
    std::string subject;
    /// With or without its brackets.
    std::string message_id;
    domain::Time date{};
    /// Such as `X-Loop` or `Auto-Submitted`. Names of letters, digits and `-`; none that the draft
    /// makes itself, no Bcc, none twice. Values ASCII.
    std::vector<std::pair<std::string, std::string>> extra_headers;
    /// UTF-8, any line ends.
    std::string text;
    std::vector<MailAttachment> attachments;

    MailDraft() = default;
};

/// The complete mail: 7-bit, CRLF, text as UTF-8 in quoted-printable, attachments in base64. Equal
/// drafts give equal octets. bad_configuration, with fact `field`, for anything that could become a
/// header, a part or a command that was not meant; limit_exceeded above 1 MiB.
[[nodiscard]] domain::Result<std::string> compose(const MailDraft& draft);

/// Reads a composed mail back and compares: exactly the draft's headers, once each, exactly its
/// parts with exactly its octets. bad_configuration with what differs. compose() has called it
/// already.
[[nodiscard]] domain::Result<void> verify_composed(const MailDraft& draft, std::string_view octets);

}  // namespace cabroker::transport
