#include "runtime/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <memory>

namespace cabroker::runtime {
namespace {

constexpr std::size_t kLongestValue = 2048;
LogFormat format_in_use = LogFormat::text;

spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto made = std::make_shared<spdlog::logger>(
            "cabroker", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%v");
        made->set_level(spdlog::level::info);
        made->flush_on(spdlog::level::debug);
        return made;
    }();
    return *instance;
}

spdlog::level::level_enum level_of(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warning:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

std::string_view word_of(Level level) {
    constexpr std::array<std::string_view, 4> kWords{"debug", "info", "warning", "error"};
    return kWords[static_cast<std::size_t>(level)];
}

// Length of the well-formed UTF-8 sequence at the front, 0 when there is none.
std::size_t utf8_length(std::string_view text) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = octet(0);
    std::size_t length = 0;
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first < 0xE0) length = 2;
    if (first >= 0xE0 && first < 0xF0) length = 3;
    if (first >= 0xF0 && first < 0xF5) length = 4;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((octet(i) & 0xC0U) != 0x80) return 0;
    }
    // C1 controls are two octets C2 80..C2 9F.
    if (first == 0xC2 && octet(1) < 0xA0) return 0;
    return length;
}

std::string quoted(std::string_view value, bool json) {
    const std::string safe = printable(value.substr(0, kLongestValue));
    const bool bare = !json && !safe.empty() && safe.find_first_of(" \"=\\") == std::string::npos;
    if (bare) return safe;
    std::string out = "\"";
    for (const char c : safe) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out += '"';
}

}  // namespace

std::string printable(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto first = static_cast<unsigned char>(text.front());
        const std::size_t length = first < 0x20 || first == 0x7F ? 0 : utf8_length(text);
        if (length == 0) {
            out += "\\x";
            out += kDigits[first >> 4U];
            out += kDigits[first & 15U];
            text.remove_prefix(1);
        } else {
            out += text.substr(0, length);
            text.remove_prefix(length);
        }
    }
    return out;
}

void log(Level level, std::string_view message, std::initializer_list<LogField> fields) {
    if (!log_enabled(level)) return;
    std::string line;
    if (format_in_use == LogFormat::json) {
        line = "{\"level\":\"" + std::string(word_of(level)) +
               "\",\"message\":" + quoted(message, true);
        for (const LogField& field : fields) {
            line += ",\"" + std::string(field.name) + "\":" + quoted(field.value, true);
        }
        line += '}';
    } else {
        line = std::string(word_of(level)) + ": " + printable(message);
        for (const LogField& field : fields) {
            line += ' ' + std::string(field.name) + '=' + quoted(field.value, false);
        }
    }
    logger().log(level_of(level), line);
}

void set_log(Level least, LogFormat format) {
    logger().set_level(level_of(least));
    format_in_use = format;
}

bool log_enabled(Level level) { return logger().should_log(level_of(level)); }

}  // namespace cabroker::runtime
