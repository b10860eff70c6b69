// Which headers of a request are the HTTP client's own: nobody else may set them.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace cabroker::domain {

/// `lower`: the name in lower case.
[[nodiscard]] inline bool is_client_header(std::string_view lower) {
    constexpr std::array<std::string_view, 10> kNames{
        "host",       "content-length", "content-type",    "cookie",  "transfer-encoding",
        "connection", "expect",         "accept-encoding", "upgrade", "te"};
    return std::find(kNames.begin(), kNames.end(), lower) != kNames.end();
}

}  // namespace cabroker::domain
