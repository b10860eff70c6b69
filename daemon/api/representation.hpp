// How resources look in answers: bodies, ETags and lists.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "daemon/api/http.hpp"
#include "daemon/api/parameters.hpp"
#include "domain/request.hpp"

namespace cabroker::api {

/// `"` version `"`
[[nodiscard]] std::string etag_of(std::int64_t version);
/// Does If-None-Match hold the tag? `*` matches everything; `W/` is ignored (RFC 9110, weak
/// comparison).
[[nodiscard]] bool etag_matches(std::string_view if_none_match, std::string_view etag);
/// The version that If-Match names: nullopt when there is no If-Match or it is `*`.
/// version_mismatch when it names none that can match.
[[nodiscard]] Result<std::optional<std::int64_t>> version_of_if_match(std::string_view if_match);

/// Body, ETag; 201 gets a Location.
[[nodiscard]] Response request_response(int status, const domain::Request& request);
[[nodiscard]] Response order_response(int status, const domain::Order& order);

/// `{items, next_page_token, event_cursor}`
[[nodiscard]] Response list_response(boost::json::array items, const Paging& paging,
                                     const std::optional<store::PageKey>& next,
                                     std::int64_t event_cursor);
/// The same for short lists that are made whole: the part of it that the call's `limit` and
/// `page_token` ask for, and `more` members. 400 for a parameter that cannot be used.
[[nodiscard]] Response whole_list_response(const ApiCall& call, boost::json::array items,
                                           std::int64_t event_cursor);
[[nodiscard]] Response whole_list_response(const ApiCall& call, boost::json::array items,
                                           std::int64_t event_cursor, boost::json::object more);
[[nodiscard]] Response object_response(int status, const boost::json::object& body);

}  // namespace cabroker::api
