#include "daemon/engine/journal.hpp"

#include <set>
#include <stdexcept>

#include "daemon/engine/sign_in_line.hpp"
#include "domain/states.hpp"
#include "json/request_text.hpp"

namespace cabroker::engine {
namespace {

std::string json_of(const Details& details) {
    std::string text = "{";
    for (const auto& [name, value] : details) {
        if (text.size() > 1) text += ',';
        json::append_quoted(text, name);
        text += ':';
        json::append_quoted(text, value);
    }
    text += '}';
    return text;
}

// What a state that nobody put into words looks like in the timeline.
std::string words_for(const domain::Request& request) {
    if (request.state == domain::State::running) return "a step is with the adapter";
    if (request.state == domain::State::queued) return "the next step is due";
    if (request.state != domain::State::needs_input || request.needs.empty())
        return std::string(domain::name_of(request.state));
    std::set<std::string> names;
    for (const domain::Need& need : request.needs) names.insert(need.name);
    std::string words;
    for (const std::string& name : names) words += (words.empty() ? "asks for " : ", ") + name;
    const auto& wrong = request.needs.front().last_error;
    if (wrong) words += " again: the last try was " + wrong->code;
    return words;
}

}  // namespace

Actor broker() { return {"broker", "cabrokerd"}; }
Actor adapter_named(std::string name) { return {"adapter", std::move(name)}; }
Actor peer(const domain::Person& person) {
    return {"peer", person.asserted ? *person.asserted + " (by " + person.name + ")" : person.name};
}

void Journal::note(const domain::RequestId& request, const std::string& type, const Actor& actor,
                   const std::string& text, const Details& details) {
    store::TimelineEntry entry;
    entry.request_id = request;
    entry.at = now_;
    entry.type = type;
    entry.actor_kind = actor.kind;
    entry.actor_name = actor.name;
    entry.text = text;
    entry.details = json_of(details);
    tx_.timeline().append(entry);
}

void Journal::event(const std::string& type, const domain::Request& request, const Details& data) {
    put(type, request, json_of(data));
}

void Journal::put(const std::string& type, const domain::Request& request, std::string data) {
    store::Event event;
    event.id = ids_.make<domain::EventId>(now_);
    event.type = type;
    event.at = now_;
    event.request_id = request.id;
    event.order_id = request.order.id;
    event.data = std::move(data);
    tx_.events().append(event);
}

void Journal::order_event(const std::string& type, const domain::OrderId& order,
                          const Details& data) {
    store::Event event;
    event.id = ids_.make<domain::EventId>(now_);
    event.type = type;
    event.at = now_;
    event.order_id = order;
    event.data = json_of(data);
    tx_.events().append(event);
}

void Journal::adapter_event(const Details& data) {
    store::Event event;
    event.id = ids_.make<domain::EventId>(now_);
    event.type = "adapter.changed";
    event.at = now_;
    event.data = json_of(data);
    tx_.events().append(event);
}

void Journal::events_of_state(const domain::Request& request, const std::string& previous) {
    Details data{{"kind", std::string(domain::name_of(request.kind))},
                 {"state", std::string(domain::name_of(request.state))},
                 {"next_actor", std::string(domain::name_of(request.next_actor))}};
    if (!previous.empty()) data["previous_state"] = previous;
    if (request.step) data["step"] = *request.step;
    if (!previous.empty()) event("request.state_changed", request, data);
    if (request.state == domain::State::needs_input) {
        for (const domain::Need& need : request.needs) {
            Details asked = data;
            asked["name"] = need.name;
            if (need.last_error) asked["last_error"] = need.last_error->code;
            event("request.needs_input", request, asked);
        }
    }
    if (domain::is_settled(request.state)) {
        if (request.outcome) data["outcome_code"] = request.outcome->code;
        event("request.settled", request, data);
    }
}

void Journal::create(const store::StoredRequest& row, const Actor& actor) {
    const domain::Request& request = row.request;
    tx_.requests().insert(row);
    store::TimelineEntry entry;
    entry.request_id = request.id;
    entry.at = now_;
    entry.type = "state";
    entry.actor_kind = actor.kind;
    entry.actor_name = actor.name;
    entry.state = request.state;
    entry.text = "request for " + std::string(domain::name_of(request.kind)) + " taken";
    if (request.outcome) entry.text = "refused: " + request.outcome->detail;
    tx_.timeline().append(entry);
    // Every request pays for this one: no map on the way to the text.
    std::string data = R"({"kind":)";
    json::append_quoted(data, domain::name_of(request.kind));
    data += R"(,"state":)";
    json::append_quoted(data, domain::name_of(request.state));
    data += '}';
    put("request.created", request, std::move(data));
    if (request.state != domain::State::queued) events_of_state(request, "");
}

domain::Result<void> Journal::save(const domain::Request& before, store::StoredRequest& after,
                                   const Actor& actor, const std::string& text,
                                   store::Columns columns) {
    domain::Request& request = after.request;
    const bool moved = before.state != request.state;
    if (moved && !domain::may_move(before.state, request.state)) {
        throw std::logic_error("request " + request.id.text() + " may not go from " +
                               std::string(domain::name_of(before.state)) + " to " +
                               std::string(domain::name_of(request.state)));
    }
    request.updated_at = now_;
    if (domain::is_settled(request.state)) {
        columns = store::Columns::all;
        request.settled_at = now_;
        request.needs.clear();
        request.next_actor = domain::NextActor::none;
        request.next_attempt_at.reset();
        after.due_at.reset();
        after.sealed_cookie.clear();
        after.open_effect.reset();
        tx_.inputs().delete_for_request(request.id);
    }
    const domain::Result<void> written = tx_.requests().update(after, columns);
    if (!written) return written.error();
    follow_line(tx_, before, request, now_);
    const bool asks_again =
        !moved && request.state == domain::State::needs_input &&
        (before.needs.size() != request.needs.size() || before.step != request.step ||
         (!request.needs.empty() && request.needs.front().last_error));
    if (moved || asks_again || !text.empty()) {
        store::TimelineEntry entry;
        entry.request_id = request.id;
        entry.at = now_;
        entry.type = moved ? "state" : "step";
        entry.actor_kind = actor.kind;
        entry.actor_name = actor.name;
        if (moved) entry.state = request.state;
        entry.text = text.empty() ? words_for(request) : text;
        if (request.outcome && domain::is_settled(request.state)) {
            entry.details =
                json_of({{"code", request.outcome->code}, {"hint", request.outcome->hint}});
        }
        tx_.timeline().append(entry);
    }
    if (moved) events_of_state(request, std::string(domain::name_of(before.state)));
    if (asks_again) {
        for (const domain::Need& need : request.needs)
            event("request.needs_input", request, {{"name", need.name}});
    }
    return {};
}

}  // namespace cabroker::engine
