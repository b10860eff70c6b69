#include "daemon/engine/transition.hpp"

#include <algorithm>
#include <array>

#include "domain/states.hpp"

namespace cabroker::engine {
namespace {

using domain::EffectClass;
using domain::NextActor;
using domain::State;

bool is_for_operator(const std::string& need) {
    constexpr std::array<std::string_view, 4> kNames{"channel_confirmation", "ca_question",
                                                     "human_login", "escalation"};
    return std::find(kNames.begin(), kNames.end(), need) != kNames.end();
}

NextActor actor_for(const std::vector<domain::Need>& needs) {
    const bool all_for_operator =
        std::all_of(needs.begin(), needs.end(),
                    [](const domain::Need& need) { return is_for_operator(need.name); });
    return all_for_operator ? NextActor::operator_ : NextActor::requester;
}

// Requests whose needs only inform, while the supplier is polled on.
bool polls_meanwhile(const std::vector<domain::Need>& needs) {
    return std::all_of(needs.begin(), needs.end(),
                       [](const domain::Need& need) { return need.name == "dcv_publication"; });
}

domain::Time no_later(domain::Time time, domain::Time deadline) { return std::min(time, deadline); }

bool has_effect(const Situation& situation, EffectClass effect_class) {
    return situation.effect && situation.effect->effect.effect_class == effect_class;
}

domain::Trouble trouble(const Situation& situation, std::string code, std::string detail) {
    domain::Trouble made;
    made.code = std::move(code);
    made.detail = std::move(detail);
    made.at = situation.now;
    return made;
}

Transition keeping(const Situation& situation) {
    const domain::Request& request = situation.request;
    Transition next;
    next.state = request.state;
    next.next_actor = request.next_actor;
    next.step = request.step;
    next.attempt = request.attempt;
    next.needs = request.needs;
    next.last_problem = request.last_problem;
    return next;
}

Transition settle(const Situation& situation, State state, std::string code, std::string detail,
                  std::string hint) {
    Transition next = keeping(situation);
    next.state = state;
    next.next_actor = NextActor::none;
    next.needs.clear();
    domain::Outcome outcome;
    outcome.code = std::move(code);
    outcome.detail = std::move(detail);
    outcome.hint = std::move(hint);
    next.outcome = std::move(outcome);
    next.effect = situation.effect ? EffectMove::done : EffectMove::keep;
    next.inputs_used = true;
    return next;
}

// How often in a row the same step was tried: a new step counts from one.
int next_attempt(const domain::Request& request, const std::optional<std::string>& step) {
    return step == request.step ? std::max(1, request.attempt) + 1 : 1;
}

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
        due = no_later(situation.now + delay, request.deadline_at);
    }
    next.due_at = due;
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
    domain::Time due = request.deadline_at;
    for (const domain::Need& need : needs) {
        if (need.expires_at) due = no_later(due, *need.expires_at);
    }
    if (polls_meanwhile(needs)) {
        due = no_later(
            due, situation.now + poll_delay(situation.poll, next.attempt, situation.fraction));
    }
    next.due_at = due;
    next.needs = std::move(needs);
    return next;
}

// Nothing was done, or nothing that repeating would change: try the same again later.
Transition back_off(const Situation& situation, domain::Trouble why,
                    std::optional<domain::Duration> retry_after) {
    const domain::Request& request = situation.request;
    Transition next = keeping(situation);
    // What a person is asked for stays asked for, and an open proof stays open.
    const bool stays = request.state == State::needs_input && polls_meanwhile(request.needs);
    next.state = stays ? State::needs_input : State::backoff;
    if (!stays) {
        next.next_actor = NextActor::broker;
        next.needs.clear();
    }
    next.attempt = std::max(1, request.attempt) + 1;
    next.last_problem = std::move(why);
    const domain::Duration delay =
        std::max(retry_after.value_or(domain::Duration::zero()),
                 backoff_delay(situation.retry, next.attempt - 1, situation.fraction));
    next.due_at = no_later(situation.now + delay, request.deadline_at);
    if (has_effect(situation, EffectClass::once)) next.effect = EffectMove::not_done;
    return next;
}

Transition doubt(const Situation& situation, domain::Trouble why) {
    Transition next = keeping(situation);
    next.state = State::outcome_unknown;
    next.next_actor = NextActor::broker;
    next.needs.clear();
    next.attempt = 1;
    next.last_problem = std::move(why);
    next.inputs_used = true;
    // A `done` proof counts at once, so the first look comes early.
    next.due_at = no_later(situation.now + poll_delay(situation.poll, 1, situation.fraction),
                           situation.request.deadline_at);
    return next;
}

