#include "json/time_text.hpp"

#include <date/date.h>

#include <algorithm>
#include <sstream>

namespace cabroker::json {
namespace {

constexpr std::size_t kLongest = 40;

std::optional<domain::Time> read(std::string_view text, const char* format) {
    std::istringstream in{std::string(text)};
    domain::Time time;
    in >> date::parse(format, time);
    if (in.fail()) return std::nullopt;
    in.peek();
    if (!in.eof()) return std::nullopt;
    return time;
}

bool is_plain(std::string_view text) {
    return !text.empty() && text.size() <= kLongest &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') ||
                      std::string_view("-+:.TZtz").find(c) != std::string_view::npos;
           });
}

}  // namespace

std::string time_text(domain::Time time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    if (seconds == time) return date::format("%FT%TZ", seconds);
    return date::format("%FT%TZ", time);
}

std::optional<domain::Time> parse_time(std::string_view text) {
    if (!is_plain(text) || text.size() < 20) return std::nullopt;
    std::string upper(text);
    for (char& c : upper) {
        if (c == 't') c = 'T';
        if (c == 'z') c = 'Z';
    }
    // date's %T stops at the precision of the target: cut the fraction to milliseconds first.
    if (const auto dot = upper.find('.'); dot != std::string::npos) {
        auto end = upper.find_first_not_of("0123456789", dot + 1);
        if (end == std::string::npos || end == dot + 1) return std::nullopt;
        if (end - dot > 4) upper.erase(dot + 4, end - dot - 4);
    }
    if (upper.ends_with('Z')) return read(upper, "%FT%TZ");
    return read(upper, "%FT%T%Ez");
}

std::optional<domain::Time> parse_date_or_time(std::string_view text) {
    if (text.size() == 10 && is_plain(text)) return read(text, "%F");
    return parse_time(text);
}

}  // namespace cabroker::json
