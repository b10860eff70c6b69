// Dates as text: RFC 3339 in UTC, by Howard Hinnant's date library.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/time.hpp"

namespace cabroker::json {

/// `2026-11-22T03:14:03.123Z`; the fraction is left out when it is zero.
[[nodiscard]] std::string time_text(domain::Time time);
void append_time(std::string& out, domain::Time time);
/// Reads RFC 3339 with any offset and fraction; nullopt when it is not that, or not in the years
/// 0000 to 9999 in UTC.
[[nodiscard]] std::optional<domain::Time> parse_time(std::string_view text);
/// Reads `2020-10-01` as midnight UTC, or a full RFC 3339 time.
[[nodiscard]] std::optional<domain::Time> parse_date_or_time(std::string_view text);

}  // namespace cabroker::json
