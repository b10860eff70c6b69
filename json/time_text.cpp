#include "json/time_text.hpp"

#include <date/date.h>

#include <algorithm>
#include <array>
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

void put(char* where, std::int64_t number, int digits) {
    for (int i = digits - 1; i >= 0; --i) {
        where[i] = static_cast<char>('0' + number % 10);
        number /= 10;
    }
}

// By hand, because a stream per date is a quarter of the time that a request's JSON takes.
void append_plain(std::string& out, std::chrono::year_month_day day, domain::Duration of_day) {
    std::array<char, 24> text = {"0000-00-00T00:00:00.000"};
    const std::int64_t milliseconds = of_day.count();
    const std::int64_t seconds = milliseconds / 1000;
    put(text.data(), static_cast<int>(day.year()), 4);
    put(text.data() + 5, static_cast<unsigned>(day.month()), 2);
    put(text.data() + 8, static_cast<unsigned>(day.day()), 2);
    put(text.data() + 11, seconds / 3600, 2);
    put(text.data() + 14, seconds / 60 % 60, 2);
    put(text.data() + 17, seconds % 60, 2);
    put(text.data() + 20, milliseconds % 1000, 3);
    out.append(text.data(), milliseconds % 1000 != 0 ? 23 : 19);
    out += 'Z';
}

std::optional<int> number_at(std::string_view text, std::size_t at, std::size_t digits) {
    int number = 0;
    for (const char c : text.substr(at, digits)) {
        if (c < '0' || c > '9') return std::nullopt;
        number = 10 * number + (c - '0');
    }
    return number;
}

// RFC 3339, 5.6. The library takes any numbers.
bool ends_in_offset(std::string_view text) {
    const std::string_view offset = text.substr(text.size() - 6);
    const auto hours = number_at(offset, 1, 2);
    const auto minutes = number_at(offset, 4, 2);
    return (offset[0] == '+' || offset[0] == '-') && offset[3] == ':' && hours && minutes &&
           *hours <= 23 && *minutes <= 59;
}

std::chrono::year_month_day date_of(domain::Time time) {
    return std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(time));
}

bool has_four_digits(std::chrono::year year) {
    return year >= std::chrono::year(0) && year <= std::chrono::year(9999);
}

// What time_text() writes, for the same reason; nullopt: the library decides.
std::optional<domain::Time> read_plain(std::string_view text) {
    const bool fraction = text.size() == 24;
    if ((text.size() != 20 && !fraction) || text.back() != 'Z') return std::nullopt;
    const bool marks = text[4] == '-' && text[7] == '-' && text[10] == 'T' && text[13] == ':' &&
                       text[16] == ':' && (!fraction || text[19] == '.');
    if (!marks) return std::nullopt;
    const auto year = number_at(text, 0, 4);
    const auto month = number_at(text, 5, 2);
    const auto day = number_at(text, 8, 2);
    const auto hour = number_at(text, 11, 2);
    const auto minute = number_at(text, 14, 2);
    const auto second = number_at(text, 17, 2);
    const auto thousandths = fraction ? number_at(text, 20, 3) : 0;
    if (!year || !month || !day || !hour || !minute || !second || !thousandths) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    return domain::Time(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
                        std::chrono::minutes(*minute) + std::chrono::seconds(*second) +
                        std::chrono::milliseconds(*thousandths));
}

}  // namespace

void append_time(std::string& out, domain::Time time) {
    const std::chrono::year_month_day date = date_of(time);
    if (has_four_digits(date.year())) {
        return append_plain(out, date, time - std::chrono::sys_days(date));
    }
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    out += seconds == time ? date::format("%FT%TZ", seconds) : date::format("%FT%TZ", time);
}

std::string time_text(domain::Time time) {
    std::string text;
    append_time(text, time);
    return text;
}

std::optional<domain::Time> parse_time(std::string_view text) {
    if (const auto time = read_plain(text)) return time;
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
    std::optional<domain::Time> time;
    if (upper.ends_with('Z')) {
        time = read(upper, "%FT%TZ");
    } else if (ends_in_offset(upper)) {
        time = read(upper, "%FT%T%Ez");
    }
    // An offset may lead out of the years that can be written.
    if (time && !has_four_digits(date_of(*time).year())) return std::nullopt;
    return time;
}

std::optional<domain::Time> parse_date_or_time(std::string_view text) {
    if (text.size() != 10 || !is_plain(text)) return parse_time(text);
    const std::optional<domain::Time> time = read(text, "%F");
    if (time && !has_four_digits(date_of(*time).year())) return std::nullopt;
    return time;
}

}  // namespace cabroker::json
