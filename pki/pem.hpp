// Inside pki only: PEM blocks in any text (RFC 7468, read leniently) and base64.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cabroker::pki {

/// One `-----BEGIN LABEL-----` ... `-----END LABEL-----`. Views into the text.
struct PemBlock {
    std::string_view label;
    std::string_view body;
    std::size_t begin = 0;
    /// One past the END line's dashes.
    std::size_t end = 0;
};

/// All complete blocks in their order, at most `most`.
[[nodiscard]] std::vector<PemBlock> pem_blocks(std::string_view text, std::size_t most);

/// White space between is ignored; wrong characters, wrong padding or nothing at all: nullopt.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

/// One block with lines of 64 characters and a line feed at its end.
[[nodiscard]] std::string pem_text(std::string_view label, std::string_view octets);

/// Space, tab, CR, LF, vertical tab, form feed.
[[nodiscard]] bool is_blank(char c);
[[nodiscard]] bool is_base64(char c);

}  // namespace cabroker::pki
