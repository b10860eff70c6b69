#include "pki/rsa_weakness.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "pki/openssl.hpp"

namespace cabroker::pki {
namespace {

constexpr std::size_t kLeastBits = 2048;
constexpr std::size_t kMostBits = 16384;
constexpr unsigned kFactorLimit = 752;
constexpr unsigned kRocaLimit = 167;
constexpr int kFermatRounds = 100;

/// Primes whose product fits 32 bits, so that one pass over the modulus serves all of them.
struct PrimeGroup {
    std::uint32_t product = 1;
    std::vector<unsigned> primes;
};

std::vector<PrimeGroup> make_groups() {
    std::vector<PrimeGroup> groups(1);
    for (unsigned candidate = 2; candidate < kFactorLimit; ++candidate) {
        bool is_prime = true;
        for (unsigned d = 2; d * d <= candidate; ++d) is_prime = is_prime && candidate % d != 0;
        if (!is_prime) continue;
        const std::uint64_t product = std::uint64_t{groups.back().product} * candidate;
        if (product > UINT32_MAX) groups.emplace_back();
        groups.back().product *= candidate;
        groups.back().primes.push_back(candidate);
    }
    return groups;
}

/// Is `residue` a power of 65537 modulo `prime`? Moduli of the flawed generator are, for every
/// prime up to 167.
bool is_power_of_65537(unsigned residue, unsigned prime) {
    const unsigned base = 65537U % prime;
    unsigned power = 1;
    do {
        if (power == residue) return true;
        power = power * base % prime;
    } while (power != 1);
    return false;
}

std::vector<std::uint32_t> words_of(std::string_view magnitude) {
    std::vector<std::uint32_t> words((magnitude.size() + 3) / 4);
    for (std::size_t i = 0; i < magnitude.size(); ++i) {
        const std::size_t from_end = magnitude.size() - 1 - i;
        std::uint32_t& word = words[words.size() - 1 - from_end / 4];
        word = (word << 8U) | static_cast<unsigned char>(magnitude[i]);
    }
    return words;
}

/// One pass for small factors and ROCA.
std::optional<std::string> small_prime_weakness(std::string_view modulus) {
    static const std::vector<PrimeGroup> groups = make_groups();
    const std::vector<std::uint32_t> words = words_of(modulus);
    bool roca = true;
    for (const PrimeGroup& group : groups) {
        std::uint64_t remainder = 0;
        for (const std::uint32_t word : words) {
            remainder = ((remainder << 32U) | word) % group.product;
        }
        for (const unsigned prime : group.primes) {
            const auto residue = static_cast<unsigned>(remainder % prime);
            if (residue == 0) return "the modulus is divisible by " + std::to_string(prime);
            if (prime > 2 && prime <= kRocaLimit) {
                roca = roca && is_power_of_65537(residue, prime);
            }
        }
    }
    if (roca) return "the key comes from a generator with the ROCA flaw (CVE-2017-15361)";
    return std::nullopt;
}

/// Squares leave few remainders modulo 64, 63, 65 and 11: most others are told without a root.
bool may_be_square(const BIGNUM* number) {
    constexpr std::uint64_t kSquaresModulo64 = 0x0202021202030213;
    unsigned low_bits = 0;
    for (int bit = 5; bit >= 0; --bit) {
        low_bits = low_bits * 2 + static_cast<unsigned>(BN_is_bit_set(number, bit));
    }
    if (((kSquaresModulo64 >> low_bits) & 1U) == 0) return false;
    constexpr BN_ULONG kModulus = 63UL * 65 * 11;
    const BN_ULONG residue = BN_mod_word(number, kModulus);
    for (const BN_ULONG modulus : {63UL, 65UL, 11UL}) {
        bool found = false;
        for (BN_ULONG root = 0; root <= modulus / 2 && !found; ++root) {
            found = root * root % modulus == residue % modulus;
        }
        if (!found) return false;
    }
    return true;
}

/// Newton's method from above; false when the library fails.
bool integer_root(const BIGNUM* number, BIGNUM* root, BN_CTX* ctx) {
    const BnPtr next(BN_new());
    if (!next || BN_set_word(root, 1) != 1) return false;
    if (BN_lshift(root, root, (BN_num_bits(number) + 1) / 2) != 1) return false;
    for (;;) {
        const bool done = BN_div(next.get(), nullptr, number, root, ctx) == 1 &&
                          BN_add(next.get(), next.get(), root) == 1 &&
                          BN_rshift1(next.get(), next.get()) == 1;
        if (!done) return false;
        if (BN_cmp(next.get(), root) >= 0) return true;
        if (BN_copy(root, next.get()) == nullptr) return false;
    }
}

bool is_square(const BIGNUM* number, BIGNUM* scratch, BN_CTX* ctx) {
    if (!may_be_square(number) || !integer_root(number, scratch, ctx)) return false;
    return BN_sqr(scratch, scratch, ctx) == 1 && BN_cmp(scratch, number) == 0;
}

/// n = a^2 - b^2 for an a near the root of n; also finds n = p^2.
bool has_close_primes(std::string_view modulus) {
    const BnCtxPtr ctx(BN_CTX_new());
    const BnPtr n(BN_bin2bn(octets_of(modulus), static_cast<int>(modulus.size()), nullptr));
    const BnPtr a(BN_new());
    const BnPtr b_squared(BN_new());
    const BnPtr scratch(BN_new());
    if (!ctx || !n || !a || !b_squared || !scratch) return false;
    if (!integer_root(n.get(), a.get(), ctx.get())) return false;
    if (BN_sqr(b_squared.get(), a.get(), ctx.get()) != 1) return false;
    if (BN_cmp(b_squared.get(), n.get()) == 0) return true;
    BN_add_word(a.get(), 1);
    BN_sqr(b_squared.get(), a.get(), ctx.get());
    BN_sub(b_squared.get(), b_squared.get(), n.get());
    for (int round = 0; round < kFermatRounds; ++round) {
        if (is_square(b_squared.get(), scratch.get(), ctx.get())) return true;
        // (a+1)^2 - n = (a^2 - n) + 2a + 1
        BN_add(b_squared.get(), b_squared.get(), a.get());
        BN_add(b_squared.get(), b_squared.get(), a.get());
        BN_add_word(b_squared.get(), 1);
        BN_add_word(a.get(), 1);
    }
    return false;
}

}  // namespace

std::size_t bits_of(std::string_view magnitude) {
    if (magnitude.empty()) return 0;
    const auto first = static_cast<unsigned char>(magnitude.front());
    return (magnitude.size() - 1) * 8 + static_cast<std::size_t>(std::bit_width(first));
}

bool is_unusual_exponent(std::string_view exponent) {
    constexpr std::size_t kLeast = 17;
    constexpr std::size_t kMost = 256;
    if (bits_of(exponent) > kMost) return true;
    if (bits_of(exponent) < kLeast) return true;
    return exponent == std::string_view("\x01\x00\x00", 3);
}

std::optional<std::string> rsa_weakness(std::string_view modulus, std::string_view exponent) {
    const std::size_t bits = bits_of(modulus);
    if (bits < kLeastBits) {
        return "the RSA key has " + std::to_string(bits) + " bits, at least 2048 are needed";
    }
    if (bits > kMostBits) {
        return "the RSA key has " + std::to_string(bits) + " bits, more than 16384";
    }
    if (bits % 8 != 0) return "the size of the RSA modulus is no multiple of 8 bits";
    const bool even = (static_cast<unsigned char>(exponent.back()) & 1U) == 0;
    if (even || (exponent.size() == 1 && static_cast<unsigned char>(exponent.front()) < 3)) {
        return "the RSA exponent is even or below 3";
    }
    if (auto weakness = small_prime_weakness(modulus)) return weakness;
    if (has_close_primes(modulus)) {
        return "the primes of the RSA key are so close that it can be factored";
    }
    return std::nullopt;
}

}  // namespace cabroker::pki
