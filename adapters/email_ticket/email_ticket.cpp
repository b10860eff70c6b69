#include "adapters/email_ticket/email_ticket.hpp"

#include <algorithm>

#include "adapters/email_ticket/facts.hpp"
#include "adapters/email_ticket/letter.hpp"
#include "runtime/clock.hpp"
#include "transport/mail_text.hpp"
#include "transport/smtp_client.hpp"

namespace cabroker::adapters::email_ticket {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Kind;
using protocol::StepContext;
using protocol::StepResult;
using transport::SmtpReceipt;
using transport::SmtpVerdict;

namespace {

using Step = domain::Result<StepResult>;

// RFC 5321 section 4.5.3.2: ten minutes for the final reply, and one to get there.
constexpr std::chrono::minutes kStepDeadline{11};
constexpr std::string_view kSent = "sent";

StepResult close(protocol::Answer answer, std::string step) {
    StepResult result;
    result.answer = std::move(answer);
    result.step = std::move(step);
    return result;
}

StepResult misconfigured(std::string detail) {
    protocol::Misconfigured answer;
    answer.detail = std::move(detail);
    return close(std::move(answer), "compose");
}

/// `451 4.3.0 try again`: the server's own words, one line.
std::string words_of(const SmtpReceipt& receipt) {
    std::string words = std::to_string(receipt.code);
    if (!receipt.enhanced_code.empty()) words += " " + receipt.enhanced_code;
    if (!receipt.text.empty()) words += " " + receipt.text;
    return words;
}

StepResult wait_for_reply() {
    protocol::Wait wait;
    wait.reason = "waiting for support's reply";
    wait.poll = false;
    StepResult result = close(std::move(wait), "waiting_reply");
    result.cookie = domain::Secret(kSent);
    return result;
}

StepResult accepted(const SmtpReceipt& receipt, const std::string& to) {
    StepResult result = wait_for_reply();
    protocol::MailReceipt kept;
    kept.reply = words_of(receipt);
    if (!receipt.queue_id.empty()) kept.queue_id = receipt.queue_id;
    result.mail_receipt = std::move(kept);
    protocol::Note note;
    note.text = "mail sent to " + to;
    note.details.emplace("reply", words_of(receipt));
    result.notes.push_back(std::move(note));
    return result;
}

StepResult turned_down(const SmtpReceipt& receipt) {
    const std::string words = words_of(receipt);
    if (receipt.verdict == SmtpVerdict::temporary) {
        protocol::Unreachable answer;
        answer.detail = "the mail server asks to come back later: " + words;
        return close(std::move(answer), "send");
    }
    if (receipt.stage == transport::SmtpStage::auth) {
        protocol::Misconfigured answer;
        answer.detail = "the mail server refuses the login: " + words;
        return close(std::move(answer), "send");
    }
    protocol::Rejected answer;
    answer.code = "mail_refused";
    answer.detail = "the mail server refused the mail: " + words;
    answer.hint = "correct what the server complains about and retry";
    return close(std::move(answer), "send");
}

Step failed(const Error& error) {
    if (error.code == ErrorCode::unreachable) {
        protocol::Unreachable answer;
        answer.detail = error.detail;
        return close(std::move(answer), "send");
    }
    if (error.code == ErrorCode::no_answer) return error;
    protocol::Misconfigured answer;
    answer.detail = error.detail;
    return close(std::move(answer), "send");
}

transport::SmtpTls tls_of(config::MailTls tls) {
    switch (tls) {
        case config::MailTls::starttls:
            return transport::SmtpTls::starttls;
        case config::MailTls::implicit:
            return transport::SmtpTls::implicit;
        case config::MailTls::none:
            return transport::SmtpTls::none;
    }
    return transport::SmtpTls::starttls;
}

class EmailTicket final : public Adapter {
  public:
    EmailTicket(config::EmailTicketSettings settings, config::MailerSettings mailer,
                domain::Secret password, transport::SmtpClient& smtp, const runtime::Clock& clock)
        : settings_(std::move(settings)),
          mailer_(std::move(mailer)),
          password_(std::move(password)),
          smtp_(smtp),
          clock_(clock) {}

    [[nodiscard]] protocol::Capabilities capabilities() const override {
        protocol::Capabilities ours;
        ours.type = "email_ticket";
        ours.channel = domain::Channel::mail;
        for (const auto& [kind, text] : settings_.templates) ours.kinds.push_back(kind);
        ours.step_deadline = kStepDeadline;
        ours.settle = settings_.settle;
        return ours;
    }

    [[nodiscard]] asio::awaitable<Step> advance(StepContext context) override {
        if (context.leave) co_return co_await send(std::move(context));
        // Asked again although the mail is out, for instance by `retry`: nothing is written twice.
        if (context.cookie.reveal() == kSent) co_return wait_for_reply();
        co_return write(context);
    }

    [[nodiscard]] asio::awaitable<domain::Result<protocol::Proof>> prove(
        protocol::ProofContext context) override {
        // Sending the same octets again changes nothing, so nobody asks; and nobody could tell.
        protocol::Proof proof;
        proof.detail = "only support can tell whether a mail arrived";
        proof.cookie = std::move(context.step.cookie);
        co_return proof;
    }

