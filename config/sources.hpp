// Inside config/: reading files from disk or from those shipped, and putting profiles and templates
// where they are named.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/yaml.hpp"

namespace cabroker::config {

/// A whole file, at most 1 MiB; a problem and nullopt when it cannot be read.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path,
                                                   std::vector<Problem>& problems);
/// A shipped file as a document below `pointer`.
[[nodiscard]] YamlDocument read_shipped(const std::string& name, const std::string& pointer,
                                        std::vector<Problem>& problems);
/// Replaces every `profile: NAME-or-path` and `template: NAME-or-path` of the adapters by what they
/// name. Paths without a leading `/` start at `folder`.
void inline_adapter_files(YamlDocument& document, const std::string& folder,
                          std::vector<Problem>& problems);

}  // namespace cabroker::config
