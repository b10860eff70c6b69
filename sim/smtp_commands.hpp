// What the desk's SMTP server says to each command that needs no further reading.
#pragma once

#include <string>
#include <string_view>

#include "sim/desk.hpp"

namespace cabroker::sim {

/// One connection's conversation.
struct SmtpTalk {
    std::string ehlo;
    std::string user;
    std::string mail_from;
    std::vector<std::string> rcpt_to;
    bool tls = false;
    bool mail_given = false;

    void forget_mail() {
        mail_given = false;
        mail_from.clear();
        rcpt_to.clear();
    }
};

struct SmtpCommand {
    /// Upper case.
    std::string verb;
    std::string rest;
    /// The place for faults: `smtp.mail` and so on; empty for harmless ones.
    std::string where;
};

[[nodiscard]] SmtpCommand command_of(std::string_view line);
/// The whole reply with CRLF. DATA, STARTTLS and AUTH give their first reply: 354, 220,
/// 235/334/535.
[[nodiscard]] std::string reply_to(const SmtpCommand& command, const Desk& desk, SmtpTalk& talk);
/// AUTH PLAIN's one response; AUTH LOGIN is two of them.
[[nodiscard]] std::string check_plain(std::string_view base64, const Desk& desk, SmtpTalk& talk);
[[nodiscard]] std::string check_login(std::string_view user64, std::string_view password64,
                                      const Desk& desk, SmtpTalk& talk);

}  // namespace cabroker::sim
