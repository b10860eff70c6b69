// The YAML and templates that come with the program, built into it so that binaries run from
// anywhere.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cabroker::config {

/// The text of a shipped file by its path below config/, such as "profiles/digicert-guest.yaml";
/// nullopt: not shipped.
[[nodiscard]] std::optional<std::string_view> shipped_file(std::string_view path);
/// Paths of all shipped files, sorted.
[[nodiscard]] std::vector<std::string_view> shipped_files();

}  // namespace cabroker::config
