#include "daemon/engine/transition_parts.hpp"

#include <algorithm>
#include <array>

namespace cabroker::engine {

using domain::EffectClass;
using domain::NextActor;
using domain::State;

namespace {

bool is_for_operator(const std::string& need) {
    constexpr std::array<std::string_view, 4> kNames{"channel_confirmation", "ca_question",
                                                     "human_login", "escalation"};
    return std::find(kNames.begin(), kNames.end(), need) != kNames.end();
}

}  // namespace

domain::Time expiry_of(const std::vector<domain::Need>& needs, domain::Time deadline) {
    domain::Time earliest = deadline;
    for (const domain::Need& need : needs) {
        const bool informs = need.name == "dcv_publication";
        if (need.expires_at && !informs) earliest = std::min(earliest, *need.expires_at);
    }
    return earliest;
}

NextActor actor_for(const std::vector<domain::Need>& needs) {
    const bool all_for_operator =
        std::all_of(needs.begin(), needs.end(),
                    [](const domain::Need& need) { return is_for_operator(need.name); });
    return all_for_operator ? NextActor::operator_ : NextActor::requester;
}

bool polls_meanwhile(const std::vector<domain::Need>& needs) {
    return std::all_of(needs.begin(), needs.end(),
                       [](const domain::Need& need) { return need.name == "dcv_publication"; });
}

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

int next_attempt(const domain::Request& request, const std::optional<std::string>& step) {
    return step == request.step ? std::max(1, request.attempt) + 1 : 1;
}

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
    next.due_at = std::min(situation.now + delay, request.deadline_at);
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
    next.due_at = std::min(situation.now + poll_delay(situation.poll, 1, situation.fraction),
                           situation.request.deadline_at);
    return next;
}

}  // namespace cabroker::engine
