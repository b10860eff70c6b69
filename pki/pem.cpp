#include "pki/pem.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace cabroker::pki {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xFF;
constexpr std::size_t kMaxPemLabel = 64;

constexpr std::array<std::uint8_t, 256> digit_table() {
    std::array<std::uint8_t, 256> table{};
    for (auto& entry : table) entry = kNoDigit;
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return table;
}
constexpr std::array<std::uint8_t, 256> kBase64Digits = digit_table();

}  // namespace

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_base64(char c) { return kBase64Digits[static_cast<unsigned char>(c)] != kNoDigit; }

std::vector<PemBlock> pem_blocks(std::string_view text, std::size_t most) {
    constexpr std::string_view kBegin = "-----BEGIN ";
    constexpr std::string_view kDashes = "-----";
    std::vector<PemBlock> blocks;
    std::size_t from = 0;
    while (blocks.size() < most) {
        const std::size_t begin = text.find(kBegin, from);
        if (begin == std::string_view::npos) break;
        const std::size_t label_at = begin + kBegin.size();
        from = label_at;
        const std::size_t label_end =
            text.substr(label_at, kMaxPemLabel + kDashes.size()).find(kDashes);
        if (label_end == std::string_view::npos) continue;
        PemBlock block;
        block.begin = begin;
        block.label = text.substr(label_at, label_end);
        const std::size_t body_at = label_at + label_end + kDashes.size();
        // No block reaches over the next BEGIN: so the whole scan stays linear.
        const std::string_view reach =
            text.substr(body_at, std::min(text.find(kBegin, body_at), text.size()) - body_at);
        const std::string last_line =
            std::string("-----END ") + std::string(block.label) + std::string(kDashes);
        const std::size_t end = reach.find(last_line);
        if (end == std::string_view::npos) continue;
        block.body = reach.substr(0, end);
        block.end = body_at + end + last_line.size();
        from = block.end;
        blocks.push_back(block);
    }
    return blocks;
}

std::optional<std::string> base64_decode(std::string_view text) {
    std::string octets;
    octets.reserve(text.size() / 4 * 3 + 3);
    std::uint32_t bits = 0;
    unsigned digits = 0;
    unsigned padding = 0;
    for (const char c : text) {
        if (is_blank(c)) continue;
        const bool is_padding = c == '=';
        const std::uint8_t digit =
            is_padding ? std::uint8_t{0} : kBase64Digits[static_cast<unsigned char>(c)];
        if (digit == kNoDigit || (padding > 0 && !is_padding)) return std::nullopt;
        if (is_padding) ++padding;
        bits = (bits << 6U) | digit;
        if (++digits < 4) continue;
        if (padding > 2) return std::nullopt;
        octets += static_cast<char>((bits >> 16U) & 0xFFU);
        if (padding < 2) octets += static_cast<char>((bits >> 8U) & 0xFFU);
        if (padding < 1) octets += static_cast<char>(bits & 0xFFU);
        bits = 0;
        digits = 0;
        // A further group after padding would start with padding > 0 and be refused above.
    }
    if (digits != 0 || octets.empty()) return std::nullopt;
    return octets;
}

std::string pem_text(std::string_view label, std::string_view octets) {
    constexpr std::size_t kLine = 48;
    std::string text = "-----BEGIN " + std::string(label) + "-----\n";
    for (std::size_t at = 0; at < octets.size(); at += kLine) {
        const std::string_view line = octets.substr(at, kLine);
        for (std::size_t i = 0; i < line.size(); i += 3) {
            const std::string_view group = line.substr(i, 3);
            std::uint32_t bits = 0;
            for (std::size_t k = 0; k < 3; ++k) {
                bits =
                    (bits << 8U) | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
            }
            for (std::size_t k = 0; k < 4; ++k) {
                text += k <= group.size() ? kAlphabet[(bits >> (18U - 6U * k)) & 63U] : '=';
            }
        }
        text += '\n';
    }
    text += "-----END " + std::string(label) + "-----\n";
    return text;
}

}  // namespace cabroker::pki
