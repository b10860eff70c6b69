#include "sim/text.hpp"

#include <date/date.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cctype>

namespace cabroker::sim {
namespace {

constexpr std::size_t kMostFields = 100;
constexpr std::string_view kLetters = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string mapped(std::string_view text, int (*map)(int)) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(map(static_cast<unsigned char>(c)));
    return out;
}

}  // namespace

Fields parse_form(std::string_view text) {
    Fields fields;
    for (const std::string& pair : split(text, '&')) {
        if (pair.empty()) continue;
        if (fields.size() >= kMostFields) break;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const std::string value = equals < pair.size() ? pair.substr(equals + 1) : "";
        fields.emplace(url_decode(std::string_view(pair).substr(0, equals)), url_decode(value));
    }
    return fields;
}

Fields parse_cookies(std::string_view header) {
    Fields cookies;
    for (const std::string& pair : split(header, ';')) {
        const std::size_t equals = pair.find('=');
        if (equals == std::string::npos || cookies.size() >= kMostFields) continue;
        cookies.emplace(trimmed(std::string_view(pair).substr(0, equals)),
                        trimmed(std::string_view(pair).substr(equals + 1)));
    }
    return cookies;
}

const std::string& field(const Fields& fields, std::string_view name) {
    static const std::string none;
    const auto found = fields.find(name);
    return found == fields.end() ? none : found->second;
}

std::string url_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out += ' ';
        } else if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                   hex_value(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return "";
    return std::string(text.substr(first, text.find_last_not_of(kBlanks) - first + 1));
}

std::string lower(std::string_view text) { return mapped(text, std::tolower); }
std::string upper(std::string_view text) { return mapped(text, std::toupper); }

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    while (true) {
        const std::size_t end = text.find(separator, start);
        parts.emplace_back(text.substr(start, end - start));
        if (end == std::string_view::npos) return parts;
        start = end + 1;
    }
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.empty()) return std::string();
    if (text.size() % 4 != 0) return std::nullopt;
    std::string out(text.size() / 4 * 3, '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    const auto padding = static_cast<std::size_t>(
        std::count(text.end() - std::min<std::ptrdiff_t>(2, std::ssize(text)), text.end(), '='));
    out.resize(static_cast<std::size_t>(length) - padding);
    return out;
}

std::string base64_encode(std::string_view octets) {
    std::string out((octets.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                       reinterpret_cast<const unsigned char*>(octets.data()),
                                       static_cast<int>(octets.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

std::string hex_upper(std::string_view octets) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : octets) {
        const auto octet = static_cast<unsigned char>(c);
        out += kDigits[octet >> 4U];
        out += kDigits[octet & 15U];
    }
    return out;
}

std::string page_date(domain::Time time) {
    return date::format("%d %b %Y %H:%M UTC", date::floor<std::chrono::seconds>(time));
}

std::string berlin_date(domain::Time time) {
    const auto utc = date::floor<std::chrono::seconds>(time);
    const date::year year = date::year_month_day(date::floor<date::days>(utc)).year();
    // Summer time: from one o'clock (UTC) of March's last Sunday to that of October.
    const auto change = [&](date::month month) {
        return date::sys_days(year / month / date::Sunday[date::last]) + std::chrono::hours(1);
    };
    const bool summer = utc >= change(date::March) && utc < change(date::October);
    return date::format("%d.%m.%Y %H:%M:%S", utc + std::chrono::hours(summer ? 2 : 1)) +
           (summer ? " +0200" : " +0100");
}

std::string api_time(domain::Time time) {
    return date::format("%FT%T+00:00", date::floor<std::chrono::seconds>(time));
}

std::string api_day(domain::Time time) { return date::format("%F", date::floor<date::days>(time)); }

std::string mail_date(domain::Time time) {
    return date::format("%a, %d %b %Y %H:%M:%S +0000", date::floor<std::chrono::seconds>(time));
}

std::int64_t unix_seconds(domain::Time time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string random_letters(runtime::Random& random, std::size_t length) {
    std::string out;
    while (out.size() < length) {
        std::array<std::uint8_t, 32> octets{};
        random.fill(octets);
        for (const std::uint8_t octet : octets) {
            // 31 letters: the highest octets would favour the first ones.
            if (octet >= kLetters.size() * 8 || out.size() >= length) continue;
            out += kLetters[octet % kLetters.size()];
        }
    }
    return out;
}

std::string lowercase_letters(runtime::Random& random, std::size_t length) {
    std::string out;
    while (out.size() < length) {
        std::array<std::uint8_t, 32> octets{};
        random.fill(octets);
        for (const std::uint8_t octet : octets) {
            if (octet >= 26 * 9 || out.size() >= length) continue;
            out += static_cast<char>('a' + octet % 26);
        }
    }
    return out;
}

std::optional<domain::Duration> parse_signed_duration(std::string_view text) {
    bool negative = false;
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        negative = text.front() == '-';
        text.remove_prefix(1);
    }
    const std::optional<domain::Duration> duration = domain::parse_duration(text);
    if (!duration) return std::nullopt;
    return negative ? -*duration : *duration;
}

}  // namespace cabroker::sim
