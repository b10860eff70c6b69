// Inside config/: the table that embed.cmake writes.
#pragma once

#include <string_view>
#include <vector>

namespace cabroker::config {

struct ShippedFile {
    std::string_view path;
    std::string_view text;
};

[[nodiscard]] const std::vector<ShippedFile>& shipped_table();

}  // namespace cabroker::config
