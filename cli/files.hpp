// Artifacts to disk: written beside, checked against their sha256, synced and only then given their
// name.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/session.hpp"

namespace cabroker::cli {

struct FilePlan {
    std::string directory;
    /// Empty: all.
    std::vector<std::string> formats;
    bool force = false;
};

/// A file name with nothing in it that a shell, a terminal or a path could take for something else.
[[nodiscard]] std::string safe_name(std::string_view name, std::string_view fallback);
/// `name`, or when that is `used` already: with the format before its ending
/// (`x.pem`, `x.pem_noroot.pem`), else with the artifact's id before it.
[[nodiscard]] std::string file_name(const std::string& name, std::string_view format,
                                    std::string_view id, const std::set<std::string>& used);
/// Makes the directory when it is missing and says whether files can be made in it.
[[nodiscard]] Exit check_directory(Session& session, const std::string& directory);
/// Writes the artifacts of a request and notes each path on stderr.
[[nodiscard]] Exit write_artifacts(Session& session, const std::string& request,
                                   const FilePlan& plan);
/// Writes one file whole or not at all, mode 0644; refuses an existing one without `force`.
[[nodiscard]] Exit write_file(Session& session, const std::string& directory,
                              const std::string& name, std::string_view content, bool force);
/// Lower-case hex.
[[nodiscard]] std::string sha256_hex(std::string_view content);

}  // namespace cabroker::cli
