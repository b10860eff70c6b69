// Strict JSON: one document, valid UTF-8, no duplicate keys, no numbers that do not fit, bounded
// depth. Thin over Boost.JSON; include <boost/json.hpp> only in sources.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "domain/error.hpp"

namespace cabroker::json {

inline constexpr std::size_t kMaxDepth = 32;

/// Reads one JSON document. Refuses (malformed_request, with line and column or the duplicated
/// key): syntax errors, trailing text, invalid UTF-8, duplicate keys, integers beyond 64 bits,
/// numbers beyond double, depth over kMaxDepth.
[[nodiscard]] domain::Result<boost::json::value> parse(std::string_view text);
/// The same, with the document's memory from `storage`, which must outlive it.
[[nodiscard]] domain::Result<boost::json::value> parse(std::string_view text,
                                                       const boost::json::storage_ptr& storage);

}  // namespace cabroker::json
