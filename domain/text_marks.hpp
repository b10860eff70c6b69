#pragma once
// Characters that make a text look other than it is, or end its line for some readers. UTF-8.
#include <string_view>

namespace cabroker::domain {

/// Are all its octets printable ASCII? Nearly every text is; there is nothing to refuse in it then.
[[nodiscard]] inline bool is_plain(std::string_view text) {
    unsigned strange = 0;
    for (const char c : text) strange |= static_cast<unsigned char>(c) - 0x20U > 0x5EU ? 1U : 0U;
    return strange == 0;
}

/// Does it hold a control of writing direction: U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to
/// U+2069? With one of them a text can be shown in another order than it is read.
[[nodiscard]] inline bool has_direction_control(std::string_view text) {
    if (text.find("\xD8\x9C") != std::string_view::npos) return true;
    for (std::size_t at = text.find('\xE2'); at != std::string_view::npos;
         at = text.find('\xE2', at + 1)) {
        if (text.size() < at + 3) return false;
        const auto second = static_cast<unsigned char>(text[at + 1]);
        const auto third = static_cast<unsigned char>(text[at + 2]);
        const bool mark_or_override =
            third == 0x8E || third == 0x8F || (third >= 0xAA && third <= 0xAE);
        if (second == 0x80 && mark_or_override) return true;
        if (second == 0x81 && third >= 0xA6 && third <= 0xA9) return true;
    }
    return false;
}

/// U+0085, U+2028 and U+2029 end lines for some readers.
[[nodiscard]] inline bool has_unicode_line_end(std::string_view text) {
    return text.find("\xC2\x85") != std::string_view::npos ||
           text.find("\xE2\x80\xA8") != std::string_view::npos ||
           text.find("\xE2\x80\xA9") != std::string_view::npos;
}

}  // namespace cabroker::domain
