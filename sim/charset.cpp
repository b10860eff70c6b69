// UTF-8 and ISO-8859-1, for the portal whose pages are not UTF-8.
#include "sim/text.hpp"

namespace cabroker::sim {
namespace {

/// One character at `at`, which moves past it; nullopt where the octets are no UTF-8.
std::optional<char32_t> next_character(std::string_view text, std::size_t& at) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = octet(at);
    if (first < 0x80) {
        ++at;
        return first;
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return std::nullopt;
    char32_t character = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((octet(at + i) & 0xC0U) != 0x80U) return std::nullopt;
        character = (character << 6U) | (octet(at + i) & 0x3FU);
    }
    at += length;
    return character;
}

}  // namespace

std::string latin1_page(std::string_view utf8) {
    std::string out;
    out.reserve(utf8.size());
    for (std::size_t at = 0; at < utf8.size();) {
        const auto character = next_character(utf8, at);
        if (!character) {
            out += '?';
            ++at;
        } else if (*character < 0x100) {
            out += static_cast<char>(*character);
        } else {
            out += "&#" + std::to_string(static_cast<unsigned>(*character)) + ";";
        }
    }
    return out;
}

std::string as_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        if (next_character(text, at)) continue;
        std::string out;
        for (const char c : text) {
            const auto octet = static_cast<unsigned char>(c);
            if (octet < 0x80) {
                out += c;
            } else {
                out += static_cast<char>(0xC0U | (octet >> 6U));
                out += static_cast<char>(0x80U | (octet & 0x3FU));
            }
        }
        return out;
    }
    return std::string(text);
}

}  // namespace cabroker::sim
