// Text for people: nothing in the data may steer a terminal, forge a line or start a spreadsheet
// formula.
#pragma once

#include <string>
#include <string_view>

#include "domain/time.hpp"

namespace cabroker::cli {

/// One line: control characters, C1, bidi and line separators and broken UTF-8 as visible \x1b,
/// \u202e.
[[nodiscard]] std::string clean(std::string_view text);
/// The same, but line feeds and tabs stay.
[[nodiscard]] std::string clean_lines(std::string_view text);
/// JSON text that means the same and holds no character that steers a terminal: \u009b for the raw
/// one.
[[nodiscard]] std::string clean_json(std::string_view json);
/// Columns on a terminal.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// Cuts to `columns` with "..." at the end; not inside a character.
[[nodiscard]] std::string cut(std::string_view text, std::size_t columns);
/// One field of a CSV line: quoted where needed; a leading = + - @ tab or CR gets an apostrophe
/// before it.
[[nodiscard]] std::string csv_field(std::string_view text);
/// One word of a shell command line: quoted where needed.
[[nodiscard]] std::string shell_word(std::string_view text);

/// "12s", "3m", "2h 5m", "4d": a length of time to read.
[[nodiscard]] std::string span_text(domain::Duration span);
/// "3m ago", "in 2h", "now".
[[nodiscard]] std::string age_text(domain::Time at, domain::Time now);

}  // namespace cabroker::cli
