// The support desk's inbox and its SMTP server: EHLO, STARTTLS, AUTH, DATA, with faults at each
// command.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "sim/clock.hpp"
#include "sim/faults.hpp"

namespace cabroker::sim {

struct TlsFiles;

struct DeskMail {
    std::uint64_t number = 0;
    domain::Time at{};
    std::string ehlo;
    std::string mail_from;
    std::vector<std::string> rcpt_to;
    /// Who signed in; empty: nobody.
    std::string user;
    bool tls = false;
    std::string message_id;
    std::string subject;
    /// Exactly as received, dot-unstuffed, CRLF line ends.
    std::string raw;
};

struct DeskSettings {
    /// Empty: no AUTH is needed.
    std::string user;
    std::string password;
    std::size_t max_size = 25UL * 1024 * 1024;
};

/// What has arrived. One thread.
class Desk {
  public:
    Desk(SimClock& clock, DeskSettings settings) : clock_(clock), settings_(std::move(settings)) {}

    /// Numbers, dates and keeps a mail.
    void take(DeskMail mail);
    void forget() { mails_.clear(); }
    [[nodiscard]] const std::vector<DeskMail>& mails() const { return mails_; }
    [[nodiscard]] const DeskSettings& settings() const { return settings_; }
    [[nodiscard]] bool credentials_fit(const std::string& user, const std::string& password) const;

  private:
    SimClock& clock_;
    DeskSettings settings_;
    std::vector<DeskMail> mails_;
    std::uint64_t next_number_ = 1;
};

/// The value of a header field of a raw mail, unfolded; empty when there is none.
[[nodiscard]] std::string header_of(std::string_view raw, std::string_view name);
/// Takes the dots off that SMTP added (RFC 5321, 4.5.2).
[[nodiscard]] std::string unstuffed(std::string_view data);

/// Starts the server; returns its port. `implicit_tls`: TLS from the first octet. Faults at
/// `smtp.connect`, `smtp.ehlo`, `smtp.starttls`, `smtp.auth`, `smtp.mail`, `smtp.rcpt`,
/// `smtp.data`, `smtp.end`.
[[nodiscard]] domain::Result<unsigned short> serve_smtp(
    const boost::asio::any_io_executor& executor, const std::string& address, const TlsFiles& tls,
    Desk& desk, Faults& faults, bool implicit_tls);

}  // namespace cabroker::sim
