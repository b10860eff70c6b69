#include "daemon/engine/transition.hpp"

#include <algorithm>
#include <array>

#include "daemon/engine/transition_parts.hpp"

namespace cabroker::engine {

using domain::EffectClass;
using domain::NextActor;
using domain::State;

namespace {

Transition wait_for_ca(const Situation& situation, const protocol::Wait& wait,
                       std::optional<std::string> step) {
    const domain::Request& request = situation.request;
    Transition next;
    next.state = State::waiting_ca;
    next.next_actor = NextActor::ca;
    next.attempt = request.state == State::waiting_ca ? next_attempt(request, step) : 1;
    next.step = std::move(step);
    next.effect = situation.effect ? EffectMove::done : EffectMove::keep;
    next.inputs_used = true;
    domain::Time due = request.deadline_at;
    if (wait.poll) {
        const domain::Duration delay =
            wait.poll_after.value_or(poll_delay(situation.poll, next.attempt, situation.fraction));
        due = std::min(situation.now + delay, request.deadline_at);
    }
    next.due_at = due;
    next.due_asks_adapter = wait.poll;
    return next;
}

Transition ask_for_input(const Situation& situation, std::vector<domain::Need> needs,
                         std::optional<std::string> step) {
    const domain::Request& request = situation.request;
    Transition next;
    next.state = State::needs_input;
    next.next_actor = actor_for(needs);
    next.attempt = request.state == State::needs_input ? next_attempt(request, step) : 1;
    next.step = std::move(step);
    next.effect = situation.effect ? EffectMove::done : EffectMove::keep;
    next.inputs_used = true;
    domain::Time due = expiry_of(needs, request.deadline_at);
    next.due_asks_adapter = polls_meanwhile(needs);
    if (next.due_asks_adapter) {
        due = std::min(
            due, situation.now + poll_delay(situation.poll, next.attempt, situation.fraction));
    }
    next.due_at = due;
    next.needs = std::move(needs);
    return next;
}

Transition after_done(const Situation& situation, const protocol::StepResult& result,
                      const Judgement& judgement) {
    const auto& done = std::get<protocol::Done>(result.answer);
    if (judgement.believed) {
        Transition next =
            settle(situation, State::succeeded,
                   std::string(domain::success_code_of(situation.request.kind)), done.detail, "");
        next.step = result.step;
        next.last_problem.reset();
        return next;
    }
    // What has ended will not become valid again.
    const bool ended = situation.request.kind == domain::Kind::download &&
                       judgement.reason == "certificate_expired";
    if (ended) {
        return settle(situation, State::failed, "certificate_rejected", judgement.detail,
                      "renew with a new order");
    }
    // Reads may be stale for a while; what was asked for may still come. The deadline ends it.
    protocol::Wait wait;
    Transition next = wait_for_ca(situation, wait, result.step);
    next.last_problem = trouble(situation, judgement.reason, judgement.detail);
    return next;
}

}  // namespace

State settled_state_of(const std::string& code) {
    constexpr std::array<std::string_view, 5> kFailed{"access_code_attempts_exhausted",
                                                      "mail_refused", "certificate_rejected",
                                                      "unknown_page", "session_refused"};
    constexpr std::array<std::string_view, 3> kExpired{"access_code_expired", "input_expired",
                                                       "approval_expired"};
    if (std::find(kFailed.begin(), kFailed.end(), code) != kFailed.end()) return State::failed;
    if (std::find(kExpired.begin(), kExpired.end(), code) != kExpired.end()) return State::expired;
    return State::rejected;
}

Transition after_answer(const Situation& situation, const protocol::StepResult& result,
                        const Judgement& judgement) {
    if (std::holds_alternative<protocol::Done>(result.answer))
        return after_done(situation, result, judgement);
    if (const auto* wait = std::get_if<protocol::Wait>(&result.answer)) {
        return wait_for_ca(situation, *wait, result.step);
    }
    if (const auto* ask = std::get_if<protocol::NeedInput>(&result.answer)) {
        return ask_for_input(situation, ask->needs, result.step);
    }
    if (const auto* no = std::get_if<protocol::Rejected>(&result.answer)) {
        // What was sent goes on at the CA: only the sign-in ended, and the next one may work.
        if (situation.submitted && no->code == "access_code_expired") {
            Transition next =
                back_off(situation, trouble(situation, no->code, no->detail), std::nullopt);
            next.inputs_used = true;
            return next;
        }
        return settle(situation, settled_state_of(no->code), no->code, no->detail, no->hint);
    }
    if (const auto* away = std::get_if<protocol::Unreachable>(&result.answer)) {
        return back_off(situation, trouble(situation, "upstream_unreachable", away->detail),
                        away->retry_after);
    }
    if (const auto* wrong = std::get_if<protocol::Misconfigured>(&result.answer)) {
        return back_off(situation, trouble(situation, "adapter_misconfigured", wrong->detail),
                        std::nullopt);
    }
    if (const auto* cannot = std::get_if<protocol::Unsupported>(&result.answer)) {
        return settle(situation, State::rejected, "not_supported_by_channel",
                      "this channel cannot do it for this order", cannot->hint);
    }
    if (const auto* unknown = std::get_if<protocol::UnknownOutcome>(&result.answer)) {
        if (has_effect(situation, EffectClass::once)) {
            return doubt(situation, trouble(situation, "outcome_unknown", unknown->detail));
        }
        return back_off(situation, trouble(situation, "upstream_unreachable", unknown->detail),
                        std::nullopt);
    }
    const auto& intend = std::get<protocol::Intend>(result.answer);
    Transition next = keeping(situation);
    next.state = State::running;
    next.next_actor = NextActor::broker;
    next.needs.clear();
    next.step = result.step;
    next.attempt = 1;
    next.effect = EffectMove::open;
    next.new_effect = intend.effect;
    next.inputs_used = true;
    next.go_on = true;
    return next;
}

Transition after_silence(const Situation& situation, const domain::Error& error) {
    const bool ours = error.code == domain::ErrorCode::bad_configuration;
    const bool told = error.code != domain::ErrorCode::not_sent && !ours;
    if (told && has_effect(situation, EffectClass::once)) {
        return doubt(situation, trouble(situation, "outcome_unknown", error.detail));
    }
    const char* code = told ? "upstream_unreachable" : "outside_down";
    if (ours) code = "adapter_misconfigured";
    return back_off(situation, trouble(situation, code, error.detail), std::nullopt);
}

}  // namespace cabroker::engine
