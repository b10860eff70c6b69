#pragma once
// Letters and blanks of ASCII, whatever the locale: what protocols mean by "not case sensitive".
#include <string>
#include <string_view>

namespace cabroker::domain {

/// A to Z become a to z; every other octet stays.
[[nodiscard]] inline std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return out;
}

/// Without blanks, tabs, line ends and form feeds at both ends. The view is into `text`.
[[nodiscard]] inline std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n\f";
    const std::size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace cabroker::domain
