// What time alone does to a request: inputs, approvals and deadlines that are over, a restart, an
// adapter that is not to be asked now.
#include <algorithm>

#include "daemon/engine/transition_parts.hpp"

namespace cabroker::engine {

using domain::EffectClass;
using domain::NextActor;
using domain::State;

namespace {

bool is_late(const domain::Need& need, domain::Time now) {
    // A token's end is the CA's affair; it is polled on.
    return need.name != "dcv_publication" && need.expires_at && *need.expires_at <= now;
}

std::string late_code(const domain::Need& need) {
    return need.name == "access_code" ? "access_code_expired" : "input_expired";
}

// The CA works on what was sent, whether or not somebody lets us look: it waits, and `retry` asks
// for a fresh input.
Transition wait_without_expiry(const Situation& situation) {
    Transition next = keeping(situation);
    for (domain::Need& need : next.needs) {
        if (!is_late(need, situation.now)) continue;
        need.expires_at.reset();
        need.last_error = domain::LastError{late_code(need), situation.now};
        need.hint = "the " + need.name +
                    " asked for before is no longer good; `retry` has a new one sent. What was "
                    "submitted goes on at the CA meanwhile";
    }
    next.due_at = expiry_of(next.needs, situation.request.deadline_at);
    next.due_asks_adapter = false;
    return next;
}

std::string hint_after_expiry(const Situation& situation, const char* otherwise) {
    if (!situation.submitted) return otherwise;
    return "what was submitted goes on at the CA: ask for the order's status before anything else";
}

std::optional<Transition> when_needs_are_late(const Situation& situation) {
    for (const domain::Need& need : situation.request.needs) {
        if (!is_late(need, situation.now)) continue;
        const bool over = situation.now >= situation.request.deadline_at;
        if (situation.submitted && !over) return wait_without_expiry(situation);
        return settle(situation, State::expired, late_code(need),
                      "nobody gave " + need.name + " in time",
                      hint_after_expiry(situation, "retry the request; it will be asked for anew"));
    }
    return std::nullopt;
}

}  // namespace

bool is_over(const domain::Request& request, domain::Time now) {
    if (now >= request.deadline_at) return true;
    const auto any = [&](auto late) {
        return std::any_of(request.needs.begin(), request.needs.end(), late);
    };
    if (request.state == State::outcome_unknown)
        return any(
            [&](const domain::Need& need) { return need.expires_at && *need.expires_at <= now; });
    return request.state == State::needs_input &&
           any([&](const domain::Need& need) { return is_late(need, now); });
}

std::optional<Transition> when_over(const Situation& situation) {
    const domain::Request& request = situation.request;
    if (!is_over(request, situation.now)) return std::nullopt;
    const bool over = situation.now >= request.deadline_at;
    if (request.state == State::outcome_unknown) {
        if (over) {
            // Nobody may guess: it stays open until an operator says what happened.
            Transition next = keeping(situation);
            next.next_actor = NextActor::operator_;
            next.needs.clear();
            return next;
        }
        Transition next = keeping(situation);
        next.needs.clear();
        next.next_actor = NextActor::operator_;
        next.due_at = request.deadline_at;
        next.due_asks_adapter = false;
        return next;
    }
    if (request.state == State::needs_input) {
        std::optional<Transition> late = when_needs_are_late(situation);
        if (late) return late;
    }
    switch (request.state) {
        case State::needs_approval:
            return settle(situation, State::expired, "approval_expired",
                          "nobody approved it in time", "retry the request and tell an approver");
        case State::needs_input:
            // What is polled for meanwhile did not wait for the input but for what went wrong.
            if (request.last_problem && polls_meanwhile(request.needs)) break;
            return settle(situation, State::expired, "input_expired",
                          "the input asked for did not come in time",
                          hint_after_expiry(situation, "retry the request"));
        default:
            break;
    }
    std::string code = "deadline_exceeded";
    std::string detail = "it was not done when its deadline passed";
    if (request.last_problem &&
        (request.state == State::backoff || request.state == State::waiting_ca ||
         request.state == State::needs_input)) {
        code = request.last_problem->code;
        detail = request.last_problem->detail;
    }
    if (code == "outside_down") code = "upstream_unreachable";
    return settle(situation, State::failed, code, detail,
                  hint_after_expiry(situation, "look at the timeline, then retry the request"));
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

Transition put_off(const Situation& situation, domain::Time until, std::string detail) {
    const domain::Request& request = situation.request;
    Transition next = keeping(situation);
    const bool stays = request.state == State::outcome_unknown ||
                       (request.state == State::needs_input && polls_meanwhile(request.needs));
    if (!stays) {
        next.state = State::backoff;
        next.next_actor = NextActor::broker;
        next.needs.clear();
    }
    next.last_problem = trouble(situation, "upstream_unreachable", std::move(detail));
    next.due_at = std::min(until, request.deadline_at);
    return next;
}

}  // namespace cabroker::engine
