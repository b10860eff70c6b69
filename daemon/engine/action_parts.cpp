#include "daemon/engine/action_parts.hpp"

#include "domain/states.hpp"

namespace cabroker::engine {

using domain::Error;
using domain::ErrorCode;
using domain::Request;
using domain::Result;
using domain::State;

Error settled_conflict(const Request& request) {
    return Error(ErrorCode::state_conflict, "the request is settled (" +
                                                std::string(domain::name_of(request.state)) +
                                                "); nothing can change it any more");
}

void settle_row(store::StoredRequest& row, State state, const std::string& code,
                const std::string& detail, const std::string& hint) {
    row.request.state = state;
    domain::Outcome outcome;
    outcome.code = code;
    outcome.detail = detail;
    outcome.hint = hint;
    row.request.outcome = std::move(outcome);
}

Result<void> close_open_effect(Journal& journal, const store::StoredRequest& row,
                               const std::string& why) {
    if (!row.open_effect) return {};
    return journal.tx().effects().close(*row.open_effect, store::EffectState::closed, journal.now(),
                                        why);
}

void make_due(store::StoredRequest& row, domain::Time now) {
    row.due_at = now;
    row.due_asks_adapter = true;
    if (row.request.next_attempt_at) row.request.next_attempt_at = now;
}

}  // namespace cabroker::engine
