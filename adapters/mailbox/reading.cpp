#include "adapters/mailbox/reading.hpp"

#include <algorithm>

#include "runtime/sha256.hpp"

namespace cabroker::adapters::mailbox {

using domain::ErrorCode;
using domain::Result;
using transport::ReadMail;

namespace {

constexpr std::size_t kMostHead = 256UL * 1024;
constexpr std::size_t kMostText = 2'000;

/// Where the header ends, its empty line included.
std::size_t head_size(std::string_view octets) {
    const std::size_t crlf = octets.find("\r\n\r\n");
    const std::size_t lf = octets.find("\n\n");
    if (crlf < lf) return crlf + 4;
    return lf == std::string_view::npos ? octets.size() : lf + 2;
}

/// The header as a mail without body; empty when even that cannot be read.
ReadMail read_header(std::string_view octets) {
    std::string head(octets.substr(0, head_size(octets)));
    if (!head.ends_with("\n\n") && !head.ends_with("\n\r\n")) head += "\r\n\r\n";
    auto mail = transport::read_mail(head, transport::MailLimits());
    return mail ? std::move(*mail) : ReadMail();
}

void add(std::vector<std::string>& out, const std::string& address) {
    const bool known = std::find(out.begin(), out.end(), address) != out.end();
    if (!address.empty() && !known && out.size() < 100 && address.size() <= 320)
        out.push_back(address);
}

std::string cut(std::string text) {
    if (text.size() <= kMostText) return text;
    std::size_t end = kMostText;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
    return text;
}

void tell_facts(const ReadMail& mail, const MailRules& rules, protocol::MailFacts& facts) {
    for (const auto& party : mail.from) add(facts.from, party.address);
    for (const auto& party : mail.to) add(facts.to, party.address);
    for (const auto& party : mail.cc) add(facts.to, party.address);
    for (const char* name : {"delivered-to", "x-original-to"}) {
        for (std::string value : mail.values(name)) {
            std::erase_if(value, [](char c) { return c == '<' || c == '>' || c == ' '; });
            add(facts.to, value);
        }
    }
    facts.subject = cut(mail.subject);
    facts.message_id = cut(mail.message_id);
    facts.date = mail.date;
    facts.authentication = authentication_of(mail, rules.authserv_id);
}

// A header that cannot be read may be that of a code mail. What is not kept stays in the mailbox.
bool may_be_code_mail(const ReadMail& header, const MailRules& rules) {
    const bool awaits_codes = !rules.adapters.empty() || !rules.code_mail_from.empty();
    return (header.from.empty() && awaits_codes) || is_code_mail(header, rules);
}

void tell_code(const ReadMail& mail, const MailRules& rules, MailRead& read) {
    CodeVerdict verdict = judge_code_mail(mail, rules);
    read.offer.is_code = verdict.is_code;
    read.may_delete = verdict.is_certain;
    read.offer.readings = std::move(verdict.readings);
}

Result<MailRead> read_oversize(Source& source, const FoundMail& found, const MailRules& rules) {
    auto head = source.read_head(found.ref, kMostHead);
    if (!head) return head.error();
    head->resize(head_size(*head));
    MailRead read;
    read.offer.ref = found.ref;
    read.offer.oversize = true;
    read.offer.sha256 = runtime::sha256_hex(*head);
    const ReadMail mail = read_header(*head);
    tell_facts(mail, rules, read.offer.facts);
    read.offer.facts.size = found.size;
    read.offer.is_code = may_be_code_mail(mail, rules);
    if (!read.offer.is_code) read.offer.octets = std::move(*head);
    return read;
}

}  // namespace

Result<MailRead> read_offer(Source& source, const FoundMail& found, const MailRules& rules) {
    if (found.size > protocol::kMaxMailOctets) return read_oversize(source, found, rules);
    auto octets = source.read(found.ref, protocol::kMaxMailOctets);
    if (!octets) {
        if (octets.error().code != ErrorCode::limit_exceeded) return octets.error();
        return read_oversize(source, found, rules);
    }
    MailRead read;
    read.offer.ref = found.ref;
    read.offer.sha256 = runtime::sha256_hex(*octets);
    read.offer.facts.size = octets->size();
    read.offer.facts.body_sha256 =
        runtime::sha256_hex(std::string_view(*octets).substr(head_size(*octets)));
    const auto mail = transport::read_mail(*octets, transport::MailLimits());
    if (mail) {
        tell_facts(*mail, rules, read.offer.facts);
        tell_code(*mail, rules, read);
    } else {
        // Over a limit, or no mail: what its header says still decides whether it may be kept.
        const ReadMail header = read_header(*octets);
        tell_facts(header, rules, read.offer.facts);
        const bool too_much = mail.error().code == ErrorCode::limit_exceeded;
        read.offer.is_code =
            too_much ? may_be_code_mail(header, rules) : is_code_mail(header, rules);
    }
    if (read.offer.is_code) {
        read.offer.facts.subject.clear();
        domain::wipe(*octets);
    } else {
        read.offer.octets = std::move(*octets);
    }
    return read;
}

}  // namespace cabroker::adapters::mailbox
