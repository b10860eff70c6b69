// Takes secrets out of what is kept or shown: pages as evidence, words of pages as details.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transport/cookie_jar.hpp"

namespace cabroker::adapters::portal {

/// `text` with every occurrence (ASCII case-blind) of a secret of at least four characters replaced
/// by `[redacted]`.
[[nodiscard]] std::string redact(std::string_view text, const std::vector<std::string>& secrets);

/// The secrets and the ways in which they may stand in a page: HTML-escaped, percent-encoded,
/// JSON-escaped.
[[nodiscard]] std::vector<std::string> with_disguises(std::vector<std::string> secrets);

/// The values of a jar's cookies: whoever has one has the session.
[[nodiscard]] std::vector<std::string> cookie_values(const transport::CookieJar& jar);

/// One line for people: printable UTF-8 or `?`, blanks collapsed, at most 500 octets.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace cabroker::adapters::portal
