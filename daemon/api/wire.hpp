// Turns a Response into the octets of an HTTP/1.1 head. No I/O.
#pragma once

#include <string>
#include <string_view>

#include "daemon/api/http.hpp"

namespace cabroker::api {

/// How the message is framed and what becomes of the connection.
struct Framing {
    bool version_1_1 = true;
    bool keep_alive = true;
    bool chunked = false;
};

/// Appends status line, header fields and the empty line.
void append_head(std::string& out, const Response& response, const Framing& framing,
                 const std::string& request_id, const std::string& date);
/// One chunk of a chunked body; `text` must not be empty.
[[nodiscard]] std::string chunk(std::string_view text);

}  // namespace cabroker::api
