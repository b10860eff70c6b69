#include "runtime/sha256.hpp"

#include <openssl/sha.h>

#include <array>

namespace cabroker::runtime {

std::string sha256_hex(std::string_view octets) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's type for octets
    SHA256(reinterpret_cast<const unsigned char*>(octets.data()), octets.size(), digest.data());
    std::string text;
    for (const unsigned char octet : digest) {
        text += kDigits[octet >> 4U];
        text += kDigits[octet & 15U];
    }
    return text;
}

}  // namespace cabroker::runtime
