#include "transport/mail_text.hpp"

#include <algorithm>
#include <array>

namespace cabroker::transport {
namespace {

using domain::Error;
using domain::ErrorCode;
using domain::Result;

constexpr std::size_t kMaxMail = 1024 * 1024;
constexpr std::size_t kMaxLine = 998;

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// RFC 5322 §3.2.3.
bool is_dot_atom(std::string_view text) {
    constexpr std::string_view kMarks = "!#$%&'*+-/=?^_`{|}~.";
    if (text.empty() || text.front() == '.' || text.back() == '.') return false;
    if (text.find("..") != std::string_view::npos) return false;
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return is_alnum(c) || kMarks.find(c) != std::string_view::npos;
    });
}

/// RFC 1123 §2.1, labels of 1 to 63 characters.
bool is_host_name(std::string_view text) {
    if (text.empty() || text.size() > 253) return false;
    if (text != "localhost" && text.find('.') == std::string_view::npos) return false;
    while (true) {
        const std::size_t dot = text.find('.');
        const std::string_view label = text.substr(0, dot);
        const bool fits = !label.empty() && label.size() <= 63 && is_alnum(label.front()) &&
                          is_alnum(label.back());
        if (!fits) return false;
        if (!std::all_of(label.begin(), label.end(),
                         [](char c) { return is_alnum(c) || c == '-'; }))
            return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

/// One UTF-8 character at the front (RFC 3629): its length and value; length 0 when it is none.
struct Character {
    std::size_t length = 0;
    char32_t value = 0;
};
Character character_at(std::string_view text) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = octet(0);
    if (lead < 0x80) return {1, lead};
    constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
    char32_t value = lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((octet(i) & 0xC0U) != 0x80U) return {};
        value = (value << 6U) | (octet(i) & 0x3FU);
    }
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < kLeast[length] || value > 0x10FFFF || surrogate) return {};
    return {length, value};
}

/// Controls (C0, DEL, C1), line and paragraph separators, directional marks and overrides, byte
/// order mark.
bool is_forbidden(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || c == 0x200E ||
           c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
           c == 0xFEFF;
}

Error refused(const char* why) {
    return Error(ErrorCode::bad_configuration, std::string("cannot send the mail: ") + why)
        .with("cause", "request");
}

}  // namespace

bool is_mail_address(std::string_view text) {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos || at > 64 || text.size() > 254) return false;
    return is_dot_atom(text.substr(0, at)) && is_host_name(text.substr(at + 1));
}

bool is_message_id(std::string_view text) {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos || text.size() > 250) return false;
    return is_dot_atom(text.substr(0, at)) && is_dot_atom(text.substr(at + 1));
}

bool is_header_text(std::string_view text) {
    if (text.size() > 900) return false;
    while (!text.empty()) {
        const Character c = character_at(text);
        if (c.length == 0 || is_forbidden(c.value)) return false;
        text.remove_prefix(c.length);
    }
    return true;
}

std::string with_crlf(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 2);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\r' && text[i] != '\n') {
            out += text[i];
            continue;
        }
        if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
        out += "\r\n";
    }
    if (!out.empty() && !out.ends_with("\r\n")) out += "\r\n";
    return out;
}

Result<void> check_mail_octets(std::string_view octets) {
    if (octets.empty()) return refused("it is empty");
    if (octets.size() > kMaxMail) return refused("it is larger than 1 MiB");
    if (!octets.ends_with("\r\n")) return refused("it does not end with a line end");
    std::size_t line = 0;
    for (std::size_t i = 0; i < octets.size(); ++i) {
        const char c = octets[i];
        const bool crlf = c == '\r' && i + 1 < octets.size() && octets[i + 1] == '\n';
        if (crlf) {
            line = 0;
            ++i;
            continue;
        }
        if (c == '\r' || c == '\n') return refused("it has a line end that is not CR LF");
        if (c == '\0' || static_cast<unsigned char>(c) > 127) {
            return refused("it has an octet that is not 7-bit text");
        }
        if (++line > kMaxLine) return refused("it has a line of more than 998 octets");
    }
    return {};
}

}  // namespace cabroker::transport
