// The words about incoming mail between daemon and outside: mailboxes that are opened, mails that
// are offered, taken and filed. Their JSON form is in mail_codec.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/secret.hpp"
#include "domain/time.hpp"

namespace cabroker::adapters::protocol {

/// Frames that the outside sends unasked have ids of its own, from here on.
inline constexpr std::uint64_t kFirstOwnId = std::uint64_t{1} << 40;
/// Mails of one mailbox that were offered and not taken yet.
inline constexpr std::size_t kMostUntaken = 8;
/// Larger mails cross with their header only.
inline constexpr std::size_t kMaxMailOctets = 25UL * 1024 * 1024;

/// Where a mail lies: a Maildir's unique name without flags, or a UID with its UIDVALIDITY.
struct MailRef {
    std::string file;
    std::uint64_t uidvalidity = 0;
    std::uint64_t uid = 0;
    MailRef() = default;
    explicit MailRef(std::string name) : file(std::move(name)) {}
    MailRef(std::uint64_t validity, std::uint64_t number) : uidvalidity(validity), uid(number) {}
    auto operator<=>(const MailRef&) const = default;
    /// For logs and maps.
    [[nodiscard]] std::string text() const {
        return file.empty() ? std::to_string(uidvalidity) + "/" + std::to_string(uid) : file;
    }
};

/// What the profile of one adapter found in a code mail.
struct CodeReading {
    std::string adapter;
    /// Different codes that the rules found; the code crosses only when there is one.
    std::size_t candidates = 0;
    domain::Secret code;
    /// What binds the code to a sign-in by the profile's `binds`; empty when it does not bind, or
    /// when not exactly one value was found.
    std::string binding;
};

/// What the mailbox's own mail server says of the sender (RFC 8601). not_checked: no `authserv_id`
/// is configured.
enum class Authentication { not_checked, passed, failed };

struct MailFacts {
    /// Addresses of the From header, nothing else.
    std::vector<std::string> from;
    /// Addresses of To, Cc, Delivered-To and X-Original-To.
    std::vector<std::string> to;
    std::string subject;  ///< empty for a code mail
    std::string message_id;
    /// The Date header; never trusted.
    std::optional<domain::Time> date;
    std::string body_sha256;
    Authentication authentication = Authentication::not_checked;
    std::size_t size = 0;
    /// How long it has been in the mailbox, at most: by the server's date of arrival, and never
    /// longer than since a look that did not see it.
    domain::Duration age{};
};

/// One mail, offered to the core until it is taken.
struct MailOffer {
    std::string mailbox;
    MailRef ref;
    /// Of the octets; of the header alone when `oversize`.
    std::string sha256;
    MailFacts facts;
    bool oversize = false;
    /// A code mail: its octets do not cross.
    bool is_code = false;
    std::vector<CodeReading> readings;
    std::string octets;
};

/// `settings` is the JSON object of config::MailboxSettings::json; `cursor` is what mail_filed
/// brought last, empty at first.
struct MailboxOpen {
    std::string name;
    std::string settings;
    domain::Secret password;
    std::string cursor;
};

struct MailFiled {
    std::string mailbox;
    MailRef ref;
    std::string cursor;
};

/// After each look at a mailbox.
struct MailboxReport {
    std::string name;
    bool open = false;
    /// Why not, safe to show.
    std::string detail;
};

}  // namespace cabroker::adapters::protocol
