// Bodies as JSON: parsed strictly, searched for private keys that do not belong there, wiped.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>

#include "daemon/api/http.hpp"

namespace cabroker::api {

/// The call's body as a JSON object; an empty body reads as `{}`. malformed_request, or
/// invalid_body when it is no object or a private key stands anywhere in it; the body is wiped
/// then. `/csr` and `/params/csr` are left to pki::inspect_csr.
[[nodiscard]] Result<boost::json::value> parse_body(ApiCall& call);
/// The same, with the document's memory from `storage`, which must outlive it.
[[nodiscard]] Result<boost::json::value> parse_body(ApiCall& call,
                                                    const boost::json::storage_ptr& storage);

/// invalid_body, private_key_pasted. Names the place, never what stands there.
[[nodiscard]] domain::Error private_key_error(std::string pointer);

/// Overwrites every string of a document, and the text it was read from.
void wipe(boost::json::value& document, std::string& text);

}  // namespace cabroker::api
