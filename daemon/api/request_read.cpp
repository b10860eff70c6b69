#include <boost/json.hpp>

#include "daemon/api/handlers.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/representation.hpp"
#include "daemon/api/wait.hpp"
#include "daemon/store/store.hpp"
#include "json/domain_codec.hpp"

namespace cabroker::api {
namespace {

using domain::ErrorCode;

std::vector<domain::ExternalRef> read_external_refs(Parameters& parameters) {
    std::vector<domain::ExternalRef> refs;
    for (const std::string& text : parameters.list("external_ref")) {
        const auto colon = text.find(':');
        if (colon == std::string::npos || colon == 0) {
            parameters.complain("external_ref", "write SYSTEM:ID");
            return {};
        }
        domain::ExternalRef ref;
        ref.system = text.substr(0, colon);
        ref.id = text.substr(colon + 1);
        refs.push_back(std::move(ref));
    }
    return refs;
}

store::RequestFilter read_request_filter(Parameters& parameters) {
    store::RequestFilter filter;
    filter.states = parameters.words<domain::State>("state");
    filter.kinds = parameters.words<domain::Kind>("kind");
    filter.brands = parameters.words_by<domain::Brand>("brand", domain::parse_brand);
    filter.suppliers = parameters.words<domain::Supplier>("supplier");
    filter.adapters = parameters.list("adapter");
    filter.orders = parameters.ids<domain::OrderId>("order");
    filter.external_refs = read_external_refs(parameters);
    filter.labels = parameters.labels("label");
    filter.created_after = parameters.time("created_after");
    filter.q = parameters.text("q").value_or("");
    return filter;
}

/// A page of requests and the last event's number in the same snapshot.
struct RequestPage {
    store::Page<store::StoredRequest> page;
    std::int64_t event_cursor = 0;
};

Response not_modified(std::int64_t version) {
    Response answer(304);
    answer.set("ETag", etag_of(version));
    return answer;
}

Response read_now(const Api& api, const domain::RequestId& id, const std::string& if_none_match) {
    const store::RequestTable& requests = api.services.store.reader().requests();
    if (!if_none_match.empty()) {
        const std::optional<std::int64_t> version = requests.version(id);
        if (version && etag_matches(if_none_match, etag_of(*version)))
            return not_modified(*version);
    }
    const std::optional<store::StoredRequest> row = requests.get(id);
    if (!row) return no_such_request(id.text());
    return request_response(200, row->request);
}

}  // namespace

/// GET /v1/requests: a page, newest first; 400.
Answer get_requests(Api& api, CallPtr call) {
    Parameters parameters(call->query);
    const store::RequestFilter filter = read_request_filter(parameters);
    const Result<Paging> paging = read_paging(parameters, *call);
    if (!paging) co_return problem(paging.error());

    store::Scan<RequestPage> scan =
        [filter, paging = *paging](const store::Reader& reader) -> domain::Result<RequestPage> {
        RequestPage found;
        found.page = reader.requests().list(filter, paging.order, paging.limit, paging.after);
        found.event_cursor = reader.events().last_seq();
        return found;
    };
    const Result<RequestPage> found = co_await api.services.store.scan(std::move(scan));
    if (!found) co_return problem(found.error());
    boost::json::array items;
    for (const store::StoredRequest& row : found->page.items)
        items.push_back(json::to_json(row.request));
    co_return list_response(std::move(items), *paging, found->page.next, found->event_cursor);
}

/// GET /v1/requests/{id}: the request, at once or when it is as `for` says; 304, 404.
Answer get_request(Api& api, CallPtr call) {
    const Result<std::optional<WaitFor>> wait = read_wait(*call);
    if (!wait) co_return problem(wait.error());
    const std::optional<domain::RequestId> id = domain::RequestId::parse(call->id);
    if (!id) co_return no_such_request(call->id);
    if (!*wait) co_return read_now(api, *id, call->if_none_match);

    std::optional<store::StoredRequest> row = api.services.store.reader().requests().get(*id);
    if (!row) co_return no_such_request(call->id);
    const Waited waited = co_await wait_for(api, *call, std::move(row->request), **wait);
    Response answer = request_response(200, waited.request);
    if (etag_matches(call->if_none_match, etag_of(waited.request.version)))
        answer = not_modified(waited.request.version);
    answer.set("Cabroker-Wait", waited.satisfied ? "satisfied" : "timeout");
    answer.close = waited.draining;
    co_return answer;
}

}  // namespace cabroker::api
