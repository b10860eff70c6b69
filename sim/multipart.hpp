// Forms with files: multipart/form-data (RFC 7578).
#pragma once

#include <optional>

#include "sim/text.hpp"

namespace cabroker::sim {

/// The fields by name, files with their content; of repeated names the first counts. nullopt: the
/// body is not what its content type says, or has more than 100 parts.
[[nodiscard]] std::optional<Fields> parse_multipart(std::string_view content_type,
                                                    std::string_view body);
/// A form in either encoding; empty when it cannot be read.
[[nodiscard]] Fields parse_any_form(std::string_view content_type, std::string_view body);

}  // namespace cabroker::sim
