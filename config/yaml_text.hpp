// Inside config/: is a text fit to be read as YAML? yaml-cpp takes any octets, and tabs where the
// standard forbids them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"

namespace cabroker::config {

/// At most 1 MiB of valid UTF-8 without control characters, indented with spaces; otherwise one
/// problem.
[[nodiscard]] bool is_readable(std::string_view text, const std::string& file,
                               std::vector<Problem>& problems);

}  // namespace cabroker::config
