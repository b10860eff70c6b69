// What the outside is told: order, inputs, session, leave, and who a mail is from.
#include <algorithm>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/engine/apply.hpp"
#include "daemon/engine/engine.hpp"
#include "domain/ascii.hpp"
#include "domain/states.hpp"
#include "runtime/log.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;

namespace {

std::string domain_of(const std::string& address) {
    const auto at = address.rfind('@');
    return at == std::string::npos ? "localhost" : address.substr(at + 1);
}

constexpr std::size_t kMessageIdOctets = 10;  // 80 random bits
constexpr std::size_t kTokenDigits = 16;

}  // namespace

std::optional<protocol::MailIdentity> Engine::mail_identity_for(const std::string& adapter_name,
                                                                const domain::RequestId& request) {
    const auto settings = services_.settings();
    const auto adapter = settings->adapters.find(adapter_name);
    if (adapter == settings->adapters.end()) return std::nullopt;
    const auto* ticket = std::get_if<config::EmailTicketSettings>(&adapter->second.details);
    if (ticket == nullptr) return std::nullopt;
    const auto mailer = settings->mailers.find(ticket->mailer);
    if (mailer == settings->mailers.end()) return std::nullopt;
    protocol::MailIdentity identity;
    identity.message = services_.ids.make<domain::MessageId>(services_.clock.now());
    identity.message_id = "<" + domain::lower(identity.message.text()) + "." +
                          services_.random.hex(kMessageIdOctets) + "@" +
                          domain_of(mailer->second.from) + ">";
    identity.reply_to = mailer->second.reply_to.value_or(mailer->second.from);
    const std::string id = request.text();
    const std::string token = domain::lower(id.substr(domain::RequestTag::kPrefix.size())) + "-" +
                              services_.vault.hmac("reply_token", id).substr(0, kTokenDigits);
    const auto place = identity.reply_to.find("{token}");
    if (place != std::string::npos) identity.reply_to.replace(place, 7, token);
    return identity;
}

domain::Result<protocol::StepContext> Engine::context_for(const store::StoredRequest& row,
                                                          Call& call) {
    const store::Reader& reader = services_.store.reader();
    const domain::Request& request = row.request;
    const auto settings = services_.settings();
    protocol::StepContext context;
    context.adapter = *request.adapter;
    context.request = request.id;
    const std::optional<domain::Order> order = reader.orders().get(request.order.id);
    if (!order)
        return domain::Error(domain::ErrorCode::internal,
                             "the order of the request is not in the inventory");
    context.order = *order;
    context.params = request.params;
    context.attempt = std::max(1, request.attempt);
    context.now = services_.clock.now();
    const protocol::Capabilities* capabilities = capabilities_of(context.adapter);
    context.deadline = settings->engine.step_deadline;
    call.settle = settings->engine.settle;
    if (capabilities != nullptr) {
        context.deadline = capabilities->step_deadline.value_or(context.deadline);
        call.settle = capabilities->settle;
    }
    if (!row.sealed_cookie.empty()) {
        auto cookie = services_.vault.open(row.sealed_cookie,
                                           vault::Place("requests", request.id.text(), "cookie"));
        if (!cookie) return cookie.error();
        context.cookie = std::move(*cookie);
    }
    for (const store::InputRow& input : reader.inputs().list(request.id)) {
        auto value = services_.vault.open(input.sealed_value,
                                          vault::Place("inputs", request.id.text(), input.name));
        if (!value) return value.error();
        context.inputs.push_back(protocol::Input{input.name, std::move(*value)});
    }
    call.inputs = context.inputs.size();
    context.inputs_told_before = call.told_before;
    call.session_key = session_key_of(*order, context.adapter);
    if (call.session_key) {
        const auto session = reader.sessions().get(*call.session_key);
        if (session && (!session->expires_at || *session->expires_at > context.now)) {
            auto jar = services_.vault.open(session->sealed_jar,
                                            vault::Place("sessions", session->key, "jar"));
            if (!jar) return jar.error();
            context.session = protocol::Session{session->key, session->expires_at, std::move(*jar)};
        }
    }
    const domain::Result<void> given = give_account(context);
    if (!given) return given.error();
    return context;
}

asio::awaitable<domain::Result<protocol::Mail>> Engine::preview_mail(domain::Order order,
                                                                     domain::Params params,
                                                                     std::string adapter) {
    protocol::StepContext context;
    context.adapter = adapter;
    context.request = services_.ids.make<domain::RequestId>(services_.clock.now());
    context.order = std::move(order);
    context.params = std::move(params);
    context.now = services_.clock.now();
    context.mail_identity = mail_identity_for(adapter, context.request);
    if (!context.mail_identity) {
        co_return domain::Error(domain::ErrorCode::bad_configuration, "the adapter writes no mail");
    }
    // Without leave an adapter only reads, or says what it would do.
    domain::Result<protocol::StepResult> result =
        co_await services_.outside.advance(std::move(context));
    if (!result) co_return result.error();
    auto* intend = std::get_if<protocol::Intend>(&result->answer);
    if (intend == nullptr || !intend->mail) {
        co_return domain::Error(domain::ErrorCode::bad_answer, "the adapter would send no mail");
    }
    co_return std::move(*intend->mail);
}

void Engine::give_leave(const store::EffectRow& effect, protocol::StepContext& context) const {
    protocol::Leave leave;
    leave.effect = effect.effect.id;
    // Never longer than what is on disk: after act_until the effect is to be proven, not done.
    const domain::Time act_until = effect.act_until.value_or(context.now);
    leave.act_for = std::clamp<domain::Duration>(act_until - context.now, domain::Duration::zero(),
                                                 context.deadline);
    context.leave = leave;
    const auto message = domain::MessageId::parse(effect.detail.value_or(""));
    if (!message) return;
    const store::MessageTable& messages = services_.store.reader().messages();
    const auto kept = messages.get(*message);
    auto octets = messages.raw(*message);
    if (!kept || !octets) return;
    protocol::Mail mail;
    mail.mail_from = kept->from;
    mail.rcpt_to = kept->to;
    mail.subject = kept->subject;
    mail.message_id = kept->message_id.value_or("");
    mail.octets = std::move(*octets);
    context.mail = std::move(mail);
}

}  // namespace cabroker::engine
