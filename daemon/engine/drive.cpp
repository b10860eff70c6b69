// One step of a request: claimed, asked, and what becomes of the answer.
#include <algorithm>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/engine/apply.hpp"
#include "daemon/engine/engine.hpp"
#include "domain/states.hpp"
#include "runtime/log.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;

asio::awaitable<domain::Result<store::StoredRequest>> Engine::claim(store::StoredRequest seen) {
    const domain::Time now = services_.clock.now();
    store::Change<store::StoredRequest> change =
        [this, seen = std::move(seen), now](store::Tx& tx) -> domain::Result<store::StoredRequest> {
        store::StoredRequest row = tx.requests().current(seen);
        if (domain::is_settled(row.request.state)) {
            return domain::Error(domain::ErrorCode::conflict, "the request is settled");
        }
        const domain::Request before = row.request;
        row.request.state = domain::State::running;
        row.request.next_actor = domain::NextActor::broker;
        row.request.next_attempt_at.reset();
        row.request.attempt = std::max(1, row.request.attempt);
        // On disk before they leave: after a crash nobody knows how far they came.
        tx.inputs().set_told(before.id, true);
        Journal journal(tx, services_.ids, now);
        const domain::Result<void> saved =
            journal.save(before, row, broker(), "", store::Columns::progress);
        if (!saved) return saved.error();
        return row;
    };
    domain::Result<store::StoredRequest> claimed =
        co_await services_.store.write(std::move(change), urgency());
    if (!claimed) co_return claimed.error();
    reach("request_claimed");
    co_return claimed;
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
    const domain::Result<bool> marked =
        co_await services_.store.write(std::move(change), urgency());
    if (!marked) co_return marked.error();
    co_return domain::Result<void>();
}

asio::awaitable<domain::Result<void>> Engine::renew_leave(domain::RequestId id,
                                                          domain::Duration act_for) {
    const domain::Time act_until = services_.clock.now() + act_for;
    const TwoClocks clocks = two_clocks();
    store::Change<bool> change = [id, act_until, clocks](store::Tx& tx) -> domain::Result<bool> {
        const auto effect = tx.effects().open_for_request(id);
        if (!effect) return domain::Error(domain::ErrorCode::conflict, "the effect is closed");
        const auto renewed = tx.effects().set_leave(effect->effect.id, act_until);
        if (!renewed) return renewed.error();
        sign_in_again(tx, id, clocks);
        return true;
    };
    const domain::Result<bool> renewed =
        co_await services_.store.write(std::move(change), urgency());
    if (!renewed) co_return renewed.error();
    co_return domain::Result<void>();
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
        domain::Result<store::StoredRequest> claimed = co_await claim(std::move(row));
        if (!claimed) co_return false;
        row = std::move(*claimed);
    }
    call.adapter = *row.request.adapter;
    domain::Result<protocol::StepContext> context = context_for(row, call);
    const auto asked = std::make_shared<const store::StoredRequest>(std::move(row));
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
    const Sign sign = result ? sign_of(*result) : sign_of(result.error(), services_.outside.up());
    observe(id, call.adapter, sign);
    if (!result) {
        co_await finish_silence(std::move(call), result.error());
        co_return false;
    }
    auto shared = std::make_shared<protocol::StepResult>(std::move(*result));
    co_return co_await finish_step(std::move(call), std::move(shared), asked);
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

asio::awaitable<bool> Engine::finish_step(Call call, std::shared_ptr<protocol::StepResult> result,
                                          std::shared_ptr<const store::StoredRequest> asked) {
    const domain::RequestId id = call.id;
    if (!services_.hooks.record_intents &&
        std::holds_alternative<protocol::Intend>(result->answer)) {
        // The control of the crash test: the effect goes out with nothing on disk before it.
        co_return co_await act_unrecorded(std::move(call), std::move(result), std::move(asked));
    }
    Judged found = co_await judge_answer(asked, result);
    const auto judged = std::make_shared<const Judged>(std::move(found));
    const CallFacts facts = facts_of(call);
    const Moment at = moment(call.settle);
    if (auto* ask = std::get_if<protocol::NeedInput>(&result->answer))
        let_codes_live(ask->needs, call.adapter, at.now);
    const auto settings = services_.settings();
    const TwoClocks clocks = two_clocks();
    store::Change<bool> change = [this, id, asked, facts, result, judged, at, settings,
                                  clocks](store::Tx& tx) -> domain::Result<bool> {
        store::StoredRequest row = tx.requests().current(*asked);
        Journal journal(tx, services_.ids, at.now);
        if (domain::is_settled(row.request.state)) {
            journal.note(id, "step", adapter_named(facts.adapter),
                         "an answer came after the request was settled");
            return false;
        }
        Apply apply(journal, services_.vault, facts);
        std::vector<domain::Evidence> evidence = apply.keep(findings_of(*result), row);
        if (row.request.state == domain::State::queued) {
            // An input came while the supplier was polled: the next step, due now, tells of it.
            const domain::Result<void> kept = tx.requests().update(row);
            if (!kept) return kept.error();
            return false;
        }
        const Situation situation = situation_of(row.request, tx, at);
        const Transition next =
            enter_line(tx, *settings, row.request,
                       after_answer(situation, *result, judged->judgement), clocks);
        if (judged->judgement.believed) {
            apply.keep_product(*judged, *result, row, settings->policy.refunds, evidence);
        }
        const auto* intend = std::get_if<protocol::Intend>(&result->answer);
        std::optional<protocol::Mail> mail;
        if (intend != nullptr) mail = intend->mail;
        const auto* wait = std::get_if<protocol::Wait>(&result->answer);
        std::string text;
        if (wait != nullptr && row.request.state != domain::State::waiting_ca) text = wait->reason;
        const domain::Result<void> moved = apply.move(next, mail, row, text, std::move(evidence));
        if (!moved) return moved.error();
        // Answered: inputs that stay (nobody was reached) are as fresh as when they were given.
        tx.inputs().set_told(id, false);
        return next.go_on;
    };
    const domain::Result<bool> committed =
        co_await services_.store.write(std::move(change), urgency());
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
                                             std::shared_ptr<protocol::StepResult> intent,
                                             std::shared_ptr<const store::StoredRequest> asked) {
    domain::Result<protocol::StepContext> context = context_for(*asked, call);
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
    co_return co_await finish_step(std::move(call), std::move(shared), std::move(asked));
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
    const domain::Result<bool> committed =
        co_await services_.store.write(std::move(change), urgency());
    if (!committed) {
        runtime::log(runtime::Level::error, "cannot commit that a step got no answer",
                     {{"request", id.text()}, {"why", committed.error().detail}});
        co_return;
    }
    reach("result_committed");
}

}  // namespace cabroker::engine
