// The grammar that mail must have before it meets a server: addresses by whitelist, canonical line
// ends, line length.
#pragma once

#include <string>
#include <string_view>

#include "domain/error.hpp"

namespace cabroker::transport {

/// A plain `local@domain`: dot-atom local part of at most 64 characters, host name of at most 253
/// with a dot or `localhost`, ASCII only. No quotes, comments, address literals, spaces, brackets
/// or control characters.
[[nodiscard]] bool is_mail_address(std::string_view text);

/// A Message-ID without its brackets: dot-atom on both sides of one @ (RFC 5322 §3.6.4), at most
/// 250 characters.
[[nodiscard]] bool is_message_id(std::string_view text);

/// A header value of one line: valid UTF-8, no control characters (tab included), no U+2028,
/// U+2029, U+0085, no directional overrides; at most 900 octets.
[[nodiscard]] bool is_header_text(std::string_view text);

/// Every CR, LF or CRLF becomes one CRLF; the text ends with CRLF unless it is empty.
[[nodiscard]] std::string with_crlf(std::string_view text);

/// bad_configuration unless the octets are a mail that any server takes: 7-bit, every CR before LF
/// and every LF after CR, no NUL, lines of at most 998 octets, CRLF at the end, at most 1 MiB.
[[nodiscard]] domain::Result<void> check_mail_octets(std::string_view octets);

}  // namespace cabroker::transport
