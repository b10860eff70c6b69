// Settings of adapters, mailers and mailboxes, typed for both processes: the core decodes them from
// YAML, the outside from the link's `configure`. The JSON form holds parsed profiles and templates,
// and never a password.
#pragma once

#include <boost/json/fwd.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/portal_profile.hpp"
#include "config/secret_source.hpp"
#include "domain/time.hpp"
#include "domain/words.hpp"
#include "json/reader.hpp"

namespace cabroker::config {

struct AccountSettings {
    std::string user;
    /// Absent in the outside: there it comes with the step.
    std::optional<SecretSource> password;
};

struct GuestPortalSettings {
    PortalProfile profile;
    /// https only, no path, query or user: the origin that every URL must have.
    std::string base_url;
    /// Absent: the system's trust store.
    std::optional<std::string> ca_file;
    std::optional<std::string> mailbox;
    domain::Duration settle = std::chrono::minutes(2);
    std::map<std::string, AccountSettings> accounts;
    std::size_t max_in_flight = 16;
    /// How fast the portal may be asked: by the whole adapter, and by each account (without
    /// accounts: for each order and contact). Absent: the profile's, then generous ones.
    std::vector<RateWindow> rate{{100, std::chrono::seconds(1)},
                                 {10'000, std::chrono::minutes(10)}};
    std::vector<RateWindow> account_rate{{50, std::chrono::seconds(1)},
                                         {3'000, std::chrono::minutes(10)}};
};

/// One mail of a template set, for one kind of request. Texts are mustache.
struct MailTemplate {
    std::string subject;
    std::string text;
    /// Facts without which nothing may be sent: common_name supplier_order_id csr reason ...
    std::vector<std::string> needs;
};

struct EmailTicketSettings {
    std::string template_name;
    std::map<domain::Kind, MailTemplate> templates;
    std::string to;
    std::string mailer = "default";
    std::optional<std::string> mailbox;
    /// Addresses, or `@domain`.
    std::vector<std::string> allowed_senders;
    domain::Duration settle = std::chrono::minutes(2);
    /// How long support may take before the request expires.
    domain::Duration ticket_deadline = std::chrono::hours(24 * 30);
    std::size_t max_in_flight = 8;
};

/// A person does it and says so.
struct HumanSettings {
    domain::Duration ticket_deadline = std::chrono::hours(24 * 30);
};

/// Somebody else's program that speaks the adapter protocol on stdin and stdout.
struct ProgramSettings {
    /// The program's absolute path and its arguments; no shell reads them.
    std::vector<std::string> command;
    /// All that its environment holds beside PATH and LC_ALL. Never a secret: /v1/config shows it.
    std::map<std::string, std::string> environment;
    /// Instead of what the program says.
    std::optional<domain::Duration> settle;
    /// How long it may say nothing; it is pinged at a third of it.
    domain::Duration silence = std::chrono::seconds(30);
    /// What it may hold in memory.
    std::size_t memory_mib = 1024;
};

/// When to stop asking an upstream that does not answer.
struct BreakerSettings {
    /// Steps in a row without an answer.
    int failures = 5;
    /// How long nothing is tried then, before one step may; doubles with each that fails. Absent:
    /// six times the engine's first retry.
    std::optional<domain::Duration> open;
};

using AdapterDetails =
    std::variant<GuestPortalSettings, EmailTicketSettings, HumanSettings, ProgramSettings>;

struct AdapterSettings {
    std::string name;
    /// guest_portal, email_ticket, human, program.
    std::string type;
    domain::Channel channel = domain::Channel::portal;
    AdapterDetails details;
    BreakerSettings breaker;
    /// The checked settings as one JSON object for `configure`, profile and templates inlined, no
    /// password.
    std::string json;
};

enum class MailTls { starttls, implicit, none };

struct MailerSettings {
    std::string name;
    /// smtp://host:port or smtps://host:port. `tls: none` only for loopback.
    std::string url;
    MailTls tls = MailTls::starttls;
    std::optional<std::string> ca_file;
    std::optional<std::string> user;
    std::optional<SecretSource> password;
    std::string from;
    /// Holds `{token}` once; absent: replies go to `from`.
    std::optional<std::string> reply_to;
    std::string json;
};

struct MailboxSettings {
    std::string name;
    /// One of the two.
    std::optional<std::string> maildir;
    std::optional<std::string> imap;
    std::optional<std::string> ca_file;
    std::optional<std::string> user;
    std::optional<SecretSource> password;
    std::optional<std::string> authserv_id;
    domain::Duration poll = std::chrono::seconds(15);
    /// Senders whose mails are code mails whatever the profiles say.
    std::vector<std::string> code_mail_from;
    enum class CodeMails { delete_, move };
    CodeMails code_mails = CodeMails::delete_;
    std::string json;
};

/// The account that an order is worked on with: the one that `named` (the order's account) names,
/// by its name here or its user; the only one when the order names none. nullptr: none, or not
/// clear which.
[[nodiscard]] const std::pair<const std::string, AccountSettings>* account_for(
    const std::map<std::string, AccountSettings>& accounts,
    const std::optional<std::string>& named);

/// Reads one adapter. Types that a later version brings are one `unknown_value` problem that says
/// so. nullopt when the type is not known; otherwise a value that is only to be used when no
/// problem was added.
[[nodiscard]] std::optional<AdapterSettings> decode_adapter(const std::string& name,
                                                            const boost::json::value& value,
                                                            const std::string& pointer,
                                                            json::Problems& problems);
[[nodiscard]] MailerSettings decode_mailer(const std::string& name, const boost::json::value& value,
                                           const std::string& pointer, json::Problems& problems);
[[nodiscard]] MailboxSettings decode_mailbox(const std::string& name,
                                             const boost::json::value& value,
                                             const std::string& pointer, json::Problems& problems);

/// `user@host` by a narrow grammar (RFC 5321 dot-string, no quoting, no controls), at most 254
/// octets.
[[nodiscard]] bool is_mail_address(std::string_view text);
/// An `@domain` or address pattern against an address, case-blind, whole.
[[nodiscard]] bool sender_matches(std::string_view pattern, std::string_view address);

}  // namespace cabroker::config
