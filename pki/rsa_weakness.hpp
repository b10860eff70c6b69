// Inside pki only: RSA moduli that the Baseline Requirements (6.1.1.3, 6.1.6) forbid, found by
// arithmetic.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cabroker::pki {

/// `modulus`, `exponent`: big-endian magnitudes. The first reason not to certify this key, in
/// words; nullopt when none is found. Looks at size, exponent, factors below 752, ROCA
/// (CVE-2017-15361) and primes close enough for 100 rounds of Fermat's method.
[[nodiscard]] std::optional<std::string> rsa_weakness(std::string_view modulus,
                                                      std::string_view exponent);

/// Outside the range 2^16+1 .. 2^256-1 that the Baseline Requirements recommend.
[[nodiscard]] bool is_unusual_exponent(std::string_view exponent);

[[nodiscard]] std::size_t bits_of(std::string_view magnitude);

}  // namespace cabroker::pki
