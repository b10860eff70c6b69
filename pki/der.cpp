#include "pki/der.hpp"

namespace cabroker::pki {
namespace {

std::uint8_t octet(std::string_view text, std::size_t at) {
    return static_cast<std::uint8_t>(text[at]);
}

}  // namespace

std::optional<DerHeader> der_header(std::string_view octets) {
    if (octets.size() < 2) return std::nullopt;
    DerHeader header;
    header.tag = octet(octets, 0);
    if ((header.tag & 0x1FU) == 0x1FU) return std::nullopt;
    const std::uint8_t first = octet(octets, 1);
    if (first < 0x80U) {
        header.header_bytes = 2;
        header.content_bytes = first;
        return header;
    }
    const std::size_t count = first & 0x7FU;
    if (count == 0 || count > 4 || octets.size() < 2 + count) return std::nullopt;
    std::size_t length = 0;
    for (std::size_t i = 0; i < count; ++i) length = (length << 8U) | octet(octets, 2 + i);
    const bool minimal = length >= 0x80U && octet(octets, 2) != 0;
    if (!minimal) return std::nullopt;
    header.header_bytes = 2 + count;
    header.content_bytes = length;
    return header;
}

std::optional<DerValue> DerReader::next() {
    const std::optional<DerHeader> header = der_header(rest_);
    if (!header || rest_.size() - header->header_bytes < header->content_bytes) return std::nullopt;
    DerValue value;
    value.tag = header->tag;
    value.whole = rest_.substr(0, header->header_bytes + header->content_bytes);
    value.content = value.whole.substr(header->header_bytes);
    rest_.remove_prefix(value.whole.size());
    return value;
}

std::optional<DerValue> DerReader::next(std::uint8_t tag) {
    if (rest_.empty() || octet(rest_, 0) != tag) return std::nullopt;
    return next();
}

std::optional<std::string_view> der_magnitude(const DerValue& integer) {
    std::string_view digits = integer.content;
    if (integer.tag != kDerInteger || digits.empty() || octet(digits, 0) >= 0x80U) {
        return std::nullopt;
    }
    if (digits.size() > 1 && octet(digits, 0) == 0) {
        if (octet(digits, 1) < 0x80U) return std::nullopt;
        digits.remove_prefix(1);
    }
    return digits;
}

std::optional<std::string_view> der_bit_string(const DerValue& value) {
    if (value.tag != kDerBitString || value.content.empty() || octet(value.content, 0) != 0) {
        return std::nullopt;
    }
    return value.content.substr(1);
}

}  // namespace cabroker::pki
