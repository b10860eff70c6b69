// Small text work of the simulated world: forms, URLs, hex, base64, dates for people and for mail.
// No I/O.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/time.hpp"
#include "runtime/random.hpp"

namespace cabroker::sim {

using Fields = std::map<std::string, std::string, std::less<>>;

/// Reads `application/x-www-form-urlencoded`; of repeated names the first counts; at most 100
/// fields.
[[nodiscard]] Fields parse_form(std::string_view text);
/// Reads a Cookie header.
[[nodiscard]] Fields parse_cookies(std::string_view header);
/// The value of a name, or an empty text.
[[nodiscard]] const std::string& field(const Fields& fields, std::string_view name);

[[nodiscard]] std::string url_decode(std::string_view text);
[[nodiscard]] std::string trimmed(std::string_view text);
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] std::string upper(std::string_view text);
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
[[nodiscard]] std::string base64_encode(std::string_view octets);
[[nodiscard]] std::string hex_upper(std::string_view octets);
/// UTF-8 as ISO-8859-1; characters it does not have become HTML's `&#NUMBER;`.
[[nodiscard]] std::string latin1_page(std::string_view utf8);
/// Text that may be UTF-8 or ISO-8859-1, as UTF-8.
[[nodiscard]] std::string as_utf8(std::string_view text);

/// `22 Nov 2026 00:00 UTC`, for pages.
[[nodiscard]] std::string page_date(domain::Time time);
/// `22.11.2026 04:14:03 +0100`: local time of Berlin.
[[nodiscard]] std::string berlin_date(domain::Time time);
/// `2026-11-22T03:14:03+00:00` and `2026-11-22`, as the account API writes them.
[[nodiscard]] std::string api_time(domain::Time time);
[[nodiscard]] std::string api_day(domain::Time time);
/// `Sun, 22 Nov 2026 03:14:03 +0000` (RFC 5322).
[[nodiscard]] std::string mail_date(domain::Time time);
/// Seconds since 1970, as certificates take them.
[[nodiscard]] std::int64_t unix_seconds(domain::Time time);

/// `length` characters of A-Z2-9 without I, L, O.
[[nodiscard]] std::string random_letters(runtime::Random& random, std::size_t length);
/// `length` letters of a-z.
[[nodiscard]] std::string lowercase_letters(runtime::Random& random, std::size_t length);
/// `+2h`, `-20d`, `90s`: a duration that may be negative.
[[nodiscard]] std::optional<domain::Duration> parse_signed_duration(std::string_view text);

}  // namespace cabroker::sim
