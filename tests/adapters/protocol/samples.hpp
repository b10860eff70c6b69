// Contexts and answers with every member filled.
#pragma once

#include "adapters/protocol/messages.hpp"

namespace cabroker::tests {

inline domain::Time at(int seconds) {
    return domain::Time(std::chrono::seconds(1'700'000'000 + seconds));
}

inline adapters::protocol::Session a_session() {
    adapters::protocol::Session session;
    session.key = "portal/902817364/admin@example.com";
    session.expires_at = at(600);
    session.jar = domain::Secret(std::string_view("{\"cookies\":[]}"));
    return session;
}

inline domain::Need a_need() {
    domain::Need need;
    need.name = "access_code";
    need.hint = "the code was mailed to a***@example.com";
    need.expires_at = at(900);
    need.attempts_left = 3;
    need.last_error = domain::LastError{"access_code_wrong", at(30)};
    need.details["recipient"] = "a***@example.com";
    return need;
}

inline adapters::protocol::Mail a_mail(std::size_t size) {
    adapters::protocol::Mail mail;
    mail.mail_from = "ssl@example.com";
    mail.rcpt_to = "support@example.net";
    mail.subject = "Reissue of 902817364";
    mail.message_id = "<msg_01HF7YAT00AAAAAAAAAAAAAAAA.00ff@example.com>";
    mail.octets = std::string(size, '\xE9');
    return mail;
}

inline domain::Effect an_effect() {
    domain::Effect effect;
    effect.id = *domain::EffectId::parse("eff_01HF7YAT00AAAAAAAAAAAAAAAA");
    effect.effect_class = domain::EffectClass::once;
    effect.summary = "reissue 902817364 with a new key";
    effect.seen_before = "issued";
    return effect;
}

inline adapters::protocol::StepContext a_context() {
    adapters::protocol::StepContext context;
    context.adapter = "portal";
    context.request = *domain::RequestId::parse("req_01HF7YAT00AAAAAAAAAAAAAAAA");
    context.order.id = *domain::OrderId::parse("ord_01HF7YAT00AAAAAAAAAAAAAAAA");
    context.order.brand = domain::Brand::rapidssl;
    context.order.common_name = "www.example.com";
    context.order.dns_names = {"www.example.com", "example.com"};
    context.order.supplier_order_id = "902817364";
    context.order.status = domain::OrderStatus::issued;
    context.order.status_raw = "Issued";
    context.order.status_at = at(-10);
    context.order.admin_email = "admin@example.com";
    context.order.labels["team"] = "web";
    domain::ReissueParams params;
    params.csr = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";
    params.validation_method = domain::ValidationMethod::dns_txt_token;
    params.reason = "server moved";
    params.formats = {domain::Format::der};
    context.params = std::move(params);
    context.attempt = 2;
    context.cookie = domain::Secret(std::string_view("{\"form\":\"f1\"}"));
    context.inputs.push_back({"access_code", domain::Secret(std::string_view("482913"))});
    context.inputs_told_before = true;
    context.session = a_session();
    context.account = adapters::protocol::Account{
        "main", "api-user", domain::Secret(std::string_view("correct horse"))};
    context.leave = adapters::protocol::Leave{an_effect().id, std::chrono::seconds(60)};
    context.mail = a_mail(100);
    adapters::protocol::MailIdentity identity;
    identity.message = *domain::MessageId::parse("msg_01HF7YAT00AAAAAAAAAAAAAAAA");
    identity.message_id = "<msg_01HF7YAT00AAAAAAAAAAAAAAAA.00ff@example.com>";
    identity.reply_to = "ssl+abc@example.com";
    context.mail_identity = std::move(identity);
    context.now = at(0);
    context.deadline = std::chrono::seconds(60);
    return context;
}

inline adapters::protocol::StepResult a_result(adapters::protocol::Answer answer) {
    adapters::protocol::StepResult result;
    result.answer = std::move(answer);
    result.step = "submit";
    result.cookie = domain::Secret(std::string_view("next"));
    result.session = a_session();
    result.drop_session = true;
    result.notes.push_back({"signed in", {{"account", "main"}}});
    result.status =
        adapters::protocol::StatusReading{domain::OrderStatus::processing, "In process"};
    result.certificates = {std::string("\x30\x82\x00\x01", 4), std::string(30'000, '\x01')};
    result.evidence.push_back(
        {domain::EvidenceType::page, "order.html", "text/html", std::string(300'000, 'p')});
    result.mail_receipt = adapters::protocol::MailReceipt{"250 2.0.0 Ok: queued as 4XYZ", "4XYZ"};
    return result;
}

}  // namespace cabroker::tests
