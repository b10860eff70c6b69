#include "sim/post.hpp"

#include <algorithm>

#include "runtime/log.hpp"
#include "sim/relay.hpp"
#include "sim/text.hpp"

namespace cabroker::sim {
namespace {

constexpr std::size_t kMostMails = 50'000;
constexpr std::size_t kMostMailboxes = 100'000;
constexpr const char* kOtherOrder = "900000000";

void replace_first(std::string& text, const std::string& from, const std::string& to) {
    const std::size_t at = from.empty() ? std::string::npos : text.find(from);
    if (at != std::string::npos) text.replace(at, from.size(), to);
}

/// Another code of the same make.
std::string other_code(const std::string& code, runtime::Random& random) {
    const std::string letters = random_letters(random, code.size());
    return !code.empty() && code == lower(code) ? lowercase_letters(random, code.size()) : letters;
}

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
    const std::string recipient = lower(mail.to);
    if (fault.is("old_code")) {
        const auto old = last_codes_.find(recipient);
        if (old != last_codes_.end()) deliver(old->second);
        if (fault.detail == "only") return;
    }
    if (mail.kind == "code" && last_codes_.size() < kMostMailboxes) last_codes_[recipient] = mail;
    spoil(fault, mail);
    if (fault.is("twice")) deliver(mail);
    deliver(std::move(mail));
}

/// A mail that looks right but is not the one that was asked for.
void Post::spoil(const Fault& fault, NewMail& mail) {
    if (fault.is("wrong_sender")) {
        mail.from =
            fault.detail.empty() ? "no-reply@guest-portal.example.attacker.example" : fault.detail;
    }
    if (fault.is("two_codes") && !mail.code.empty()) {
        const std::size_t at = mail.body.find(mail.code);
        const std::size_t line = at == std::string::npos ? 0 : mail.body.rfind('\n', at) + 1;
        const std::size_t end = mail.body.find('\n', at);
        std::string second = mail.body.substr(line, end - line) + "\n";
        replace_first(second, mail.code, other_code(mail.code, random_));
        mail.body.insert(line, second);
    }
    if (fault.is("wrong_order")) {
        const std::string code = other_code(mail.code, random_);
        replace_first(mail.body, mail.code, code);
        replace_first(mail.body, mail.order_id, kOtherOrder);
        replace_first(mail.body, mail.common_name, "other.example");
        replace_first(mail.body, mail.reference, "0000-0000");
        replace_first(mail.subject, mail.order_id, kOtherOrder);
        mail.order_id = kOtherOrder;
        mail.code = code;
    }
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
    const std::string& from = mail.from.empty() ? settings_.from : mail.from;
    const std::string& name = mail.from_name.empty() ? settings_.from_name : mail.from_name;
    const std::string domain = domain_of(from);
    std::string raw = "Return-Path: <" + from + ">\n";
    raw += "Delivered-To: " + mail.to + "\n";
    raw += "Authentication-Results: " + settings_.authserv_id +
           ";\n spf=pass smtp.mailfrom=" + from + ";\n dkim=pass header.d=" + domain +
           ";\n dmarc=pass header.from=" + domain + "\n";
    raw += "Received: from mail." + domain + " (mail." + domain + " [192.0.2.25])\n\tby " +
           settings_.authserv_id + " with ESMTPS; " + mail_date(at) + "\n";
    raw += "Date: " + mail_date(at) + "\n";
    raw += "From: " + name + " <" + from + ">\n";
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
    const std::string from = mail.from.empty() ? settings_.from : mail.from;
    sent.message_id = "<" + random_.hex(12) + "@" + domain_of(from) + ">";
    if (counts_.size() < kMostMailboxes) {
        MailCount& count = counts_[lower(mail.to)];
        ++(mail.kind == "code" ? count.codes : count.notices);
    }
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
            send_to_relay(executor_, *this, settings_.relay, from, sent.mail.to, sent.raw);
        }
    }
    mails_.push_back(std::move(sent));
    if (mails_.size() > kMostMails) mails_.pop_front();
}

}  // namespace cabroker::sim
