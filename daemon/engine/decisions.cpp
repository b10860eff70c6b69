// What approvers decide, and what anybody who may writes on a request.
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

Result<void> may_be_decided(const Request& request) {
    if (request.state == State::needs_approval) return {};
    return Error(ErrorCode::state_conflict, "the request does not wait for approval");
}

bool is_own(const Request& request, const domain::Person& who) {
    return request.created_by.uid == who.uid && request.created_by.asserted == who.asserted;
}

}  // namespace

asio::awaitable<Result<Request>> Engine::approve(domain::RequestId id, std::string note,
                                                 domain::Person who, Also also) {
    const domain::Time now = services_.clock.now();
    Edit edit = [this, note, who, now](store::Tx& tx,
                                       store::StoredRequest& row) -> Result<Request> {
        const Request before = row.request;
        const Result<void> open = may_be_decided(before);
        if (!open) return open.error();
        if (is_own(before, who)) {
            return Error(ErrorCode::forbidden,
                         "nobody approves their own request; ask another approver")
                .with("required_role", "approver");
        }
        row.request.state = State::queued;
        row.request.next_actor = domain::NextActor::broker;
        make_due(row, now);
        Journal journal(tx, services_.ids, now);
        const Result<void> saved =
            journal.save(before, row, peer(who), note.empty() ? "approved" : "approved: " + note);
        if (!saved) return saved.error();
        return row.request;
    };
    co_return co_await change(std::move(id), std::move(edit), std::move(also));
}

asio::awaitable<Result<Request>> Engine::reject(domain::RequestId id, std::string reason,
                                                domain::Person who, Also also) {
    const domain::Time now = services_.clock.now();
    Edit edit = [this, reason, who, now](store::Tx& tx,
                                         store::StoredRequest& row) -> Result<Request> {
        const Request before = row.request;
        const Result<void> open = may_be_decided(before);
        if (!open) return open.error();
        settle_row(row, State::rejected, "approval_denied",
                   reason.empty() ? "denied by " + who.name : reason,
                   "ask the approver, then make a new request");
        Journal journal(tx, services_.ids, now);
        const Result<void> saved = journal.save(before, row, peer(who), "denied: " + reason);
        if (!saved) return saved.error();
        return row.request;
    };
    co_return co_await change(std::move(id), std::move(edit), std::move(also));
}

asio::awaitable<Result<Request>> Engine::amend(domain::RequestId id, Amendment what,
                                               domain::Person who, Also also) {
    const domain::Time now = services_.clock.now();
    Edit edit = [this, what, who, now](store::Tx& tx,
                                       store::StoredRequest& row) -> Result<Request> {
        const Request before = row.request;
        if (what.expected_version && *what.expected_version != before.version) {
            return Error(ErrorCode::version_mismatch,
                         "the request has changed since you read it; read it again");
        }
        if (what.labels) row.request.labels = *what.labels;
        if (what.note) row.request.note = *what.note;
        if (what.external_ref) row.request.external_ref = *what.external_ref;
        row.request.updated_at = now;
        const Result<void> written = tx.requests().update(row);
        if (!written) return written.error();
        Journal journal(tx, services_.ids, now);
        journal.note(before.id, "comment", peer(who), "labels, note or reference changed");
        return row.request;
    };
    co_return co_await change(std::move(id), std::move(edit), std::move(also));
}

asio::awaitable<Result<Request>> Engine::comment(domain::RequestId id, std::string text,
                                                 domain::Person who, Also also) {
    const domain::Time now = services_.clock.now();
    Edit edit = [this, text, who, now](store::Tx& tx,
                                       store::StoredRequest& row) -> Result<Request> {
        Journal journal(tx, services_.ids, now);
        journal.note(row.request.id, "comment", peer(who), text);
        journal.event("request.comment_added", row.request);
        return row.request;
    };
    co_return co_await change(std::move(id), std::move(edit), std::move(also));
}

}  // namespace cabroker::engine
