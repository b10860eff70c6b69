// Reads the request target: path and query, percent-decoded, nothing ambiguous let through.
#pragma once

#include <string>
#include <string_view>

#include "daemon/api/http.hpp"

namespace cabroker::api {

struct Target {
    std::string path;
    std::string raw_query;
    Query query;
};

/// Origin form, or absolute form whose authority is ignored. malformed_request for anything else,
/// for bad percent encoding, invalid UTF-8, control characters, and for encoded slashes in the
/// path.
[[nodiscard]] Result<Target> parse_target(std::string_view target);

/// Is the text well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms)?
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace cabroker::api
