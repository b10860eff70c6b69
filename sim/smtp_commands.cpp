#include "sim/smtp_commands.hpp"

#include <charconv>
#include <optional>

#include "sim/text.hpp"

namespace cabroker::sim {
namespace {

constexpr const char* kBadSequence = "503 5.5.1 bad sequence of commands\r\n";
constexpr const char* kAuthFailed = "535 5.7.8 authentication credentials invalid\r\n";
constexpr const char* kAuthDone = "235 2.7.0 authentication succeeded\r\n";
constexpr std::size_t kMostRecipients = 100;

std::string accept_user(const std::string& user, const std::string& password, const Desk& desk,
                        SmtpTalk& talk) {
    if (!desk.credentials_fit(user, password)) return kAuthFailed;
    talk.user = user;
    return kAuthDone;
}

std::string greet(const SmtpCommand& command, const Desk& desk, SmtpTalk& talk) {
    talk.ehlo = command.rest;
    talk.forget_mail();
    if (command.verb == "HELO") return "250 desk.localhost\r\n";
    std::string reply = "250-desk.localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n";
    reply += "250-SIZE " + std::to_string(desk.settings().max_size) + "\r\n";
    if (!talk.tls) reply += "250-STARTTLS\r\n";
    if (talk.tls && !desk.settings().user.empty()) reply += "250-AUTH PLAIN LOGIN\r\n";
    return reply + "250 ENHANCEDSTATUSCODES\r\n";
}

/// `FROM:<a@b> SIZE=1` -> `a@b`; the parameters go into `parameters`. nullopt: not that.
std::optional<std::string> path_of(std::string_view rest, std::string_view keyword,
                                   std::string& parameters) {
    if (upper(rest.substr(0, keyword.size())) != keyword) return std::nullopt;
    const std::string_view after = rest.substr(keyword.size());
    const std::size_t open = after.find('<');
    const std::size_t close = after.find('>');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open ||
        !trimmed(after.substr(0, open)).empty()) {
        return std::nullopt;
    }
    parameters = upper(trimmed(after.substr(close + 1)));
    return std::string(after.substr(open + 1, close - open - 1));
}

std::string take_sender(const SmtpCommand& command, const Desk& desk, SmtpTalk& talk) {
    if (talk.ehlo.empty() || talk.mail_given) return kBadSequence;
    if (!desk.settings().user.empty() && talk.user.empty())
        return "530 5.7.0 authentication required\r\n";
    std::string parameters;
    const auto path = path_of(command.rest, "FROM:", parameters);
    if (!path) return "501 5.5.4 syntax: MAIL FROM:<address>\r\n";
    for (const std::string& parameter : split(parameters, ' ')) {
        std::size_t size = 0;
        if (parameter.starts_with("SIZE=")) {
            std::from_chars(parameter.data() + 5, parameter.data() + parameter.size(), size);
            if (size > desk.settings().max_size) return "552 5.3.4 message too big\r\n";
        } else if (!parameter.empty() && !parameter.starts_with("BODY=") &&
                   !parameter.starts_with("AUTH=")) {
            return "555 5.5.4 unsupported parameter\r\n";
        }
    }
    talk.mail_given = true;
    talk.mail_from = *path;
    return "250 2.1.0 sender ok\r\n";
}

std::string take_recipient(const SmtpCommand& command, SmtpTalk& talk) {
    if (!talk.mail_given) return kBadSequence;
    std::string parameters;
    const auto path = path_of(command.rest, "TO:", parameters);
    if (!path || path->find('@') == std::string::npos)
        return "501 5.1.3 syntax: RCPT TO:<address>\r\n";
    if (!parameters.empty()) return "555 5.5.4 unsupported parameter\r\n";
    if (talk.rcpt_to.size() >= kMostRecipients) return "452 4.5.3 too many recipients\r\n";
    talk.rcpt_to.push_back(*path);
    return "250 2.1.5 recipient ok\r\n";
}

std::string begin_auth(const SmtpCommand& command, const Desk& desk, SmtpTalk& talk) {
    if (!talk.tls) return "538 5.7.11 encryption required\r\n";
    if (desk.settings().user.empty() || !talk.user.empty() || talk.ehlo.empty())
        return kBadSequence;
    const std::vector<std::string> words = split(command.rest, ' ');
    const std::string mechanism = upper(words.front());
    if (mechanism == "PLAIN" && words.size() > 1) return check_plain(words[1], desk, talk);
    if (mechanism == "PLAIN") return "334 \r\n";
    if (mechanism == "LOGIN") return "334 VXNlcm5hbWU6\r\n";
    return "504 5.5.4 unknown mechanism\r\n";
}

}  // namespace

SmtpCommand command_of(std::string_view line) {
    SmtpCommand command;
    const std::size_t blank = std::min(line.find(' '), line.size());
    command.verb = upper(line.substr(0, blank));
    command.rest = trimmed(line.substr(blank));
    const std::string place = command.verb == "HELO" ? "ehlo" : lower(command.verb);
    for (const char* known : {"ehlo", "starttls", "auth", "mail", "rcpt", "data"}) {
        if (place == known) command.where = "smtp." + place;
    }
    return command;
}

std::string check_plain(std::string_view base64, const Desk& desk, SmtpTalk& talk) {
    const auto octets = base64_decode(base64);
    if (!octets) return "501 5.5.2 cannot decode\r\n";
    const std::vector<std::string> parts = split(*octets, '\0');
    if (parts.size() != 3) return kAuthFailed;
    return accept_user(parts[1], parts[2], desk, talk);
}

std::string check_login(std::string_view user64, std::string_view password64, const Desk& desk,
                        SmtpTalk& talk) {
    const auto user = base64_decode(user64);
    const auto password = base64_decode(password64);
    if (!user || !password) return "501 5.5.2 cannot decode\r\n";
    return accept_user(*user, *password, desk, talk);
}

std::string reply_to(const SmtpCommand& command, const Desk& desk, SmtpTalk& talk) {
    if (command.verb == "EHLO" || command.verb == "HELO") return greet(command, desk, talk);
    if (command.verb == "MAIL") return take_sender(command, desk, talk);
    if (command.verb == "RCPT") return take_recipient(command, talk);
    if (command.verb == "AUTH") return begin_auth(command, desk, talk);
    if (command.verb == "DATA") {
        if (talk.rcpt_to.empty()) return kBadSequence;
        return "354 end with a dot on a line of its own\r\n";
    }
    if (command.verb == "STARTTLS") return talk.tls ? kBadSequence : "220 2.0.0 go ahead\r\n";
    if (command.verb == "RSET") {
        talk.forget_mail();
        return "250 2.0.0 reset\r\n";
    }
    if (command.verb == "NOOP") return "250 2.0.0 ok\r\n";
    if (command.verb == "VRFY") return "252 2.5.2 send some mail\r\n";
    if (command.verb == "QUIT") return "221 2.0.0 bye\r\n";
    return "502 5.5.2 unknown command\r\n";
}

}  // namespace cabroker::sim
