// What people do with requests: each one transaction, refused when the state does not allow it.
#include <boost/asio/use_awaitable.hpp>

#include "daemon/engine/apply.hpp"
#include "daemon/engine/engine.hpp"
#include "domain/states.hpp"
#include "pki/certificate.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Request;
using domain::Result;
using domain::State;

namespace {

constexpr std::size_t kLongestInput = 1024;
constexpr std::size_t kLongestMailInput = 1024UL * 1024;

Error settled_conflict(const Request& request) {
    return Error(ErrorCode::state_conflict, "the request is settled (" +
                                                std::string(domain::name_of(request.state)) +
                                                "); nothing can change it any more");
}

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

Result<void> check_new_order(store::Tx& tx, const Creation& creation) {
    if (!creation.new_order) return {};
    return tx.orders().insert(*creation.new_order);
}

domain::OrderId order_of(const Creation& creation) { return creation.request.order.id; }

const config::GuestPortalSettings* portal_of(const config::Settings& settings,
                                             const Request& request) {
    const auto adapter = settings.adapters.find(request.adapter.value_or(""));
    if (adapter == settings.adapters.end()) return nullptr;
    return std::get_if<config::GuestPortalSettings>(&adapter->second.details);
}

Result<void> check_value(const std::string& name, std::string_view value) {
    const std::size_t most = name == "authorization_mail" ? kLongestMailInput : kLongestInput;
    std::vector<domain::FieldProblem> problems;
    if (value.empty())
        problems.emplace_back("/value", "required", "give a value that is not empty");
    if (value.size() > most) {
        problems.emplace_back("/value", "out_of_range",
                              "give at most " + std::to_string(most) + " octets");
    }
    if (problems.empty()) return {};
    return Error(ErrorCode::invalid_body, "cannot use this value", std::move(problems));
}

// With all that was asked for given, the broker has the ball again: who reads the request after the
// 204 must not be asked a second time.
void take_turn_back(Request& request, const std::vector<store::InputRow>& given) {
    if (request.state != State::needs_input) return;
    for (const domain::Need& need : request.needs) {
        const auto is_it = [&](const store::InputRow& input) { return input.name == need.name; };
        if (std::none_of(given.begin(), given.end(), is_it)) return;
    }
    request.state = State::queued;
    request.next_actor = domain::NextActor::broker;
    request.needs.clear();
}

}  // namespace

asio::awaitable<Result<Request>> Engine::create(Creation creation, Also also) {
    if (stopping_)
        co_return Error(ErrorCode::draining, "the daemon is stopping; send it again in a moment");
    const domain::Time now = services_.clock.now();
    store::Change<Request> change = [this, creation = std::move(creation), also = std::move(also),
                                     now](store::Tx& tx) -> Result<Request> {
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
        return row.request;
    };
    Result<Request> created = co_await services_.store.write(std::move(change));
    if (created) {
        reach("request_created");
        const bool waits = created->state == State::queued;
        if (waits && !kicked_ && services_.outside.up() && has_room(created->adapter)) kick();
    }
    co_return created;
}

asio::awaitable<Result<Request>> Engine::change(domain::RequestId id, Edit edit, Also also) {
    store::Change<Request> work = [id, edit = std::move(edit),
                                   also = std::move(also)](store::Tx& tx) -> Result<Request> {
        std::optional<store::StoredRequest> row = tx.requests().get(id);
        if (!row) return Error(ErrorCode::not_found, "there is no such request");
        Result<Request> changed = edit(tx, *row);
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
                         "the CA has been asked already; cancel with \"abandon\": true to stop "
                         "following it (the CA "
                         "may go on)");
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
        if (before.state == State::needs_input || before.state == State::needs_approval) {
            return Error(
                ErrorCode::state_conflict,
                "the request waits for " +
                    (before.needs.empty() ? std::string("approval") : before.needs.front().name) +
                    ", not for a time");
        }
        row.due_at = now;
        if (before.state == State::outcome_unknown)
            row.request.next_actor = domain::NextActor::broker;
        if (row.request.next_attempt_at) row.request.next_attempt_at = now;
        Journal journal(tx, services_.ids, now);
        const Result<void> saved = journal.save(before, row, peer(who), "asked to try again now");
        if (!saved) return saved.error();
        return row.request;
    };
    co_return co_await change(std::move(id), std::move(edit), std::move(also));
}

