// One step or one proof of a request: what the outside is told, and what becomes of its answer.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/engine/apply.hpp"
#include "daemon/engine/engine.hpp"
#include "domain/states.hpp"
#include "runtime/log.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;

namespace {

std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

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
    identity.message_id = "<" + lower(identity.message.text()) + "." +
                          services_.random.hex(kMessageIdOctets) + "@" +
                          domain_of(mailer->second.from) + ">";
    identity.reply_to = mailer->second.reply_to.value_or(mailer->second.from);
    const std::string id = request.text();
    const std::string token = lower(id.substr(domain::RequestTag::kPrefix.size())) + "-" +
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

asio::awaitable<domain::Result<void>> Engine::claim(domain::RequestId id) {
    const domain::Time now = services_.clock.now();
    store::Change<bool> change = [this, id, now](store::Tx& tx) -> domain::Result<bool> {
        std::optional<store::StoredRequest> row = tx.requests().get(id);
        if (!row || domain::is_settled(row->request.state)) {
            return domain::Error(domain::ErrorCode::conflict, "the request is settled");
        }
        const domain::Request before = row->request;
        row->request.state = domain::State::running;
        row->request.next_actor = domain::NextActor::broker;
        row->request.next_attempt_at.reset();
        row->request.attempt = std::max(1, row->request.attempt);
        // On disk before they leave: after a crash nobody knows how far they came.
        tx.inputs().set_told(id, true);
        Journal journal(tx, services_.ids, now);
        const domain::Result<void> saved = journal.save(before, *row, broker(), "");
        if (!saved) return saved.error();
        return true;
    };
    const domain::Result<bool> claimed = co_await services_.store.write(std::move(change));
    if (!claimed) co_return claimed.error();
    reach("request_claimed");
    co_return domain::Result<void>();
}

bool Engine::told_before(const domain::RequestId& id) const {
    const auto inputs = services_.store.reader().inputs().list(id);
    return std::any_of(inputs.begin(), inputs.end(),
                       [](const store::InputRow& input) { return input.told; });
}

asio::awaitable<domain::Result<void>> Engine::mark_told(domain::RequestId id) {
    store::Change<bool> change = [id](store::Tx& tx) -> domain::Result<bool> {
        tx.inputs().set_told(id, true);
        return true;
    };
    const domain::Result<bool> marked = co_await services_.store.write(std::move(change));
    if (!marked) co_return marked.error();
    co_return domain::Result<void>();
}

asio::awaitable<domain::Result<void>> Engine::renew_leave(domain::RequestId id,
                                                          domain::Duration act_for) {
    const domain::Time act_until = services_.clock.now() + act_for;
    store::Change<bool> change = [id, act_until](store::Tx& tx) -> domain::Result<bool> {
        const auto effect = tx.effects().open_for_request(id);
        if (!effect) return domain::Error(domain::ErrorCode::conflict, "the effect is closed");
        const auto renewed = tx.effects().set_leave(effect->effect.id, act_until);
        if (!renewed) return renewed.error();
        return true;
    };
    const domain::Result<bool> renewed = co_await services_.store.write(std::move(change));
    if (!renewed) co_return renewed.error();
    co_return domain::Result<void>();
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

asio::awaitable<bool> Engine::step(store::StoredRequest row) {
    const domain::RequestId id = row.request.id;
    const domain::State state = row.request.state;
    const bool fresh_intent = state == domain::State::running;
    Call call;
    call.id = id;
    call.told_before = told_before(id);
    const bool claims = state == domain::State::queued || state == domain::State::backoff ||
                        (state == domain::State::needs_input &&
                         !services_.store.reader().inputs().list(id).empty());
    if (claims) {
        const domain::Result<void> claimed = co_await claim(id);
        if (!claimed) co_return false;
        row = *services_.store.reader().requests().get(id);
    }
    call.adapter = *row.request.adapter;
    domain::Result<protocol::StepContext> context = context_for(row, call);
    if (!context) {
        const bool ours = context.error().code == domain::ErrorCode::bad_configuration;
        domain::Error why(domain::ErrorCode::not_sent, context.error().detail);
        if (ours) why = context.error();
        co_await finish_silence(std::move(call), std::move(why));
        co_return false;
    }
    if (auto effect = services_.store.reader().effects().open_for_request(id)) {
        call.effect = effect->effect.id;
        if (!fresh_intent) {
            const domain::Result<void> renewed = co_await renew_leave(id, context->deadline);
            if (!renewed) co_return false;
            effect = services_.store.reader().effects().open_for_request(id);
            if (!effect) co_return false;
            context->now = services_.clock.now();
        }
        give_leave(*effect, *context);
    } else {
        context->mail_identity = mail_identity_for(call.adapter, id);
        if (context->mail_identity) call.message = context->mail_identity->message;
    }
    domain::Result<protocol::StepResult> result =
        co_await services_.outside.advance(std::move(*context));
    reach(call.effect ? "effect_answered" : "step_answered");
    if (!result) {
        co_await finish_silence(std::move(call), result.error());
        co_return false;
    }
    auto shared = std::make_shared<protocol::StepResult>(std::move(*result));
    co_return co_await finish_step(std::move(call), std::move(shared));
}

asio::awaitable<Judged> Engine::judge_in_pool(JudgeTask task) {
    co_return judge(task, services_.roots);
}

asio::awaitable<Judged> Engine::judge_answer(domain::RequestId id,
                                             std::shared_ptr<protocol::StepResult> result) {
    Judged judged;
    const auto* done = std::get_if<protocol::Done>(&result->answer);
    if (done == nullptr) co_return judged;
    const auto row = services_.store.reader().requests().get(id);
    if (!row) co_return judged;
    JudgeTask task;
    task.params = row->request.params;
    task.common_name = row->request.order.common_name;
    task.done_code = done->code;
    task.account = done->account;
    task.status = result->status;
    task.certificates = result->certificates;
    task.now = services_.clock.now();
    auto work = judge_in_pool(std::move(task));
    judged = co_await asio::co_spawn(services_.pool, std::move(work), asio::use_awaitable);
    co_return judged;
}

CallFacts Engine::facts_of(const Call& call) const {
    CallFacts facts;
    facts.adapter = call.adapter;
    facts.inputs = call.inputs;
    facts.effect = call.effect;
    facts.message = call.message;
    facts.session_key = call.session_key;
    facts.act_for = services_.settings()->engine.step_deadline;
    const protocol::Capabilities* capabilities = capabilities_of(call.adapter);
    if (capabilities != nullptr)
        facts.act_for = capabilities->step_deadline.value_or(facts.act_for);
    return facts;
}

asio::awaitable<bool> Engine::finish_step(Call call, std::shared_ptr<protocol::StepResult> result) {
    const domain::RequestId id = call.id;
    if (!services_.hooks.record_intents &&
        std::holds_alternative<protocol::Intend>(result->answer)) {
        // The control of the crash test: the effect goes out with nothing on disk before it.
        co_return co_await act_unrecorded(std::move(call), std::move(result));
    }
    Judged found = co_await judge_answer(id, result);
    const auto judged = std::make_shared<const Judged>(std::move(found));
    const CallFacts facts = facts_of(call);
    const Moment at = moment(call.settle);
    const auto settings = services_.settings();
    store::Change<bool> change = [this, id, facts, result, judged, at,
                                  settings](store::Tx& tx) -> domain::Result<bool> {
        std::optional<store::StoredRequest> row = tx.requests().get(id);
        if (!row) return false;
        Journal journal(tx, services_.ids, at.now);
        if (domain::is_settled(row->request.state)) {
            journal.note(id, "step", adapter_named(facts.adapter),
                         "an answer came after the request was settled");
            return false;
        }
        const Situation situation = situation_of(row->request, tx, at);
        const Transition next = after_answer(situation, *result, judged->judgement);
        Apply apply(journal, services_.vault, facts);
        std::vector<domain::Evidence> evidence = apply.keep(findings_of(*result), *row);
        if (judged->judgement.believed) {
            apply.keep_product(*judged, *result, *row, settings->policy.refunds, evidence);
        }
        const auto* intend = std::get_if<protocol::Intend>(&result->answer);
        std::optional<protocol::Mail> mail;
        if (intend != nullptr) mail = intend->mail;
        const auto* wait = std::get_if<protocol::Wait>(&result->answer);
        std::string text;
        if (wait != nullptr && row->request.state != domain::State::waiting_ca) text = wait->reason;
        const domain::Result<void> moved = apply.move(next, mail, *row, text, std::move(evidence));
        if (!moved) return moved.error();
        // Answered: inputs that stay (nobody was reached) are as fresh as when they were given.
        tx.inputs().set_told(id, false);
        return next.go_on;
    };
    const domain::Result<bool> committed = co_await services_.store.write(std::move(change));
    if (committed) {
        reach(*committed ? "intent_committed" : "result_committed");
        co_return *committed;
    }
    if (committed.error().code == domain::ErrorCode::state_conflict) {
        domain::Error busy(domain::ErrorCode::not_sent,
                           "another request has an effect on this order open");
        co_await finish_silence(std::move(call), std::move(busy));
        co_return false;
    }
    runtime::log(runtime::Level::error, "cannot commit a step",
                 {{"request", id.text()}, {"why", committed.error().detail}});
    co_return false;
}

asio::awaitable<bool> Engine::act_unrecorded(Call call,
                                             std::shared_ptr<protocol::StepResult> intent) {
    const auto row = services_.store.reader().requests().get(call.id);
    if (!row) co_return false;
    domain::Result<protocol::StepContext> context = context_for(*row, call);
    if (!context) co_return false;
    if (!intent->cookie.empty()) context->cookie = intent->cookie.clone();
    protocol::Leave leave;
    leave.effect = services_.ids.make<domain::EffectId>(services_.clock.now());
    leave.act_for = context->deadline;
    context->leave = leave;
    context->mail = std::get<protocol::Intend>(intent->answer).mail;
    domain::Result<protocol::StepResult> result =
        co_await services_.outside.advance(std::move(*context));
    reach("effect_answered");
    if (!result) {
        co_await finish_silence(std::move(call), result.error());
        co_return false;
    }
    auto shared = std::make_shared<protocol::StepResult>(std::move(*result));
    co_return co_await finish_step(std::move(call), std::move(shared));
}

asio::awaitable<void> Engine::finish_silence(Call call, domain::Error error) {
    const domain::RequestId id = call.id;
    const Moment at = moment(call.settle);
    const bool told_before = call.told_before;
    store::Change<bool> change = [this, id, error, at,
                                  told_before](store::Tx& tx) -> domain::Result<bool> {
        std::optional<store::StoredRequest> row = tx.requests().get(id);
        if (!row || domain::is_settled(row->request.state)) return false;
        const bool never_left = error.code == domain::ErrorCode::not_sent ||
                                error.code == domain::ErrorCode::bad_configuration;
        if (never_left) tx.inputs().set_told(id, told_before);
        const Situation situation = situation_of(row->request, tx, at);
        const Transition next = after_silence(situation, error);
        Journal journal(tx, services_.ids, situation.now);
        const CallFacts nothing;
        const domain::Result<void> moved =
            Apply(journal, services_.vault, nothing).move(next, std::nullopt, *row, "", {});
        if (!moved) return moved.error();
        return true;
    };
    const domain::Result<bool> committed = co_await services_.store.write(std::move(change));
    if (!committed) {
        runtime::log(runtime::Level::error, "cannot commit that a step got no answer",
                     {{"request", id.text()}, {"why", committed.error().detail}});
        co_return;
    }
    reach("result_committed");
}

asio::awaitable<bool> Engine::probe(store::StoredRequest row) {
    const auto effect = services_.store.reader().effects().open_for_request(row.request.id);
    if (!effect) co_return false;
    Call call;
    call.id = row.request.id;
    call.adapter = *row.request.adapter;
    call.effect = effect->effect.id;
    call.told_before = told_before(call.id);
    domain::Result<protocol::StepContext> context = context_for(row, call);
    if (context && !context->inputs.empty()) {
        const domain::Result<void> marked = co_await mark_told(call.id);
        if (!marked) co_return false;
    }
    auto proof = std::make_shared<domain::Result<protocol::Proof>>(
        domain::Error(domain::ErrorCode::not_sent, "the request cannot be read"));
    if (context) {
        protocol::ProofContext asked;
        asked.step = std::move(*context);
        asked.effect = effect->effect;
        *proof = co_await services_.outside.prove(std::move(asked));
    }
    const CallFacts facts = facts_of(call);
    const domain::RequestId id = call.id;
    const Moment at = moment(call.settle);
    const bool told_before = call.told_before;
    store::Change<bool> change = [this, id, facts, proof, at,
                                  told_before](store::Tx& tx) -> domain::Result<bool> {
        std::optional<store::StoredRequest> now = tx.requests().get(id);
        if (!now || now->request.state != domain::State::outcome_unknown) return false;
        const Situation situation = situation_of(now->request, tx, at);
        if (!situation.effect) return false;
        Journal journal(tx, services_.ids, situation.now);
        Apply apply(journal, services_.vault, facts);
        Transition next;
        std::vector<domain::Evidence> evidence;
        if (*proof) {
            next = after_proof(situation, **proof);
            tx.inputs().set_told(id, false);
            evidence = apply.keep(findings_of(**proof), *now);
        } else {
            next = after_proof_silence(situation, proof->error());
            if (proof->error().code == domain::ErrorCode::not_sent)
                tx.inputs().set_told(id, told_before);
        }
        const domain::Result<void> moved =
            apply.move(next, std::nullopt, *now, "", std::move(evidence));
        if (!moved) return moved.error();
        return true;
    };
    const domain::Result<bool> committed = co_await services_.store.write(std::move(change));
    if (!committed) {
        runtime::log(runtime::Level::error, "cannot commit a proof",
                     {{"request", id.text()}, {"why", committed.error().detail}});
    }
    reach("proof_committed");
    co_return false;
}

}  // namespace cabroker::engine
