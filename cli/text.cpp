#include "cli/text.hpp"

#include <fmt/format.h>

#include <clocale>
#include <cwchar>
#include <optional>

namespace cabroker::cli {
namespace {

struct Point {
    char32_t value = 0;
    std::size_t octets = 1;
};

// The character at the start of `text`, or nullopt when the octets there are no UTF-8.
std::optional<Point> decode(std::string_view text) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = octet(0);
    if (first < 0x80) return Point{first, 1};
    const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < size) return std::nullopt;
    char32_t value = first & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((octet(i) & 0xC0U) != 0x80U) return std::nullopt;
        value = (value << 6U) | (octet(i) & 0x3FU);
    }
    const bool too_long = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
    if (too_long || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return std::nullopt;
    return Point{value, size};
}

bool steers(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x200E && c <= 0x200F) ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x061C ||
           c == 0xFEFF;
}

std::string cleaned(std::string_view text, bool keep_lines) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto point = decode(text);
        const std::size_t octets = point ? point->octets : 1;
        if (!point) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
        } else if (!steers(point->value) ||
                   (keep_lines && (point->value == '\n' || point->value == '\t'))) {
            out += text.substr(0, octets);
        } else if (keep_lines && text.starts_with("\r\n")) {
            // A mail's line end: the line feed that follows says it.
        } else if (point->value == '\n') {
            out += "\\n";
        } else if (point->value == '\t') {
            out += ' ';
        } else if (point->value < 0x80) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned>(point->value));
        } else {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(point->value));
        }
        text.remove_prefix(octets);
    }
    return out;
}

std::size_t width_of(char32_t c) {
    static const bool ready = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;
    if (!ready || c < 0x80) return 1;
    const int width = wcwidth(static_cast<wchar_t>(c));
    return width < 0 ? 1 : static_cast<std::size_t>(width);
}

}  // namespace

std::string clean(std::string_view text) { return cleaned(text, false); }
std::string clean_lines(std::string_view text) { return cleaned(text, true); }

std::string clean_json(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    while (!json.empty()) {
        const auto point = decode(json);
        const std::size_t octets = point ? point->octets : 1;
        if (!point) {
            out += "\\ufffd";
        } else if (point->value >= 0x7F && steers(point->value)) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(point->value));
        } else if (point->value == 0x1B) {
            out += "\\u001b";
        } else {
            out += json.substr(0, octets);
        }
        json.remove_prefix(octets);
    }
    return out;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const auto point = decode(text);
        width += point ? width_of(point->value) : 1;
        text.remove_prefix(point ? point->octets : 1);
    }
    return width;
}

std::string cut(std::string_view text, std::size_t columns) {
    if (display_width(text) <= columns || columns < 4) return std::string(text);
    std::size_t width = 0;
    std::size_t end = 0;
    while (end < text.size()) {
        const auto point = decode(text.substr(end));
        width += point ? width_of(point->value) : 1;
        if (width > columns - 3) break;
        end += point ? point->octets : 1;
    }
    return std::string(text.substr(0, end)) + "...";
}

std::string csv_field(std::string_view text) {
    std::string out;
    if (!text.empty() &&
        std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) {
        out = "'";
    }
    out += text;
    if (out.find_first_of(",\"\r\n") == std::string::npos) return out;
    std::string quoted = "\"";
    for (const char c : out) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
}

std::string shell_word(std::string_view text) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+=,";
    if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) {
        return std::string(text);
    }
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + '\'';
}

std::string span_text(domain::Duration span) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span).count();
    if (seconds < 60) return fmt::format("{}s", seconds);
    const auto minutes = seconds / 60;
    if (minutes < 60) return fmt::format("{}m", minutes);
    const auto hours = minutes / 60;
    if (hours < 24) {
        return minutes % 60 == 0 ? fmt::format("{}h", hours)
                                 : fmt::format("{}h {}m", hours, minutes % 60);
    }
    const auto days = hours / 24;
    return days >= 10 || hours % 24 == 0 ? fmt::format("{}d", days)
                                         : fmt::format("{}d {}h", days, hours % 24);
}

std::string age_text(domain::Time at, domain::Time now) {
    const domain::Duration age = now - at;
    if (age >= std::chrono::seconds(1)) return span_text(age) + " ago";
    if (age <= -std::chrono::seconds(1)) return "in " + span_text(-age);
    return "now";
}

}  // namespace cabroker::cli
