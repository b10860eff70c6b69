// Points in time and lengths of time as the broker keeps them: milliseconds, UTC.
// Text of dates (RFC 3339) is in json/time_text.hpp.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cabroker::domain {

using Duration = std::chrono::milliseconds;
/// Wall clock, UTC, since 1970-01-01.
using Time = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// Reads `500ms 30s 5m 2h 7d`: a non-negative integer and a unit, nothing else. nullopt when it is
/// not that.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
/// The shortest exact form that parse_duration reads.
[[nodiscard]] std::string duration_text(Duration duration);

}  // namespace cabroker::domain
