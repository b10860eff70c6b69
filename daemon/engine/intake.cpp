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

// All that the transaction writes, whole before it begins: the writer's thread checks and writes.
struct Entry {
    std::unique_ptr<const Creation> creation;  ///< its request has gone into the row
    store::StoredRequest row;
    Actor who;
};

std::shared_ptr<Entry> entry_of(std::unique_ptr<Creation> creation, domain::Time now) {
    auto entry = std::make_shared<Entry>();
    entry->who = peer(creation->request.created_by);
    store::StoredRequest& row = entry->row;
    row.request = std::move(creation->request);
    Request& request = row.request;
    request.state = State::queued;
    row.due_at = now;
    if (creation->approval_reason) {
        request.state = State::needs_approval;
        row.due_at = request.deadline_at;
        row.due_asks_adapter = false;
    }
    if (creation->refusal) {
        request.state = State::rejected;
        request.outcome = creation->refusal;
        request.settled_at = now;
        row.due_at.reset();
    }
    request.next_actor = domain::default_actor(request.state);
    request.created_at = now;
    request.updated_at = now;
    entry->creation = std::move(creation);
    return entry;
}

Result<void> check(store::Tx& tx, const Creation& creation, const Request& request) {
    if (creation.new_order) {
        Result<void> entered = tx.orders().insert(*creation.new_order);
        if (!entered) return entered;
    }
    if (creation.refusal || creation.allow_duplicate) return {};
    const auto active = tx.requests().active_for(request.order.id, request.kind);
    if (!active) return {};
    return Error(ErrorCode::duplicate_active_request,
                 "a request of this kind for this order is still active; set allow_duplicate to "
                 "make another one")
        .with("existing_request_id", active->text());
}

void enter(Journal& journal, const Entry& entry) {
    const Creation& creation = *entry.creation;
    if (creation.new_order)
        journal.order_event("order.created", creation.new_order->id, {{"source", "request"}});
    journal.create(entry.row, entry.who);
    const domain::RequestId& id = entry.row.request.id;
    for (const Warning& warning : creation.warnings) {
        journal.note(id, "comment", broker(), "warning: " + warning.detail,
                     {{"code", warning.code}});
    }
    if (creation.approval_reason)
        journal.note(id, "comment", broker(), "needs approval: " + *creation.approval_reason);
}

}  // namespace

asio::awaitable<Result<Request>> Engine::create(std::unique_ptr<Creation> creation, Also also) {
    if (stopping_)
        co_return Error(ErrorCode::draining, "the daemon is stopping; send it again in a moment");
    const domain::Time now = services_.clock.now();
    const std::shared_ptr<Entry> entry = entry_of(std::move(creation), now);
    std::shared_ptr<const Entry> written = entry;
    store::Change<void> change = [this, written = std::move(written), also = std::move(also),
                                  now](store::Tx& tx) -> Result<void> {
        const Request& request = written->row.request;
        Result<void> fits = check(tx, *written->creation, request);
        if (!fits) return fits;
        Journal journal(tx, services_.ids, now);
        enter(journal, *written);
        if (also) return also(tx, request);
        return {};
    };
    Result<void> done = co_await services_.store.write(std::move(change));
    if (!done) co_return std::move(done).error();
    reach("request_created");
    Request& created = entry->row.request;
    const bool waits = created.state == State::queued;
    if (waits && !kicked_ && services_.outside.up() && has_room(created.adapter)) kick();
    co_return std::move(created);
}

}  // namespace cabroker::engine
