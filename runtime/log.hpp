// The log: one line an entry, control characters escaped, on stderr or journald. Secrets cannot get
// here: a domain::Secret has no text form.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace cabroker::runtime {

enum class Level { debug, info, warning, error };
enum class LogFormat { text, json };

struct LogField {
    std::string_view name;
    std::string value;
};

/// Writes one entry. Any thread; never throws; values over 2 KiB are cut.
void log(Level level, std::string_view message, std::initializer_list<LogField> fields = {});
/// Before threads start.
void set_log(Level least, LogFormat format);
[[nodiscard]] bool log_enabled(Level level);

/// Control characters and invalid UTF-8 as \xNN, so that no value can forge a line or colour a
/// terminal.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace cabroker::runtime
