// Inside pki only: writes a zip file in memory. Nothing here reads one.
#pragma once

#include <string>
#include <vector>

#include "domain/error.hpp"

namespace cabroker::pki {

struct ZipEntry {
    std::string name;
    std::string octets;
};

/// Files of mode 0644 without a date (readers show 1980-01-01), so that equal input gives equal
/// octets.
[[nodiscard]] domain::Result<std::string> zip_of(const std::vector<ZipEntry>& entries);

}  // namespace cabroker::pki
