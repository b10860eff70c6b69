#include "transport/imap_text.hpp"

#include <date/date.h>

#include <charconv>
#include <sstream>

namespace cabroker::transport {

std::optional<domain::Time> imap_date(std::string_view text) {
    std::istringstream in{std::string(text)};
    domain::Time time;
    in >> date::parse("%d-%b-%Y %H:%M:%S %z", time);
    if (in.fail()) return std::nullopt;
    return time;
}

std::string imap_upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return out;
}

std::string imap_quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::optional<std::uint64_t> imap_number_after(std::string_view text, std::string_view word) {
    const std::size_t at = imap_upper(text).find(word);
    if (at == std::string::npos) return std::nullopt;
    const char* const begin = text.data() + at + word.size();
    std::uint64_t number = 0;
    const auto read = std::from_chars(begin, text.data() + text.size(), number);
    if (read.ec != std::errc()) return std::nullopt;
    return number;
}

std::optional<std::size_t> imap_literal_size(std::string_view line) {
    if (!line.ends_with('}')) return std::nullopt;
    const std::size_t open = line.rfind('{');
    if (open == std::string_view::npos) return std::nullopt;
    std::size_t size = 0;
    const auto read = std::from_chars(line.data() + open + 1, line.data() + line.size() - 1, size);
    if (read.ec != std::errc() || read.ptr != line.data() + line.size() - 1) return std::nullopt;
    return size;
}

}  // namespace cabroker::transport
