// Which name was meant by one that nobody knows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cabroker::json {

/// The known name that a wrong one was probably meant to be; empty when none is close. Compares
/// with every one of them.
[[nodiscard]] std::string closest(std::string_view name, std::vector<std::string_view> known);

}  // namespace cabroker::json
