// A new request: durable, with everything that belongs to it, before anybody is told.
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

Result<void> check_new_order(store::Tx& tx, const Creation& creation) {
    if (!creation.new_order) return {};
    return tx.orders().insert(*creation.new_order);
}

domain::OrderId order_of(const Creation& creation) { return creation.request.order.id; }

}  // namespace

asio::awaitable<Result<Request>> Engine::create(std::shared_ptr<const Creation> given, Also also) {
    if (stopping_)
        co_return Error(ErrorCode::draining, "the daemon is stopping; send it again in a moment");
    const domain::Time now = services_.clock.now();
    store::Change<Request> change = [this, given = std::move(given), also = std::move(also),
                                     now](store::Tx& tx) -> Result<Request> {
        const Creation& creation = *given;
        const Result<void> entered = check_new_order(tx, creation);
        if (!entered) return entered.error();
        Journal journal(tx, services_.ids, now);
        const Request& wanted = creation.request;
        if (!creation.refusal && !creation.allow_duplicate) {
            if (const auto active = tx.requests().active_for(order_of(creation), wanted.kind)) {
                return Error(ErrorCode::duplicate_active_request,
                             "a request of this kind for this order is still active; set "
                             "allow_duplicate to make "
                             "another one")
                    .with("existing_request_id", active->text());
            }
        }
        if (creation.new_order) {
            journal.order_event("order.created", creation.new_order->id, {{"source", "request"}});
        }
        store::StoredRequest row;
        row.request = wanted;
        row.request.state = State::queued;
        row.due_at = now;
        if (creation.approval_reason) {
            row.request.state = State::needs_approval;
            row.due_at = wanted.deadline_at;
            row.due_asks_adapter = false;
        }
        if (creation.refusal) {
            row.request.state = State::rejected;
            row.request.outcome = creation.refusal;
            row.due_at.reset();
        }
        row.request.next_actor = domain::default_actor(row.request.state);
        journal.create(row, peer(wanted.created_by));
        for (const Warning& warning : creation.warnings) {
            journal.note(wanted.id, "comment", broker(), "warning: " + warning.detail,
                         {{"code", warning.code}});
        }
        if (creation.approval_reason) {
            journal.note(wanted.id, "comment", broker(),
                         "needs approval: " + *creation.approval_reason);
        }
        if (also) {
            const Result<void> remembered = also(tx, row.request);
            if (!remembered) return remembered.error();
        }
        return std::move(row.request);
    };
    Result<Request> created = co_await services_.store.write(std::move(change));
    if (created) {
        reach("request_created");
        const bool waits = created->state == State::queued;
        if (waits && !kicked_ && services_.outside.up() && has_room(created->adapter)) kick();
    }
    co_return created;
}

}  // namespace cabroker::engine
