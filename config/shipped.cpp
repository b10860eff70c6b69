#include "config/shipped.hpp"

#include <algorithm>

#include "config/shipped_table.hpp"

namespace cabroker::config {

std::optional<std::string_view> shipped_file(std::string_view path) {
    for (const ShippedFile& file : shipped_table()) {
        if (file.path == path) return file.text;
    }
    return std::nullopt;
}

std::vector<std::string_view> shipped_files() {
    std::vector<std::string_view> paths;
    for (const ShippedFile& file : shipped_table()) paths.push_back(file.path);
    std::sort(paths.begin(), paths.end());
    return paths;
}

}  // namespace cabroker::config
