// The canonical JSON of a request as text, written in one go: what most answers consist of.
#pragma once

#include <string>
#include <string_view>

#include "domain/request.hpp"

namespace cabroker::json {

/// The same octets as serialising to_json(request), at a fraction of the cost.
[[nodiscard]] std::string request_text(const domain::Request& request);

/// Adds `value` as a JSON string: the octets that serialising it would give.
void append_quoted(std::string& out, std::string_view value);

}  // namespace cabroker::json
