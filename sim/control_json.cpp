#include "sim/control_json.hpp"

#include "json/time_text.hpp"
#include "sim/text.hpp"

namespace cabroker::sim {

namespace js = boost::json;

std::string ascii(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) > 127) c = '?';
    }
    return text;
}

js::object json_of(const Certificate& certificate, bool with_pem) {
    js::object out;
    out["id"] = certificate.id;
    out["serial"] = certificate.serial;
    out["sha256"] = certificate.sha256;
    out["spki_sha256"] = certificate.spki_sha256;
    out["not_before"] = json::time_text(certificate.not_before);
    out["not_after"] = json::time_text(certificate.not_after);
    out["revoked"] = certificate.revoked_at.has_value();
    if (with_pem) out["pem"] = certificate.pem;
    return out;
}

js::object json_of(const Effect& effect) {
    js::object out;
    out["kind"] = effect.kind;
    out["reason"] = ascii(effect.reason);
    out["via"] = effect.via;
    out["at"] = json::time_text(effect.at);
    return out;
}

js::object json_of(const Login& login) {
    js::object out;
    out["name"] = login.name;
    out["account"] = login.account;
    out["role"] = word(login.role);
    out["sign_ins"] = login.sign_ins;
    out["wrong_passwords"] = login.wrong_passwords;
    out["api_calls"] = login.api_calls;
    return out;
}

js::object books_of(const Order& order) {
    js::object out;
    out["status"] = order.status;
    out["common_name"] = order.facts.common_name;
    out["reissues"] = order.books.reissues;
    out["reissues_issued"] = order.books.reissues_issued;
    out["revokes"] = order.books.revokes;
    out["cancels"] = order.books.cancels;
    out["logins"] = order.books.logins;
    out["codes_mailed"] = order.books.codes_mailed;
    out["wrong_codes"] = order.books.wrong_codes;
    out["downloads"] = order.books.downloads;
    out["refusals"] = order.books.refusals;
    out["certificate_revokes"] = order.books.certificate_revokes;
    std::map<std::string, std::map<std::string, std::uint64_t>> reasons;
    js::array effects;
    for (const Effect& effect : order.books.effects) {
        ++reasons[effect.kind][ascii(effect.reason)];
        effects.push_back(json_of(effect));
    }
    out["effects"] = std::move(effects);
    out["reasons"] = js::value_from(reasons);
    js::array certificates;
    for (const Certificate& certificate : order.certificates) {
        certificates.push_back(json_of(certificate, false));
    }
    out["certificates"] = std::move(certificates);
    return out;
}

js::object json_of(const Order& order) {
    js::object out = books_of(order);
    out["supplier_order_id"] = order.facts.supplier_order_id;
    out["platform_order_id"] = order.facts.platform_order_id;
    out["brand"] = order.facts.brand;
    out["product"] = order.facts.product;
    out["admin_email"] = order.facts.admin_email;
    out["technical_email"] = order.facts.technical_email;
    out["account"] = order.facts.account;
    out["revocation_reason"] = order.revocation_reason;
    out["sans"] = js::array(order.facts.sans.begin(), order.facts.sans.end());
    js::array certificates;
    for (const Certificate& certificate : order.certificates) {
        certificates.push_back(json_of(certificate, true));
    }
    out["certificates"] = std::move(certificates);
    js::array reissues;
    for (const Reissue& reissue : order.reissues) {
        js::object item;
        item["requested_at"] = json::time_text(reissue.requested_at);
        item["state"] = reissue.state;
        item["method"] = reissue.method;
        item["reason"] = ascii(reissue.reason);
        item["csr"] = ascii(reissue.csr);
        item["serial"] = reissue.serial;
        item["confirmed"] = reissue.confirmed;
        reissues.push_back(std::move(item));
    }
    out["reissue_history"] = std::move(reissues);
    return out;
}

js::object json_of(const SentMail& sent) {
    js::object out;
    out["number"] = sent.number;
    out["kind"] = sent.mail.kind;
    out["to"] = ascii(sent.mail.to);
    out["subject"] = ascii(sent.mail.subject);
    out["message_id"] = sent.message_id;
    out["at"] = json::time_text(sent.at);
    out["order_id"] = sent.mail.order_id;
    if (!sent.mail.code.empty()) out["code"] = sent.mail.code;
    out["raw"] = ascii(sent.raw);
    return out;
}

js::object json_of(const DeskMail& mail) {
    js::object out;
    out["number"] = mail.number;
    out["at"] = json::time_text(mail.at);
    js::object envelope;
    envelope["from"] = ascii(mail.mail_from);
    js::array recipients;
    for (const std::string& recipient : mail.rcpt_to)
        recipients.push_back(js::string(ascii(recipient)));
    envelope["to"] = std::move(recipients);
    envelope["ehlo"] = ascii(mail.ehlo);
    envelope["tls"] = mail.tls;
    envelope["user"] = ascii(mail.user);
    out["envelope"] = std::move(envelope);
    out["message_id"] = ascii(mail.message_id);
    out["subject"] = ascii(mail.subject);
    out["size"] = mail.raw.size();
    out["raw"] = ascii(mail.raw);
    out["raw_base64"] = base64_encode(mail.raw);
    return out;
}

js::object json_of(const Fault& fault) {
    js::object out;
    out["where"] = fault.where;
    out["what"] = fault.what;
    out["times"] = fault.times;
    out["after"] = fault.after;
    out["hits"] = fault.hits;
    out["delay"] = domain::duration_text(fault.delay);
    return out;
}

HttpReply json_reply(unsigned status, const js::value& value) {
    HttpReply reply;
    reply.status = status;
    reply.headers.emplace_back("Content-Type", "application/json");
    reply.body = js::serialize(value) + "\n";
    return reply;
}

HttpReply trouble(unsigned status, const std::string& why) {
    js::object out;
    out["error"] = ascii(why);
    return json_reply(status, out);
}

HttpReply trouble(const json::Problems& problems) {
    std::string text;
    for (const auto& problem : problems) text += problem.pointer + ": " + problem.detail + "; ";
    return trouble(422, text);
}

}  // namespace cabroker::sim
