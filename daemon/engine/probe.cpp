// Proofs: of what a done step claims, and of an effect whose answer was lost.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/engine/apply.hpp"
#include "daemon/engine/engine.hpp"
#include "domain/states.hpp"
#include "runtime/log.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;

asio::awaitable<Judged> Engine::judge_in_pool(JudgeTask task) {
    co_return judge(task, services_.roots);
}

asio::awaitable<Judged> Engine::judge_answer(std::shared_ptr<const store::StoredRequest> asked,
                                             std::shared_ptr<protocol::StepResult> result) {
    Judged judged;
    const auto* done = std::get_if<protocol::Done>(&result->answer);
    if (done == nullptr) co_return judged;
    JudgeTask task;
    task.params = asked->request.params;
    task.common_name = asked->request.order.common_name;
    task.done_code = done->code;
    task.account = done->account;
    task.revoked_serial = done->revoked_serial;
    task.status = result->status;
    task.certificates = result->certificates;
    task.now = services_.clock.now();
    auto work = judge_in_pool(std::move(task));
    judged = co_await asio::co_spawn(services_.pool, std::move(work), asio::use_awaitable);
    co_return judged;
}

asio::awaitable<bool> Engine::probe(store::StoredRequest row) {
    if (!co_await follow_date()) co_return false;
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
        context ? domain::Error(domain::ErrorCode::not_sent, "the request cannot be read")
                : domain::Error(domain::ErrorCode::not_sent, context.error().detail));
    domain::Time asked_at = services_.clock.now();
    bool begun = false;
    if (context) begun = co_await begin_proof(call.id, call.adapter);
    if (begun) {
        asked_at = services_.clock.now();
        protocol::ProofContext asked;
        asked.step = std::move(*context);
        asked.effect = effect->effect;
        *proof = co_await services_.outside.prove(std::move(asked));
    }
    const Sign sign = *proof ? sign_of(**proof) : sign_of(proof->error(), services_.outside.up());
    observe(call.id, call.adapter, sign);
    const CallFacts facts = facts_of(call);
    const domain::RequestId id = call.id;
    Moment at = moment(call.settle);
    // What a proof saw counts as of its asking, whatever the date became meanwhile.
    at.now = std::min(at.now, asked_at);
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
        end_proof(tx, now->request, at.now);
        return true;
    };
    const domain::Result<bool> committed =
        co_await services_.store.write(std::move(change), urgency());
    if (!committed) {
        runtime::log(runtime::Level::error, "cannot commit a proof",
                     {{"request", id.text()}, {"why", committed.error().detail}});
    }
    reach("proof_committed");
    co_return false;
}

}  // namespace cabroker::engine