Transition after_done(const Situation& situation, const protocol::StepResult& result,
                      const Judgement& judgement) {
    const auto& done = std::get<protocol::Done>(result.answer);
    if (judgement.believed) {
        Transition next = settle(situation, State::succeeded,
                                 success_code_of(situation.request.kind), done.detail, "");
        next.step = result.step;
        next.last_problem.reset();
        return next;
    }
    // Reads may be stale for a while; what was asked for may still come. The deadline ends it.
    protocol::Wait wait;
    Transition next = wait_for_ca(situation, wait, result.step);
    next.last_problem = trouble(situation, judgement.reason, judgement.detail);
    return next;
}

}  // namespace

State settled_state_of(const std::string& code) {
    constexpr std::array<std::string_view, 4> kFailed{
        "access_code_attempts_exhausted", "mail_refused", "certificate_rejected", "unknown_page"};
    constexpr std::array<std::string_view, 3> kExpired{"access_code_expired", "input_expired",
                                                       "approval_expired"};
    if (std::find(kFailed.begin(), kFailed.end(), code) != kFailed.end()) return State::failed;
    if (std::find(kExpired.begin(), kExpired.end(), code) != kExpired.end()) return State::expired;
    return State::rejected;
}

std::string success_code_of(domain::Kind kind) {
    switch (kind) {
        case domain::Kind::status:
            return "status_read";
        case domain::Kind::reissue:
            return "issued";
        case domain::Kind::revoke:
            return "revoked";
        case domain::Kind::cancel:
            return "canceled";
        case domain::Kind::download:
            return "downloaded";
        case domain::Kind::transfer:
            return "transferred";
    }
    return "resolved_by_operator";
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
        return no_later(situation.now + delay, request.deadline_at);
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
                next.due_at =
                    no_later(std::max(counts_from, situation.now + std::chrono::milliseconds(1)),
                             request.deadline_at);
                return next;
            }
            next.state = State::queued;
            next.effect = EffectMove::not_done;
            next.attempt = 1;
            next.due_at = situation.now;
            return next;
        case protocol::ProofVerdict::cannot_tell:
            next.next_actor = NextActor::operator_;
            next.last_problem = trouble(situation, "outcome_unknown", proof.detail);
            next.due_at = request.deadline_at;
            return next;
        case protocol::ProofVerdict::need_input:
            next.needs = proof.needs;
            next.next_actor = actor_for(next.needs);
            next.due_at = request.deadline_at;
            for (const domain::Need& need : next.needs) {
                if (need.expires_at) next.due_at = no_later(*next.due_at, *need.expires_at);
            }
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
    next.due_at = no_later(
        situation.now + backoff_delay(situation.retry, next.attempt - 1, situation.fraction),
        situation.request.deadline_at);
    return next;
}

std::optional<Transition> when_over(const Situation& situation) {
    const domain::Request& request = situation.request;
    const bool over = situation.now >= request.deadline_at;
    if (request.state == State::outcome_unknown) {
        if (over) {
            // Nobody may guess: it stays open until an operator says what happened.
            Transition next = keeping(situation);
            next.next_actor = NextActor::operator_;
            next.needs.clear();
            return next;
        }
        const bool late =
            std::any_of(request.needs.begin(), request.needs.end(), [&](const domain::Need& need) {
                return need.expires_at && *need.expires_at <= situation.now;
            });
        if (!late) return std::nullopt;
        Transition next = keeping(situation);
        next.needs.clear();
        next.next_actor = NextActor::operator_;
        next.due_at = request.deadline_at;
        return next;
    }
    if (request.state == State::needs_input) {
        for (const domain::Need& need : request.needs) {
            if (!need.expires_at || *need.expires_at > situation.now) continue;
            const bool access_code = need.name == "access_code";
            return settle(situation, State::expired,
                          access_code ? "access_code_expired" : "input_expired",
                          "nobody gave " + need.name + " in time",
                          "retry the request; a new " + need.name + " will be asked for");
        }
    }
    if (!over) return std::nullopt;
    switch (request.state) {
        case State::needs_approval:
            return settle(situation, State::expired, "approval_expired",
                          "nobody approved it in time", "retry the request and tell an approver");
        case State::needs_input:
            return settle(situation, State::expired, "input_expired",
                          "the input asked for did not come in time", "retry the request");
        default:
            break;
    }
    std::string code = "deadline_exceeded";
    std::string detail = "it was not done when its deadline passed";
    if (request.last_problem &&
        (request.state == State::backoff || request.state == State::waiting_ca)) {
        code = request.last_problem->code;
        detail = request.last_problem->detail;
    }
    if (code == "outside_down") code = "upstream_unreachable";
    return settle(situation, State::failed, code, detail,
                  "look at the timeline, then retry the request");
}

std::optional<Transition> after_crash(const Situation& situation) {
    if (situation.request.state != State::running) return std::nullopt;
    if (has_effect(situation, EffectClass::once)) {
        return doubt(situation, trouble(situation, "outcome_unknown",
                                        "the broker stopped while this was on its way: " +
                                            situation.effect->effect.summary));
    }
    Transition next = keeping(situation);
    next.state = State::queued;
    next.next_actor = NextActor::broker;
    next.due_at = situation.now;
    return next;
}

}  // namespace cabroker::engine
