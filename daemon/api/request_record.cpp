#include <boost/json.hpp>

#include "daemon/api/document_json.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/representation.hpp"
#include "daemon/store/store.hpp"
#include "json/time_text.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;
using domain::ErrorCode;
using Entries = std::vector<store::TimelineEntry>;

bj::object entry_json(const store::TimelineEntry& entry) {
    bj::object actor;
    actor["kind"] = entry.actor_kind;
    actor["name"] = entry.actor_name;
    bj::object body;
    body["seq"] = entry.seq;
    body["at"] = json::time_text(entry.at);
    body["type"] = entry.type;
    body["actor"] = std::move(actor);
    body["state"] = nullptr;
    if (entry.state) {
        const std::string_view state = domain::name_of(*entry.state);
        body["state"] = bj::string_view(state.data(), state.size());
    }
    body["text"] = entry.text;
    body["details"] = bj::parse(entry.details);
    return body;
}

/// A snapshot of what one request has of something.
template <class Row>
struct Rows {
    bool known = false;
    std::vector<Row> rows;
    std::int64_t event_cursor = 0;
};

template <class Row, class Read>
asio::awaitable<Result<Rows<Row>>> read_rows(Api& api, std::string id_text, Read read) {
    store::Scan<Rows<Row>> scan = [id_text = std::move(id_text),
                                   read](const store::Reader& reader) -> domain::Result<Rows<Row>> {
        Rows<Row> found;
        const std::optional<domain::RequestId> id = domain::RequestId::parse(id_text);
        found.known = id && reader.requests().version(*id).has_value();
        if (found.known) found.rows = read(reader, *id);
        found.event_cursor = reader.events().last_seq();
        return found;
    };
    co_return co_await api.services.store.scan(std::move(scan));
}

// `type`: empty for all. The token is the last number seen.
asio::awaitable<Response> timeline_answer(Api& api, ApiCall& call, std::string_view type) {
    Parameters parameters(call.query);
    const std::size_t limit = read_limit(parameters);
    if (parameters.problem()) co_return problem(*parameters.problem());
    const Result<std::int64_t> after = read_number_token(call);
    if (!after) co_return problem(after.error());

    const auto read = [limit, type, after = *after](const store::Reader& reader,
                                                    const domain::RequestId& id) {
        return reader.timeline().list(id, limit + 1, after, type);
    };
    Result<Rows<store::TimelineEntry>> found =
        co_await read_rows<store::TimelineEntry>(api, call.id, read);
    if (!found) co_return problem(found.error());
    if (!found->known) co_return no_such_request(call.id);
    const bool more = found->rows.size() > limit;
    if (more) found->rows.pop_back();

    bj::object body;
    bj::array items;
    for (const store::TimelineEntry& entry : found->rows) items.push_back(entry_json(entry));
    body["items"] = std::move(items);
    body["next_page_token"] = nullptr;
    if (more) body["next_page_token"] = number_token(call, found->rows.back().seq);
    body["event_cursor"] = found->event_cursor;
    co_return object_response(200, body);
}

}  // namespace

/// GET /v1/requests/{id}/timeline: what happened, oldest first; 404.
Answer get_timeline(Api& api, CallPtr call) {
    const std::string_view all_types;
    co_return co_await timeline_answer(api, *call, all_types);
}

/// GET /v1/requests/{id}/comments: the timeline's comments; 404.
Answer get_comments(Api& api, CallPtr call) {
    co_return co_await timeline_answer(api, *call, "comment");
}

/// GET /v1/requests/{id}/messages: mails sent and received for it, oldest first; 404.
Answer get_messages(Api& api, CallPtr call) {
    const auto read = [](const store::Reader& reader, const domain::RequestId& id) {
        return reader.messages().list(id);
    };
    const Result<Rows<store::MessageRow>> found =
        co_await read_rows<store::MessageRow>(api, call->id, read);
    if (!found) co_return problem(found.error());
    if (!found->known) co_return no_such_request(call->id);
    bj::array items;
    for (const store::MessageRow& row : found->rows) items.push_back(message_json(row));
    co_return whole_list_response(*call, std::move(items), found->event_cursor);
}

/// GET /v1/requests/{id}/artifacts: files it brought, oldest first; 404.
Answer get_artifacts(Api& api, CallPtr call) {
    const auto read = [](const store::Reader& reader, const domain::RequestId& id) {
        return reader.artifacts().list(id);
    };
    const Result<Rows<store::ArtifactRow>> found =
        co_await read_rows<store::ArtifactRow>(api, call->id, read);
    if (!found) co_return problem(found.error());
    if (!found->known) co_return no_such_request(call->id);
    bj::array items;
    for (const store::ArtifactRow& row : found->rows) items.push_back(artifact_json(row));
    co_return whole_list_response(*call, std::move(items), found->event_cursor);
}

}  // namespace cabroker::api
