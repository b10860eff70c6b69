#include "domain/ids.hpp"

#include <algorithm>

namespace cabroker::domain {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kLength = 26;
constexpr std::size_t kTimeLength = 10;

constexpr std::array<bool, 256> kInAlphabet = [] {
    std::array<bool, 256> in{};
    for (const char c : kAlphabet) in[static_cast<unsigned char>(c)] = true;
    return in;
}();

}  // namespace

std::string ulid(Time at, const std::array<std::uint8_t, 10>& random) {
    std::string text(kLength, '0');
    auto milliseconds = static_cast<std::uint64_t>(at.time_since_epoch().count());
    for (std::size_t i = kTimeLength; i-- > 0;) {
        text[i] = kAlphabet[milliseconds & 31U];
        milliseconds >>= 5U;
    }
    // 80 bits are exactly 16 characters of 5 bits.
    std::uint32_t buffer = 0;
    unsigned bits = 0;
    std::size_t out = kTimeLength;
    for (const std::uint8_t byte : random) {
        buffer = (buffer << 8U) | byte;
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            text[out++] = kAlphabet[(buffer >> bits) & 31U];
        }
    }
    return text;
}

bool is_ulid(std::string_view text) {
    return text.size() == kLength && text.front() <= '7' &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return kInAlphabet[static_cast<unsigned char>(c)]; });
}

}  // namespace cabroker::domain
