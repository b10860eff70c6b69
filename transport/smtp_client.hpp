// Hands one finished mail for one recipient to one SMTP server (RFC 5321) and says what the server
// answered. Composes nothing, queues nothing, tries once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "domain/error.hpp"
#include "domain/secret.hpp"

namespace cabroker::transport {

/// `none` is allowed for loopback addresses without a password only.
enum class SmtpTls { starttls, implicit, none };

/// Move-only because of the password.
struct SmtpServer {
    /// `smtp://host[:port]` (starttls, none) or `smtps://host[:port]` (implicit).
    std::string url;
    SmtpTls tls = SmtpTls::starttls;
    /// PEM file with the roots to trust, instead of the system's. Empty: the system's.
    std::string ca_file;
    /// Empty: no AUTH. Else AUTH PLAIN or LOGIN, after TLS only.
    std::string user;
    domain::Secret password;
    /// The name said in EHLO; empty: this machine's.
    std::string helo;
    std::chrono::milliseconds connect_timeout{30'000};
    /// For each reply; RFC 5321 §4.5.3.2 wants 10 minutes for the last one.
    std::chrono::milliseconds reply_timeout{600'000};

    SmtpServer() = default;
};

/// Both addresses must pass `is_mail_address`; the sender may be empty (`<>`).
struct SmtpEnvelope {
    std::string mail_from;
    std::string rcpt_to;
    SmtpEnvelope(std::string from, std::string to)
        : mail_from(std::move(from)), rcpt_to(std::move(to)) {}
};

/// accepted: the server took responsibility. temporary: 4xx, the same octets may be offered again.
/// permanent: 5xx. In the last two cases the server has not taken the mail.
enum class SmtpVerdict { accepted, temporary, permanent };
/// Which command the deciding reply answered.
enum class SmtpStage { greeting, hello, auth, mail, recipient, data, end_of_data };

struct SmtpReceipt {
    SmtpVerdict verdict = SmtpVerdict::temporary;
    SmtpStage stage = SmtpStage::greeting;
    /// 250, 451, 550, ...
    int code = 0;
    /// RFC 3463, `2.0.0`; empty when the server sent none.
    std::string enhanced_code;
    /// The whole deciding reply without code and enhanced code, control characters replaced, at
    /// most 1,000 octets.
    std::string text;
    /// `4ABC` out of `Ok: queued as 4ABC` or `id=...`; empty when it is not to be seen.
    std::string queue_id;

    SmtpReceipt() = default;
};

class SmtpClient {
  public:
    virtual ~SmtpClient() = default;

    /// Sends `octets` (see check_mail_octets) in one attempt until the steady `deadline`. A
    /// server's refusal is a receipt, not an error. Errors, with fact `cause`:
    /// - `bad_configuration` (`request`): address, octets or settings are wrong; nothing was sent;
    /// - `unreachable` (`dns`, `connect`, `tls`, `certificate`, `login`, `closed`, `timeout`,
    /// `protocol`, `canceled`):
    ///   the end of the mail was certainly not sent, so the server does not have it;
    /// - `no_answer` (same causes): the end of the mail may have been sent and no final reply came.
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<SmtpReceipt>> send(
        SmtpEnvelope envelope, std::string octets, SmtpServer server,
        std::chrono::steady_clock::time_point deadline) = 0;
    /// Connects, greets, starts TLS, logs in, says NOOP and QUIT: is the server there, and does it
    /// take us? The receipt is the last reply. Errors as of send(), never no_answer.
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<SmtpReceipt>> probe(
        SmtpServer server, std::chrono::steady_clock::time_point deadline);
};

/// SMTP by libcurl, a fresh connection and a worker thread for each mail: libcurl waits for the
/// final reply and for QUIT's without giving the event loop back. Calls and results are on the
/// executor's thread. Destroying the client ends what is under way.
class CurlSmtpClient final : public SmtpClient {
  public:
    explicit CurlSmtpClient(const boost::asio::any_io_executor& executor);
    ~CurlSmtpClient() override;
    CurlSmtpClient(const CurlSmtpClient&) = delete;
    CurlSmtpClient& operator=(const CurlSmtpClient&) = delete;

    [[nodiscard]] boost::asio::awaitable<domain::Result<SmtpReceipt>> send(
        SmtpEnvelope envelope, std::string octets, SmtpServer server,
        std::chrono::steady_clock::time_point deadline) override;
    [[nodiscard]] boost::asio::awaitable<domain::Result<SmtpReceipt>> probe(
        SmtpServer server, std::chrono::steady_clock::time_point deadline) override;

  private:
    struct Job;
    struct Workers;
    static boost::asio::awaitable<domain::Result<SmtpReceipt>> carry_out(
        std::shared_ptr<Job> job, std::shared_ptr<Workers> workers,
        boost::asio::any_io_executor executor);
    boost::asio::any_io_executor executor_;
    std::shared_ptr<Workers> workers_;
};

}  // namespace cabroker::transport
