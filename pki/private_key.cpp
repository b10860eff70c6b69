// Finds pasted private keys. Rather one false alarm than one key on disk.
#include <algorithm>
#include <string>

#include "pki/csr.hpp"
#include "pki/der.hpp"
#include "pki/pem.hpp"

namespace cabroker::pki {
namespace {

using namespace std::string_view_literals;

bool is_alnum(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// Upper case without white space and escaped line ends, so that torn and re-wrapped armour is
/// found too.
std::string squeezed(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (is_blank(c)) continue;
        if (c == '\\' && i + 1 < text.size() && (text[i + 1] == 'n' || text[i + 1] == 'r')) {
            ++i;
            continue;
        }
        out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return out;
}

/// `-BEGIN...PRIVATEKEY` or `-END...PRIVATEKEY`; the dash may be one that a word processor made
/// longer.
bool has_armour(std::string_view text) {
    constexpr std::string_view kWords = "PRIVATEKEY";
    constexpr std::size_t kReach = 48;
    for (std::size_t at = text.find(kWords); at != std::string_view::npos;
         at = text.find(kWords, at + 1)) {
        std::size_t start = at;
        while (start > 0 && at - start < kReach && is_alnum(text[start - 1])) --start;
        const std::string_view run = text.substr(start, at - start);
        const bool dashed = start > 0 && (text[start - 1] == '-' ||
                                          static_cast<unsigned char>(text[start - 1]) >= 0x80U);
        if (dashed && (run.starts_with("BEGIN") || run.starts_with("END"))) return true;
    }
    return text.find("PUTTY-USER-KEY-FILE-") != std::string_view::npos;
}

/// Does DER that starts like this (it may be cut off) hold a private key? PKCS#8 (RFC 5958), PKCS#1
/// (RFC 8017), EC (RFC 5915), encrypted PKCS#8, PKCS#12 (RFC 7292).
bool starts_like_private_key(std::string_view octets) {
    constexpr std::size_t kLeast = 40;
    const auto outer = der_header(octets);
    if (!outer || outer->tag != kDerSequence || outer->content_bytes < kLeast) return false;
    octets.remove_prefix(outer->header_bytes);
    const auto first = der_header(octets);
    if (!first) return false;
    octets.remove_prefix(first->header_bytes);
    if (first->tag == kDerSequence) {
        return octets.starts_with("\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x05"sv) ||
               octets.starts_with("\x06\x0A\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x01"sv);
    }
    if (first->tag != kDerInteger || first->content_bytes != 1 || octets.empty()) return false;
    const auto version = static_cast<unsigned char>(octets.front());
    octets.remove_prefix(1);
    const auto second = der_header(octets);
    if (!second) return false;
    octets.remove_prefix(second->header_bytes);
    const bool then_oid = octets.starts_with('\x06');
    if (version == 3) return second->tag == kDerSequence && then_oid;
    if (version > 1) return false;
    if (second->tag == kDerSequence) return then_oid;
    constexpr std::size_t kLeastNumber = 32;
    if (second->tag == kDerInteger) return second->content_bytes >= kLeastNumber;
    return version == 1 && second->tag == kDerOctetString && second->content_bytes >= 16 &&
           second->content_bytes <= 66;
}

/// The first octets of the base64 that starts here.
std::string decoded_start(std::string_view text) {
    constexpr std::size_t kDigits = 64;
    std::string digits;
    for (std::size_t i = 0; i < text.size() && i < 2 * kDigits && digits.size() < kDigits; ++i) {
        if (is_blank(text[i])) continue;
        if (!is_base64(text[i])) break;
        digits += text[i];
    }
    digits.resize(digits.size() / 4 * 4);
    return base64_decode(digits).value_or("");
}

bool starts_a_word(std::string_view text, std::size_t at) {
    if (at == 0 || !is_base64(text[at - 1])) return true;
    const bool escaped_line_end =
        at > 1 && text[at - 2] == '\\' && (text[at - 1] == 'n' || text[at - 1] == 'r');
    return escaped_line_end;
}

/// A SEQUENCE of 40 octets or more is in base64 `M` and then, from its length octet, a letter from
/// C to I.
bool starts_like_sequence(std::string_view text) {
    return text.size() > 1 && text[0] == 'M' && text[1] >= 'C' && text[1] <= 'I';
}

bool has_bare_base64_key(std::string_view text) {
    for (std::size_t at = text.find('M'); at != std::string_view::npos;
         at = text.find('M', at + 1)) {
        const std::string_view rest = text.substr(at);
        if (starts_like_sequence(rest) && starts_a_word(text, at) &&
            starts_like_private_key(decoded_start(rest))) {
            return true;
        }
    }
    return false;
}

}  // namespace

bool holds_private_key(std::string_view text) {
    if (starts_like_private_key(text)) return true;
    // "openssh-key-v1" in base64, wherever it starts a block.
    if (text.find("b3BlbnNzaC1rZXktdjE") != std::string_view::npos) return true;
    return has_armour(squeezed(text)) || has_bare_base64_key(text);
}

}  // namespace cabroker::pki
