#include "daemon/api/representation.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "daemon/api/problem.hpp"
#include "domain/ascii.hpp"
#include "json/domain_codec.hpp"
#include "json/request_text.hpp"

namespace cabroker::api {
namespace {

using domain::trimmed;

namespace bj = boost::json;

}  // namespace

std::string etag_of(std::int64_t version) { return "\"" + std::to_string(version) + "\""; }

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
    while (!if_none_match.empty()) {
        const auto comma = std::min(if_none_match.find(','), if_none_match.size());
        std::string_view entry = trimmed(if_none_match.substr(0, comma));
        if_none_match.remove_prefix(std::min(comma + 1, if_none_match.size()));
        if (entry == "*") return true;
        if (entry.starts_with("W/")) entry.remove_prefix(2);
        if (entry == etag) return true;
    }
    return false;
}

Result<std::optional<std::int64_t>> version_of_if_match(std::string_view if_match) {
    const std::string_view tag = trimmed(if_match);
    if (tag.empty() || tag == "*") return std::optional<std::int64_t>();
    std::int64_t version = 0;
    if (tag.size() > 2 && tag.front() == '"' && tag.back() == '"') {
        const char* end = tag.data() + tag.size() - 1;
        const auto read = std::from_chars(tag.data() + 1, end, version);
        if (read.ec == std::errc() && read.ptr == end) return std::optional<std::int64_t>(version);
    }
    return domain::Error(domain::ErrorCode::version_mismatch,
                         "cannot change it: If-Match is not its current ETag; read it again");
}

Response object_response(int status, const bj::object& body) {
    return json_response(status, bj::serialize(body));
}

Response request_response(int status, const domain::Request& request) {
    Response response = json_response(status, json::request_text(request));
    response.set("ETag", etag_of(request.version));
    if (status == 201) response.set("Location", "/v1/requests/" + request.id.text());
    return response;
}

Response order_response(int status, const domain::Order& order) {
    Response response = object_response(status, json::to_json(order));
    response.set("ETag", etag_of(order.version));
    if (status == 201) response.set("Location", "/v1/orders/" + order.id.text());
    return response;
}

Response list_response(bj::array items, const Paging& paging,
                       const std::optional<store::PageKey>& next, std::int64_t event_cursor) {
    bj::object body;
    body["items"] = std::move(items);
    body["next_page_token"] = nullptr;
    if (next) body["next_page_token"] = page_token(paging, *next);
    body["event_cursor"] = event_cursor;
    return object_response(200, body);
}

Response whole_list_response(const ApiCall& call, bj::array items, std::int64_t event_cursor) {
    return whole_list_response(call, std::move(items), event_cursor, bj::object());
}

Response whole_list_response(const ApiCall& call, bj::array items, std::int64_t event_cursor,
                             bj::object more) {
    Parameters parameters(call.query);
    const std::size_t limit = read_limit(parameters);
    const Result<std::int64_t> passed = read_number_token(call);
    if (parameters.problem()) return problem(*parameters.problem());
    if (!passed) return problem(passed.error());
    // The token is how many entries came before: these lists only grow at their end.
    const std::size_t begin = std::min(static_cast<std::size_t>(*passed), items.size());
    const std::size_t end = std::min(begin + limit, items.size());
    bj::array page;
    for (std::size_t i = begin; i < end; ++i) page.push_back(std::move(items[i]));
    more["items"] = std::move(page);
    more["next_page_token"] = nullptr;
    if (end < items.size())
        more["next_page_token"] = number_token(call, static_cast<std::int64_t>(end));
    more["event_cursor"] = event_cursor;
    return object_response(200, more);
}

}  // namespace cabroker::api
