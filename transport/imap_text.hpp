// The few forms of IMAP's text (RFC 9051, RFC 3501) that are written and read here. No I/O.
// Internal to this folder, but for imap_date().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/time.hpp"

namespace cabroker::transport {

/// A date-time of RFC 9051, `17-Jul-1996 02:44:25 -0700`.
[[nodiscard]] std::optional<domain::Time> imap_date(std::string_view text);

/// ASCII letters in upper case, for words that are compared without case.
[[nodiscard]] std::string imap_upper(std::string_view text);

/// A quoted string of RFC 9051; `text` has no control characters in it.
[[nodiscard]] std::string imap_quoted(const std::string& text);

/// The number right behind `word` (in upper case), whatever the case of `text`; nullopt when there
/// is none.
[[nodiscard]] std::optional<std::uint64_t> imap_number_after(std::string_view text,
                                                             std::string_view word);

/// `{123}` at the end of a line: so many octets follow.
[[nodiscard]] std::optional<std::size_t> imap_literal_size(std::string_view line);

}  // namespace cabroker::transport
