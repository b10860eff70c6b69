// What people do with requests: each one transaction, refused when the state does not allow it.
#include <boost/asio/use_awaitable.hpp>

#include "daemon/engine/action_parts.hpp"
#include "daemon/engine/apply.hpp"
#include "daemon/engine/engine.hpp"
#include "domain/states.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Request;
using domain::Result;
using domain::State;

namespace {

// Has anything left that the supplier may act on? Sign-ins do not count, mails and `once` effects
// do.
bool something_is_out(const store::Reader& tx, const domain::RequestId& id) {
    for (const store::EffectRow& row : tx.effects().list(id)) {
        if (row.effect.effect_class == domain::EffectClass::once &&
            row.state != store::EffectState::not_done) {
            return true;
        }
    }
    for (const store::MessageRow& row : tx.messages().list(id)) {
        if (row.direction == "out" && row.status != "failed") return true;
    }
    return false;
}

// Submitted, and only the sign-in is missing to look at it: `retry` has a new code mailed.
bool waits_for_code_alone(const store::Reader& tx, const Request& request) {
    if (request.state != State::needs_input || request.needs.empty()) return false;
    for (const domain::Need& need : request.needs) {
        if (need.name != "access_code") return false;
    }
    return tx.effects().done_once(request.id);
}

}  // namespace

asio::awaitable<Result<Request>> Engine::change(domain::RequestId id, Edit edit, Also also) {
    auto seen = services_.store.reader().requests().get(id);
    if (!seen) co_return Error(ErrorCode::not_found, "there is no such request");
    co_return co_await change(std::move(*seen), std::move(edit), std::move(also));
}

asio::awaitable<Result<Request>> Engine::change(store::StoredRequest seen, Edit edit, Also also) {
    store::Change<Request> work = [seen = std::move(seen), edit = std::move(edit),
                                   also = std::move(also)](store::Tx& tx) -> Result<Request> {
        store::StoredRequest row = tx.requests().current(seen);
        Result<Request> changed = edit(tx, row);
        if (!changed) return changed.error();
        if (also) {
            const Result<void> remembered = also(tx, *changed);
            if (!remembered) return remembered.error();
        }
        return changed;
    };
    Result<Request> changed = co_await services_.store.write(std::move(work));
    if (changed) kick();
    co_return changed;
}

asio::awaitable<Result<Request>> Engine::cancel(domain::RequestId id, Cancellation what,
                                                domain::Person who, Also also) {
    const domain::Time now = services_.clock.now();
    Edit edit = [this, what, who, now](store::Tx& tx,
                                       store::StoredRequest& row) -> Result<Request> {
        const Request before = row.request;
        if (domain::is_settled(before.state)) return settled_conflict(before);
        const bool out = something_is_out(tx, before.id);
        if (out && !what.abandon) {
            return Error(ErrorCode::state_conflict,
                         "the CA has been asked already: a pending reissue is taken back by a "
                         "request of kind cancel for the order; cancel with \"abandon\": true "
                         "(cabroker: --abandon) only stops following it, and the CA may go on");
        }
        Journal journal(tx, services_.ids, now);
        const Result<void> closed = close_open_effect(journal, row, "given up by " + who.name);
        if (!closed) return closed.error();
        settle_row(row, State::canceled, out ? "abandoned" : "canceled",
                   what.reason.empty() ? "canceled by " + who.name : what.reason,
                   out ? "the CA may still act on it; look at the order" : "");
        const Result<void> saved =
            journal.save(before, row, peer(who), out ? "abandoned" : "canceled");
        if (!saved) return saved.error();
        return row.request;
    };
    co_return co_await change(std::move(id), std::move(edit), std::move(also));
}

asio::awaitable<Result<Request>> Engine::retry_now(domain::RequestId id, domain::Person who,
                                                   Also also) {
    const domain::Time now = services_.clock.now();
    Edit edit = [this, who, now](store::Tx& tx, store::StoredRequest& row) -> Result<Request> {
        const Request before = row.request;
        if (domain::is_settled(before.state)) return settled_conflict(before);
        const bool for_code = waits_for_code_alone(tx, before);
        if ((before.state == State::needs_input && !for_code) ||
            before.state == State::needs_approval) {
            return Error(
                ErrorCode::state_conflict,
                "the request waits for " +
                    (before.needs.empty() ? std::string("approval") : before.needs.front().name) +
                    ", not for a time");
        }
        if (for_code) {
            row.request.state = State::queued;
            row.request.next_actor = domain::NextActor::broker;
            row.request.needs.clear();
        }
        make_due(row, now);
        if (before.state == State::outcome_unknown) {
            // The probe asks again for what it needs.
            row.request.next_actor = domain::NextActor::broker;
            row.request.needs.clear();
        }
        Journal journal(tx, services_.ids, now);
        const Result<void> saved = journal.save(before, row, peer(who), "asked to try again now");
        if (!saved) return saved.error();
        return row.request;
    };
    co_return co_await change(std::move(id), std::move(edit), std::move(also));
}

}  // namespace cabroker::engine
