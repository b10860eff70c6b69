#include "sim/post.hpp"

#include <algorithm>

#include "runtime/log.hpp"
#include "sim/relay.hpp"
#include "sim/text.hpp"

namespace cabroker::sim {
namespace {

constexpr std::size_t kMostMails = 50'000;

std::string domain_of(const std::string& address) {
    const std::size_t at = address.rfind('@');
    return at == std::string::npos ? address : address.substr(at + 1);
}

}  // namespace

Post::Post(boost::asio::any_io_executor executor, SimClock& clock, runtime::Random& random,
           Faults& faults, PostSettings settings)
    : executor_(std::move(executor)),
      clock_(clock),
      random_(random),
      faults_(faults),
      settings_(std::move(settings)) {}

void Post::send(NewMail mail) {
    const Fault fault = faults_.take("mail." + mail.kind);
    if (fault.is("lost")) return;
    if (fault.is("delay")) {
        held_.push_back(Held{clock_.now() + fault.delay, std::move(mail)});
        return;
    }
    if (fault.is("wrong_order")) {
        // A mail for another order: right sender and subject, but neither order nor code are ours.
        mail.order_id = "900000000";
        mail.code = random_letters(random_, 8);
        mail.subject = "Your guest portal access code for order 900000000";
        mail.body =
            "Access code: " + mail.code +
            "\nOrder ID: 900000000\nCommon name: other.example\nLogin reference: 0000-0000\n";
    }
    if (fault.is("twice")) deliver(mail);
    deliver(std::move(mail));
}

void Post::deliver_due() {
    const domain::Time now = clock_.now();
    for (std::size_t i = 0; i < held_.size();) {
        if (held_[i].due > now) {
            ++i;
            continue;
        }
        NewMail mail = std::move(held_[i].mail);
        held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
        deliver(std::move(mail));
    }
}

void Post::forget(const std::string& to) {
    std::erase_if(mails_, [&](const SentMail& sent) { return to.empty() || sent.mail.to == to; });
}

std::string Post::compose(const NewMail& mail, const std::string& message_id,
                          domain::Time at) const {
    const std::string domain = domain_of(settings_.from);
    std::string raw = "Return-Path: <" + settings_.from + ">\n";
    raw += "Delivered-To: " + mail.to + "\n";
    raw += "Authentication-Results: " + settings_.authserv_id +
           ";\n spf=pass smtp.mailfrom=" + settings_.from + ";\n dkim=pass header.d=" + domain +
           ";\n dmarc=pass header.from=" + domain + "\n";
    raw += "Received: from mail." + domain + " (mail." + domain + " [192.0.2.25])\n\tby " +
           settings_.authserv_id + " with ESMTPS; " + mail_date(at) + "\n";
    raw += "Date: " + mail_date(at) + "\n";
    raw += "From: " + settings_.from_name + " <" + settings_.from + ">\n";
    raw += "To: <" + mail.to + ">\n";
    raw += "Message-ID: " + message_id + "\n";
    raw += "Subject: " + mail.subject + "\n";
    raw += "Auto-Submitted: auto-generated\n";
    raw += "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n";
    raw += "Content-Transfer-Encoding: 8bit\n\n" + mail.body;
    return raw;
}

void Post::deliver(NewMail mail) {
    SentMail sent;
    sent.number = next_number_++;
    sent.at = clock_.now();
    sent.message_id = "<" + random_.hex(12) + "@" + domain_of(settings_.from) + ">";
    sent.raw = compose(mail, sent.message_id, sent.at);
    sent.mail = std::move(mail);
    if (!settings_.maildir.empty()) {
        const std::string unique = std::to_string(unix_seconds(sent.at)) + ".M" +
                                   std::to_string(sent.number) + "P" + random_.hex(6) + ".sim";
        if (!deliver_to_maildir(settings_.maildir, unique, sent.raw)) {
            runtime::log(runtime::Level::error, "cannot deliver to the Maildir",
                         {{"maildir", settings_.maildir}});
        }
    }
    if (!settings_.relay.empty()) {
        const Fault fault = faults_.take("mail.relay");
        if (!fault.any()) {
            send_to_relay(executor_, *this, settings_.relay, settings_.from, sent.mail.to,
                          sent.raw);
        }
    }
    mails_.push_back(std::move(sent));
    if (mails_.size() > kMostMails) mails_.pop_front();
}

}  // namespace cabroker::sim
