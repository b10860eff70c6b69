#include <algorithm>
#include <boost/json.hpp>
#include <boost/url/parse.hpp>

#include "config/adapter_settings.hpp"
#include "config/decode_tools.hpp"

namespace cabroker::config {
namespace {

namespace bj = boost::json;
using json::ObjectReader;
using json::Problems;

std::string without_password(const bj::value& value) {
    bj::value copy = value;
    if (copy.is_object()) copy.get_object().erase("password");
    return bj::serialize(copy);
}

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "127.0.0.1" || host == "::1" || host == "[::1]";
}

/// Scheme and host of a URL that has one of two schemes; complains otherwise.
struct MailUrl {
    std::string scheme;
    std::string host;
};
std::optional<MailUrl> decode_mail_url(ObjectReader& reader, std::string_view key,
                                       const std::string& text, std::string_view plain,
                                       std::string_view secure) {
    const auto url = boost::urls::parse_uri(text);
    if (!url || url->host().empty() || (url->scheme() != plain && url->scheme() != secure)) {
        reader.complain(key, "bad_format",
                        "must be " + std::string(plain) + "://HOST[:PORT] or " +
                            std::string(secure) + "://HOST[:PORT]");
        return std::nullopt;
    }
    if (url->has_userinfo() || url->has_query() || url->has_fragment()) {
        reader.complain(key, "bad_format",
                        "must have no user, query or fragment; give `user` and `password`");
        return std::nullopt;
    }
    return MailUrl{std::string(url->scheme()), std::string(url->host())};
}

void check_tls(ObjectReader& reader, const MailUrl& url, MailerSettings& mailer) {
    const bool secure = url.scheme == "smtps";
    if (!reader.has("tls") && secure) mailer.tls = MailTls::implicit;
    if (secure && mailer.tls != MailTls::implicit)
        reader.complain("tls", "bad_format",
                        "smtps:// means `tls: implicit`; write smtp:// for starttls");
    if (!secure && mailer.tls == MailTls::implicit) mailer.url.replace(0, 4, "smtps");
    if (mailer.tls != MailTls::none) return;
    if (!is_loopback(url.host))
        reader.complain("tls", "bad_format",
                        "`none` is for loopback only: mails carry facts about customers");
    if (mailer.user) reader.complain("user", "bad_format", "no password goes out without TLS");
}

void check_reply_to(ObjectReader& reader, const MailerSettings& mailer) {
    if (!mailer.reply_to) return;
    std::string probe = *mailer.reply_to;
    const std::size_t at = probe.find("{token}");
    if (at != std::string::npos) probe.replace(at, 7, "0123456789abcdef0123456789abcdef");
    if (at == std::string::npos || probe.find('{') != std::string::npos || !is_mail_address(probe))
        reader.complain("reply_to", "bad_format",
                        "must be an address with {token} once, such as ssl+{token}@example.com");
}

bool is_atom(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
    });
}

bool is_label(std::string_view text) {
    return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-';
           });
}

template <class Check>
bool all_between_dots(std::string_view text, const Check& check) {
    for (;;) {
        const std::size_t dot = text.find('.');
        if (!check(text.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

}  // namespace

bool is_mail_address(std::string_view text) {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos || at > 64 || text.size() > 254) return false;
    return all_between_dots(text.substr(0, at), is_atom) &&
           all_between_dots(text.substr(at + 1), is_label);
}

MailerSettings decode_mailer(const std::string& name, const bj::value& value,
                             const std::string& pointer, Problems& problems) {
    MailerSettings mailer;
    mailer.name = name;
    check_name(name, pointer, problems);
    ObjectReader reader(value, pointer, problems);
    if (reader.require("url")) mailer.url = reader.line("url", 512).value_or("");
    const auto tls = reader.word(
        "tls",
        [](std::string_view word) -> std::optional<MailTls> {
            if (word == "starttls") return MailTls::starttls;
            if (word == "implicit") return MailTls::implicit;
            if (word == "none") return MailTls::none;
            return std::nullopt;
        },
        "starttls, implicit, none");
    if (tls) mailer.tls = *tls;
    mailer.ca_file = decode_path(reader, "ca_file");
    mailer.user = reader.line("user", 256);
    mailer.password = decode_secret(reader, "password", problems);
    if (mailer.password && !mailer.user)
        reader.complain("user", "required", "a password goes with a user");
    if (reader.require("from")) mailer.from = reader.line("from", 254).value_or("");
    if (reader.has("from") && !is_mail_address(mailer.from))
        reader.complain("from", "bad_format", "must be one mail address");
    mailer.reply_to = reader.line("reply_to", 254);
    check_reply_to(reader, mailer);
    if (reader.has("url")) {
        const auto url = decode_mail_url(reader, "url", mailer.url, "smtp", "smtps");
        if (url) check_tls(reader, *url, mailer);
    }
    reader.finish();
    mailer.json = without_password(value);
    return mailer;
}

MailboxSettings decode_mailbox(const std::string& name, const bj::value& value,
                               const std::string& pointer, Problems& problems) {
    MailboxSettings mailbox;
    mailbox.name = name;
    check_name(name, pointer, problems);
    ObjectReader reader(value, pointer, problems);
    mailbox.maildir = decode_path(reader, "maildir");
    mailbox.imap = reader.line("imap", 512);
    if (reader.has("maildir") == reader.has("imap"))
        problems.emplace_back(pointer, "required", "give one of maildir and imap");
    if (mailbox.imap) {
        (void)decode_mail_url(reader, "imap", *mailbox.imap, "imap", "imaps");
        reader.require("user");
    }
    mailbox.ca_file = decode_path(reader, "ca_file");
    mailbox.user = reader.line("user", 256);
    mailbox.password = decode_secret(reader, "password", problems);
    mailbox.authserv_id = reader.line("authserv_id", 255);
    mailbox.poll = reader.duration("poll").value_or(mailbox.poll);
    mailbox.code_mail_from = reader.lines("code_mail_from", 100).value_or(mailbox.code_mail_from);
    const auto code_mails = reader.word(
        "code_mails",
        [](std::string_view word) -> std::optional<MailboxSettings::CodeMails> {
            if (word == "delete") return MailboxSettings::CodeMails::delete_;
            if (word == "move") return MailboxSettings::CodeMails::move;
            return std::nullopt;
        },
        "delete, move");
    if (code_mails) mailbox.code_mails = *code_mails;
    reader.finish();
    mailbox.json = without_password(value);
    return mailbox;
}

}  // namespace cabroker::config
