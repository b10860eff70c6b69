// docs/openapi.yaml as JSON, put into the program at build time by openapi_embed.py.
#pragma once

#include <string_view>

namespace cabroker::api {

[[nodiscard]] std::string_view openapi_document();

}  // namespace cabroker::api