namespace {

// An operator's certificate: read again here, because only octets came in.
Result<void> keep_certificates(Journal& journal, store::StoredRequest& row, const Resolution& what,
                               domain::Outcome& outcome) {
    if (what.certificates.empty()) return {};
    std::string pem;
    for (const std::string& der : what.certificates) {
        const auto certificate = pki::Certificate::from_der(der);
        if (!certificate) return certificate.error();
        pem += certificate->pem();
    }
    const auto leaf = pki::Certificate::from_der(what.certificates.front());
    if (!leaf) return leaf.error();
    store::ArtifactRow artifact;
    artifact.id = journal.ids().make<domain::ArtifactId>(journal.now());
    artifact.request_id = row.request.id;
    artifact.name = pki::file_stem(leaf->facts().common_name, leaf->facts().serial) + ".pem";
    artifact.format = "pem_noroot";
    artifact.content_type = "application/x-pem-file";
    artifact.size = static_cast<std::int64_t>(pem.size());
    artifact.sha256 = sha256_hex(pem);
    artifact.created_at = journal.now();
    journal.tx().artifacts().insert(artifact, pem);
    domain::CertificateResult product;
    product.certificate = leaf->facts();
    product.artifacts.push_back(artifact.id);
    row.request.result = std::move(product);
    domain::Evidence proof;
    proof.type = domain::EvidenceType::certificate;
    proof.id = artifact.id.text();
    proof.detail = "given by the operator; its key is the CSR's";
    outcome.evidence.push_back(std::move(proof));
    return {};
}

}  // namespace

asio::awaitable<Result<Request>> Engine::resolve(domain::RequestId id, Resolution what,
                                                 domain::Person who, Also also) {
    const domain::Time now = services_.clock.now();
    Edit edit = [this, what, who, now](store::Tx& tx,
                                       store::StoredRequest& row) -> Result<Request> {
        const Request before = row.request;
        if (domain::is_settled(before.state)) return settled_conflict(before);
        const bool open = before.state == State::waiting_ca || before.state == State::needs_input ||
                          before.state == State::outcome_unknown || before.state == State::backoff;
        if (!open) {
            return Error(ErrorCode::state_conflict,
                         "only a request in waiting_ca, needs_input, outcome_unknown or backoff "
                         "can be resolved; this "
                         "one is " +
                             std::string(domain::name_of(before.state)));
        }
        Journal journal(tx, services_.ids, now);
        const Result<void> closed = close_open_effect(journal, row, "resolved by " + who.name);
        if (!closed) return closed.error();
        const std::string code = what.code.empty() ? "resolved_by_operator" : what.code;
        settle_row(row, what.succeeded ? State::succeeded : State::failed, code, what.note, "");
        domain::Evidence word;
        word.type = domain::EvidenceType::operator_;
        word.detail = peer(who).name + ": " + what.note;
        row.request.outcome->evidence.push_back(std::move(word));
        const Result<void> kept = keep_certificates(journal, row, what, *row.request.outcome);
        if (!kept) return kept.error();
        const Result<void> saved =
            journal.save(before, row, peer(who), "resolved by an operator: " + what.note);
        if (!saved) return saved.error();
        return row.request;
    };
    co_return co_await change(std::move(id), std::move(edit), std::move(also));
}