    [[nodiscard]] asio::awaitable<domain::Result<protocol::CheckReport>> check(
        domain::Duration within) override;

  private:
    [[nodiscard]] Step write(const StepContext& context) const;
    asio::awaitable<Step> send(StepContext context);
    [[nodiscard]] transport::SmtpServer server() const;

    config::EmailTicketSettings settings_;
    config::MailerSettings mailer_;
    domain::Secret password_;
    transport::SmtpClient& smtp_;
    const runtime::Clock& clock_;
};

Step EmailTicket::write(const StepContext& context) const {
    const Kind kind = domain::kind_of(context.params);
    const auto text = settings_.templates.find(kind);
    if (text == settings_.templates.end()) {
        protocol::Unsupported answer;
        answer.hint = "there is no mail template for " + std::string(domain::name_of(kind)) +
                      "; write to support by hand";
        return close(std::move(answer), "compose");
    }
    const Facts facts = facts_of(context);
    std::vector<std::string> needed = text->second.needs;
    if (kind == Kind::reissue) {
        for (const char* name : {"common_name", "supplier_order_id", "csr"}) {
            if (std::find(needed.begin(), needed.end(), name) == needed.end()) {
                needed.emplace_back(name);
            }
        }
    }
    if (auto refused = refusal(facts, needed)) return close(std::move(*refused), "rejected");
    if (!context.mail_identity) return misconfigured("the step came without a Message-ID");

    auto mail = write_letter(context, *context.mail_identity, facts, text->second, mailer_.from,
                             settings_.to);
    if (!mail) {
        if (mail.error().code == ErrorCode::bad_configuration ||
            mail.error().code == ErrorCode::limit_exceeded) {
            return misconfigured(mail.error().detail);
        }
        return mail.error();
    }
    protocol::Intend intend;
    intend.effect.effect_class = domain::EffectClass::repeatable;
    intend.effect.summary = "mail to " + settings_.to + ": " + mail->subject;
    intend.mail = std::move(*mail);
    return close(std::move(intend), "send");
}

transport::SmtpServer EmailTicket::server() const {
    transport::SmtpServer server;
    server.url = mailer_.url;
    server.tls = tls_of(mailer_.tls);
    server.ca_file = mailer_.ca_file.value_or(std::string());
    server.user = mailer_.user.value_or(std::string());
    server.password = password_.clone();
    return server;
}

// Logs in and leaves again: no mail is begun.
asio::awaitable<domain::Result<protocol::CheckReport>> EmailTicket::check(domain::Duration within) {
    transport::SmtpServer there = server();
    const auto deadline = clock_.steady() + within;
    const domain::Result<SmtpReceipt> receipt = co_await smtp_.probe(std::move(there), deadline);
    protocol::CheckReport report;
    report.facts.emplace("server", mailer_.url);
    report.ok = receipt && receipt->verdict == SmtpVerdict::accepted;
    if (!receipt) {
        report.detail = receipt.error().detail;
    } else if (!report.ok) {
        report.detail = "the mail server refuses us: " + words_of(*receipt);
    } else {
        report.facts.emplace("reply", words_of(*receipt));
        report.detail = "the mail server takes our mail";
        if (mailer_.user) report.detail = "the mail server takes our login";
    }
    co_return report;
}

asio::awaitable<Step> EmailTicket::send(StepContext context) {
    if (!context.mail) co_return misconfigured("leave was given without the mail to send");
    transport::SmtpServer server = this->server();
    const auto deadline = clock_.steady() + std::min(context.deadline, context.leave->act_for);
    const std::string to = context.mail->rcpt_to;
    transport::SmtpEnvelope envelope(context.mail->mail_from, to);
    std::string octets = std::move(context.mail->octets);

    const domain::Result<SmtpReceipt> receipt =
        co_await smtp_.send(std::move(envelope), std::move(octets), std::move(server), deadline);
    if (!receipt) co_return failed(receipt.error());
    if (receipt->verdict != SmtpVerdict::accepted) co_return turned_down(*receipt);
    co_return accepted(*receipt, to);
}

}  // namespace

domain::Result<std::unique_ptr<Adapter>> make_email_ticket(
    std::string name, config::EmailTicketSettings settings, config::MailerSettings mailer,
    domain::Secret password, transport::SmtpClient& smtp, const runtime::Clock& clock) {
    const std::string where = "adapter " + name + ": ";
    for (const auto& [kind, text] : settings.templates) {
        const auto good = check_template(text);
        if (!good) return Error(good.error().code, where + good.error().detail);
    }
    if (!transport::is_mail_address(settings.to) || !transport::is_mail_address(mailer.from)) {
        return Error(ErrorCode::bad_configuration,
                     where + "`to` and the mailer's `from` must be plain addresses");
    }
    if (mailer.user && password.empty()) {
        return Error(ErrorCode::bad_configuration,
                     where + "the mailer " + mailer.name + " has a user and no password");
    }
    std::unique_ptr<Adapter> adapter = std::make_unique<EmailTicket>(
        std::move(settings), std::move(mailer), std::move(password), smtp, clock);
    return adapter;
}

}  // namespace cabroker::adapters::email_ticket
