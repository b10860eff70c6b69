// Bodies as JSON: parsed strictly, searched for private keys that do not belong there, wiped.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>

#include "daemon/api/http.hpp"

namespace cabroker::api {

/// The call's body as a JSON object; an empty body reads as `{}`. malformed_request, or
/// invalid_body when it is no object.
[[nodiscard]] Result<boost::json::value> parse_body(const ApiCall& call);

/// Where in the document a private key stands (JSON pointer), or nullopt. `/params/csr` is left to
/// pki::inspect_csr.
[[nodiscard]] std::optional<std::string> find_private_key(const boost::json::value& document);

/// 422 private_key_pasted. Names the place, never what stands there.
[[nodiscard]] Response private_key_problem(std::string pointer);

/// Overwrites every string of a document, and the text it was read from.
void wipe(boost::json::value& document, std::string& text);

}  // namespace cabroker::api
