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

// All that the transaction writes, whole before it begins: the writer's thread checks and writes.
// It is what a new request costs in memory while it waits for the disk, and holds nothing else.
struct Engine::Entry {
    store::StoredRequest row;
    Actor who;
    std::unique_ptr<domain::Order> new_order;
    bool may_be_second = false;
    std::optional<std::string> approval_reason;
    std::vector<Warning> warnings;
    Also also;
    domain::Time at{};

    Entry(Creation&& creation, Also do_also, domain::Time now);
    [[nodiscard]] Result<void> check(store::Tx& tx) const;
    void write(Journal& journal) const;
};

Engine::Entry::Entry(Creation&& creation, Also do_also, domain::Time now)
    : who(peer(creation.request.created_by)),
      new_order(std::move(creation.new_order)),
      may_be_second(creation.refusal || creation.allow_duplicate),
      approval_reason(std::move(creation.approval_reason)),
      warnings(std::move(creation.warnings)),
      also(std::move(do_also)),
      at(now) {
    row.request = std::move(creation.request);
    Request& request = row.request;
    request.state = State::queued;
    row.due_at = now;
    if (approval_reason) {
        request.state = State::needs_approval;
        row.due_at = request.deadline_at;
        row.due_asks_adapter = false;
    }
    if (creation.refusal) {
        request.state = State::rejected;
        request.outcome = std::move(creation.refusal);
        request.settled_at = now;
        row.due_at.reset();
    }
    request.next_actor = domain::default_actor(request.state);
    request.created_at = now;
    request.updated_at = now;
}

Result<void> Engine::Entry::check(store::Tx& tx) const {
    if (new_order) {
        Result<void> entered = tx.orders().insert(*new_order);
        if (!entered) return entered;
    }
    if (may_be_second) return {};
    const auto active = tx.requests().active_for(row.request.order.id, row.request.kind);
    if (!active) return {};
    return Error(ErrorCode::duplicate_active_request,
                 "a request of this kind for this order is still active; set allow_duplicate to "
                 "make another one")
        .with("existing_request_id", active->text());
}

void Engine::Entry::write(Journal& journal) const {
    if (new_order) journal.order_event("order.created", new_order->id, {{"source", "request"}});
    journal.create(row, who);
    const domain::RequestId& id = row.request.id;
    for (const Warning& warning : warnings) {
        journal.note(id, "comment", broker(), "warning: " + warning.detail,
                     {{"code", warning.code}});
    }
    if (approval_reason)
        journal.note(id, "comment", broker(), "needs approval: " + *approval_reason);
}

// No coroutine: what the caller made of the request is gone before anybody waits for the disk.
Creating Engine::create(Creation&& creation, Also also) {
    auto entry =
        std::make_shared<const Entry>(std::move(creation), std::move(also), services_.clock.now());
    std::shared_ptr<const Request> request(entry, &entry->row.request);
    return Creating{std::move(request), write_entry(std::move(entry))};
}

asio::awaitable<Result<void>> Engine::write_entry(std::shared_ptr<const Entry> entry) {
    if (stopping_)
        co_return Error(ErrorCode::draining, "the daemon is stopping; send it again in a moment");
    store::Change<void> change = [entry, &ids = services_.ids](store::Tx& tx) -> Result<void> {
        Result<void> fits = entry->check(tx);
        if (!fits) return fits;
        Journal journal(tx, ids, entry->at);
        entry->write(journal);
        if (entry->also) return entry->also(tx, entry->row.request);
        return {};
    };
    Result<void> done = co_await services_.store.write(std::move(change));
    if (!done) co_return done;
    reach("request_created");
    const Request& created = entry->row.request;
    const bool waits = created.state == State::queued;
    if (waits && !kicked_ && services_.outside.up() && has_room(created.adapter)) kick();
    co_return done;
}

}  // namespace cabroker::engine
