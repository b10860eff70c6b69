#include "domain/states.hpp"

#include <initializer_list>

namespace cabroker::domain {
namespace {

bool is_one_of(State state, std::initializer_list<State> states) {
    for (const State candidate : states) {
        if (candidate == state) return true;
    }
    return false;
}

}  // namespace

bool is_settled(State state) {
    return is_one_of(
        state, {State::succeeded, State::failed, State::rejected, State::canceled, State::expired});
}

bool may_move(State from, State to) {
    if (is_settled(from) || from == to) return false;
    if (is_settled(to)) return true;
    switch (from) {
        case State::queued:
            return is_one_of(to, {State::running, State::backoff, State::needs_approval});
        case State::needs_approval:
            return is_one_of(to, {State::queued});
        case State::running:
            return is_one_of(to,
                             {State::queued, State::backoff, State::needs_input, State::waiting_ca,
                              State::outcome_unknown, State::needs_approval});
        case State::backoff:
            return is_one_of(to, {State::running, State::queued, State::needs_input,
                                  State::waiting_ca, State::outcome_unknown});
        case State::needs_input:
            return is_one_of(to, {State::running, State::queued, State::backoff, State::waiting_ca,
                                  State::outcome_unknown});
        case State::waiting_ca:
            return is_one_of(to, {State::running, State::queued, State::backoff, State::needs_input,
                                  State::outcome_unknown});
        case State::outcome_unknown:
            return is_one_of(to,
                             {State::running, State::queued, State::waiting_ca, State::backoff});
        default:
            return false;
    }
}

NextActor default_actor(State state) {
    switch (state) {
        case State::queued:
        case State::running:
        case State::backoff:
        case State::outcome_unknown:
            return NextActor::broker;
        case State::needs_approval:
            return NextActor::approver;
        case State::needs_input:
            return NextActor::requester;
        case State::waiting_ca:
            return NextActor::ca;
        default:
            return NextActor::none;
    }
}

}  // namespace cabroker::domain
