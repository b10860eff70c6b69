// SHA-256 as text: to recognise octets again, in both processes.
#pragma once

#include <string>
#include <string_view>

namespace cabroker::runtime {

/// Lower-case hex.
[[nodiscard]] std::string sha256_hex(std::string_view octets);

}  // namespace cabroker::runtime
