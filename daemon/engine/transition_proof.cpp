// What becomes of a request in doubt after a proof, or without one.
#include <algorithm>

#include "daemon/engine/transition_parts.hpp"

namespace cabroker::engine {

using domain::NextActor;
using domain::State;

Transition after_proof(const Situation& situation, const protocol::Proof& proof) {
    const domain::Request& request = situation.request;
    Transition next = keeping(situation);
    next.inputs_used = true;
    next.needs.clear();
    next.next_actor = NextActor::broker;
    next.attempt = request.attempt + 1;
    const domain::Time counts_from = situation.effect->act_until + situation.settle;
    const auto again_at = [&](domain::Duration least) {
        const domain::Duration delay =
            std::max(least, poll_delay(situation.poll, next.attempt, situation.fraction));
        return std::min(situation.now + delay, request.deadline_at);
    };
    const auto once_settled = [&] {
        const domain::Time soon = situation.now + std::chrono::milliseconds(1);
        return std::min(std::max(counts_from, soon), request.deadline_at);
    };
    switch (proof.verdict) {
        case protocol::ProofVerdict::done:
            // Done is not the end: what the supplier has may still have to be issued and fetched.
            next.state = State::waiting_ca;
            next.next_actor = NextActor::ca;
            next.effect = EffectMove::done;
            next.last_problem.reset();
            next.attempt = 1;
            next.due_at = situation.now;
            return next;
        case protocol::ProofVerdict::not_done:
            if (situation.now < counts_from) {
                next.due_at = once_settled();
                return next;
            }
            next.state = State::queued;
            next.effect = EffectMove::not_done;
            next.attempt = 1;
            next.due_at = situation.now;
            return next;
        case protocol::ProofVerdict::cannot_tell:
            next.last_problem = trouble(situation, "outcome_unknown", proof.detail);
            if (situation.now < counts_from) {
                // What the supplier shows late may tell.
                next.due_at = once_settled();
                return next;
            }
            next.next_actor = NextActor::operator_;
            next.due_at = request.deadline_at;
            next.due_asks_adapter = false;
            return next;
        case protocol::ProofVerdict::need_input:
            next.needs = proof.needs;
            next.next_actor = actor_for(next.needs);
            next.due_at = expiry_of(next.needs, request.deadline_at);
            next.due_asks_adapter = false;
            return next;
        case protocol::ProofVerdict::wait:
        case protocol::ProofVerdict::unreachable:
            next.due_at = again_at(proof.retry_after.value_or(domain::Duration::zero()));
            return next;
    }
    return next;
}

Transition after_proof_silence(const Situation& situation, const domain::Error& error) {
    Transition next = keeping(situation);
    next.attempt = situation.request.attempt + 1;
    next.next_actor = NextActor::broker;
    next.last_problem = trouble(situation, "outcome_unknown", error.detail);
    next.due_at = std::min(
        situation.now + backoff_delay(situation.retry, next.attempt - 1, situation.fraction),
        situation.request.deadline_at);
    return next;
}

}  // namespace cabroker::engine
