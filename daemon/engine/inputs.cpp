// What people give when a request asks for it: checked, sealed, durable before they are told so.
#include <algorithm>
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

constexpr std::size_t kLongestInput = 1024;
constexpr std::size_t kLongestMailInput = 1024UL * 1024;

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

// Several needs of one name are answered one by one, in their order.
bool take_need(std::vector<domain::Need>& needs, const std::string& name) {
    const auto wanted = std::find_if(needs.begin(), needs.end(),
                                     [&](const domain::Need& need) { return need.name == name; });
    if (wanted == needs.end()) return false;
    needs.erase(wanted);
    return true;
}

// With all that was asked for given, the broker has the ball again: who reads the request after the
// 204 must not be asked a second time. What was published is looked for at once in any case.
void take_turn_back(store::StoredRequest& row, const std::string& given, domain::Time now) {
    Request& request = row.request;
    if (request.needs.empty()) {
        if (request.state == State::needs_input) request.state = State::queued;
        request.next_actor = domain::NextActor::broker;
    }
    if (request.needs.empty() || (given == "dcv_publication" && row.due_asks_adapter)) {
        make_due(row, now);
    } else if (!row.due_asks_adapter) {
        row.due_at = expiry_of(request.needs, request.deadline_at);
    }
}

}  // namespace

asio::awaitable<Result<Request>> Engine::give_input(domain::RequestId id, std::string name,
                                                    domain::Secret value, domain::Person who,
                                                    Also also) {
    auto stored = services_.store.reader().requests().get(id);
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
        const bool may_ask =
            before.state == State::needs_input || before.state == State::outcome_unknown;
        if (!may_ask || !take_need(row.request.needs, name)) {
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
        take_turn_back(row, name, now);
        Journal journal(tx, services_.ids, now);
        journal.note(before.id, "input", peer(who), name + " given");
        const Result<void> saved = journal.save(before, row, peer(who), "");
        if (!saved) return saved.error();
        return row.request;
    };
    Result<Request> given = co_await change(std::move(*stored), std::move(edit), std::move(also));
    if (given) reach("input_committed");
    co_return given;
}

}  // namespace cabroker::engine