asio::awaitable<Result<Request>> Engine::give_input(domain::RequestId id, std::string name,
                                                    domain::Secret value, domain::Person who,
                                                    Also also) {
    const auto stored = services_.store.reader().requests().get(id);
    if (!stored) co_return Error(ErrorCode::not_found, "there is no such request");
    const Result<void> fits = check_value(name, value.reveal());
    if (!fits) co_return fits.error();
    const auto settings = services_.settings();
    const auto* portal = portal_of(*settings, stored->request);
    if (portal != nullptr && name == "access_code" &&
        !portal->profile.access_code.pattern.accepts(value.reveal())) {
        std::vector<domain::FieldProblem> problems;
        problems.emplace_back(
            "/value", "bad_format",
            "an access code of this portal has " + portal->profile.access_code.pattern.text());
        co_return Error(ErrorCode::invalid_body,
                        "this cannot be an access code; no attempt was used", std::move(problems));
    }
    const domain::Time now = services_.clock.now();
    const std::string sealed =
        services_.vault.seal(value.reveal(), vault::Place("inputs", id.text(), name));
    Edit edit = [this, name, sealed, who, now](store::Tx& tx,
                                               store::StoredRequest& row) -> Result<Request> {
        const Request before = row.request;
        bool asked = before.state == State::needs_input || before.state == State::outcome_unknown;
        asked = asked && std::any_of(before.needs.begin(), before.needs.end(),
                                     [&](const domain::Need& need) { return need.name == name; });
        for (const store::InputRow& given : tx.inputs().list(before.id)) {
            if (given.name == name) asked = false;
        }
        if (!asked) {
            return Error(ErrorCode::input_not_needed,
                         "the request does not ask for " + name + " now; look at its needs");
        }
        store::InputRow input;
        input.request_id = before.id;
        input.name = name;
        input.sealed_value = sealed;
        input.at = now;
        input.given_by = who.name;
        tx.inputs().insert(input);
        row.due_at = now;
        take_turn_back(row.request, tx.inputs().list(before.id));
        Journal journal(tx, services_.ids, now);
        journal.note(before.id, "input", peer(who), name + " given");
        const Result<void> saved = journal.save(before, row, peer(who), "");
        if (!saved) return saved.error();
        return row.request;
    };
    Result<Request> given = co_await change(std::move(id), std::move(edit), std::move(also));
    if (given) reach("input_committed");
    co_return given;
}

asio::awaitable<Result<Request>> Engine::approve(domain::RequestId id, std::string note,
                                                 domain::Person who, Also also) {
    const domain::Time now = services_.clock.now();
    Edit edit = [this, note, who, now](store::Tx& tx,
                                       store::StoredRequest& row) -> Result<Request> {
        const Request before = row.request;
        if (before.state != State::needs_approval) {
            return Error(ErrorCode::state_conflict, "the request does not wait for approval");
        }
        if (before.created_by.uid == who.uid && before.created_by.asserted == who.asserted) {
            return Error(ErrorCode::forbidden,
                         "nobody approves their own request; ask another approver")
                .with("required_role", "approver");
        }
        row.request.state = State::queued;
        row.request.next_actor = domain::NextActor::broker;
        row.due_at = now;
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
        if (before.state != State::needs_approval) {
            return Error(ErrorCode::state_conflict, "the request does not wait for approval");
        }
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

asio::awaitable<Result<void>> Engine::pause(std::string adapter, std::string reason,
                                            domain::Person who) {
    if (!services_.settings()->adapters.contains(adapter)) {
        co_return Error(ErrorCode::not_found, "there is no such adapter");
    }
    const domain::Time now = services_.clock.now();
    store::Change<bool> change = [this, adapter, reason, who, now](store::Tx& tx) -> Result<bool> {
        store::AdapterStateRow row;
        row.name = adapter;
        row.paused = true;
        row.reason = reason;
        row.by = who.name;
        row.at = now;
        tx.adapter_states().put(row);
        Journal(tx, services_.ids, now)
            .adapter_event(
                {{"adapter", adapter}, {"change", "paused"}, {"by", who.name}, {"reason", reason}});
        return true;
    };
    const Result<bool> done = co_await services_.store.write(std::move(change));
    if (!done) co_return done.error();
    paused_[adapter] = reason;
    co_return Result<void>();
}

asio::awaitable<Result<void>> Engine::resume(std::string adapter, domain::Person who) {
    if (!services_.settings()->adapters.contains(adapter)) {
        co_return Error(ErrorCode::not_found, "there is no such adapter");
    }
    const domain::Time now = services_.clock.now();
    store::Change<bool> change = [this, adapter, who, now](store::Tx& tx) -> Result<bool> {
        store::AdapterStateRow row;
        row.name = adapter;
        row.by = who.name;
        row.at = now;
        tx.adapter_states().put(row);
        Journal(tx, services_.ids, now)
            .adapter_event({{"adapter", adapter}, {"change", "resumed"}, {"by", who.name}});
        return true;
    };
    const Result<bool> done = co_await services_.store.write(std::move(change));
    if (!done) co_return done.error();
    paused_.erase(adapter);
    kick();
    co_return Result<void>();
}

}  // namespace cabroker::engine
