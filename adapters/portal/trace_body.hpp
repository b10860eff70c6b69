// What a trace may show of a portal's texts: structure stays, and whatever could be a secret or a
// person goes. For people who repair a profile; stricter than the redaction of evidence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transport/http_client.hpp"

namespace cabroker::adapters::portal {

/// Of one body, after redaction.
inline constexpr std::size_t kMostTraced = 60UL * 1024;

/// Known secrets, PEM blocks, mail addresses and words that look random taken out; valid UTF-8.
/// `secrets`: with_disguises().
[[nodiscard]] std::string trace_text(std::string_view text,
                                     const std::vector<std::string>& secrets);

/// The same of HTML: also scripts, styles, comments, what fields hold, and contents of meta tags.
[[nodiscard]] std::string trace_html(std::string_view html,
                                     const std::vector<std::string>& secrets);

/// The same of a JSON text: also members whose name says that they are secret. Empty: not JSON.
[[nodiscard]] std::string trace_json(std::string_view text,
                                     const std::vector<std::string>& secrets);

/// Scheme, host, port and path, and the names of the query's fields.
[[nodiscard]] std::string trace_url(std::string_view url, const std::vector<std::string>& secrets);

/// The body by its kind, at most kMostTraced octets; of a file only what it is and how long.
[[nodiscard]] std::string trace_body(const transport::HttpResponse& response,
                                     const std::vector<std::string>& secrets);

}  // namespace cabroker::adapters::portal
