#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>

#include "daemon/api/event_stream.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/parameters.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/representation.hpp"
#include "daemon/store/store.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;
using domain::ErrorCode;

constexpr std::array<std::string_view, 10> kTypes{
    "request.created",    "request.state_changed", "request.needs_input",    "request.settled",
    "request.late_reply", "request.comment_added", "request.artifact_ready", "order.created",
    "order.changed",      "inbox.unmatched"};
constexpr std::string_view kAdapterChanged = "adapter.changed";

EventFilter read_event_filter(Parameters& parameters) {
    EventFilter filter;
    filter.requests = parameters.ids<domain::RequestId>("request");
    filter.types = parameters.list("type");
    for (const std::string& type : filter.types) {
        if (type == kAdapterChanged) continue;
        if (std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end()) continue;
        std::string allowed(kAdapterChanged);
        for (const std::string_view known : kTypes) allowed += ", " + std::string(known);
        parameters.complain("type", "\"" + type + "\" is not known; use " + allowed);
    }
    return filter;
}

// Last-Event-ID wins: a browser's EventSource sends it with the address it began with.
std::optional<std::int64_t> read_after(const ApiCall& call, Parameters& parameters) {
    std::optional<std::int64_t> after = parameters.number("after", 0, INT64_MAX);
    if (call.last_event_id.empty()) return after;
    std::int64_t last = 0;
    const char* end = call.last_event_id.data() + call.last_event_id.size();
    const auto read = std::from_chars(call.last_event_id.data(), end, last);
    if (read.ec == std::errc() && read.ptr == end && last >= 0) return last;
    parameters.complain("Last-Event-ID", "it must be the number of an event");
    return after;
}

std::optional<EventFormat> stream_format(const ApiCall& call) {
    if (call.accept.find("text/event-stream") != std::string::npos) return EventFormat::sse;
    if (call.accept.find("application/x-ndjson") != std::string::npos) return EventFormat::ndjson;
    return std::nullopt;
}

Response expired(std::int64_t after, std::int64_t first) {
    Response response =
        problem(ErrorCode::cursor_expired, "cannot go on after " + std::to_string(after) +
                                               ": events before " + std::to_string(first) +
                                               " are no longer kept; list again and start from its "
                                               "event_cursor");
    response.problem->members.emplace_back("first_seq", std::to_string(first));
    return response;
}

}  // namespace

/// GET /v1/events: a page, or a stream when Accept asks for one; 400, 410.
Answer get_events(Api& api, CallPtr call) {
    Parameters parameters(call->query);
    const EventFilter filter = read_event_filter(parameters);
    const std::optional<std::int64_t> given = read_after(*call, parameters);
    const auto limit = parameters.number("limit", 1, static_cast<std::int64_t>(kLargestPage));
    if (parameters.problem()) co_return problem(*parameters.problem());

    const std::optional<EventFormat> format = stream_format(*call);
    const std::size_t most =
        static_cast<std::size_t>(limit.value_or(static_cast<std::int64_t>(kDefaultPage)));
    // Without a cursor: from the oldest event that is kept.
    const std::int64_t first = api.services.store.reader().events().first_seq();
    const std::int64_t after = given.value_or(first - 1);
    if (after < first - 1) co_return expired(after, first);
    if (format) {
        Response response(200);
        response.content_type =
            *format == EventFormat::sse ? "text/event-stream" : "application/x-ndjson";
        response.stream = make_event_stream(api, *format, filter, after);
        co_return response;
    }
    const Result<EventPage> page = co_await read_events(api, filter, after, most);
    if (!page) co_return problem(page.error());
    bj::array items;
    for (const store::Event& event : page->events) items.push_back(event_json(event));
    bj::object body;
    body["items"] = std::move(items);
    body["last_seq"] = page->last_seq;
    co_return object_response(200, body);
}

}  // namespace cabroker::api
