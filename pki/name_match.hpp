// Host names in one form (lower case, A-labels), wildcard covering, and whether a CSR fits an
// order.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pki/csr.hpp"

namespace cabroker::pki {

/// Lower case, IDNA 2008 A-labels (non-transitional UTS 46), no trailing dot; `*.` may stand at the
/// left. nullopt when it is no host name: empty, a wildcard elsewhere, a character outside letters,
/// digits, hyphen, too long, an IP.
[[nodiscard]] std::optional<std::string> normalise_name(std::string_view name);

/// The name normalised, or as it is where it is none, without a leading `www.`: CAs add the one
/// with or without it, and an order of one is an order of the other.
[[nodiscard]] std::string plain_name(std::string_view name);

/// An IPv4 or IPv6 address as text, brackets allowed.
[[nodiscard]] bool is_ip_address(std::string_view text);

/// True for names that no public CA may certify: one label only, or under a name reserved for
/// inside use
/// (.local, .internal, .localhost, .test, .example, .invalid, .home.arpa, .lan, .corp, .home,
/// .onion is not meant) or under an IP reverse zone (Baseline Requirements 7.1.2.7.12). Takes a
/// normalised name.
[[nodiscard]] bool is_internal_name(std::string_view normalised);

/// Does a certificate name cover a host name? Equal after normalising, or `*.rest` for exactly one
/// more label (RFC 9525 section 6.3). `name` may itself be a wildcard; then only the same wildcard
/// covers it.
[[nodiscard]] bool covers(std::string_view pattern, std::string_view name);

/// How a CSR fits an order. `detail` says what does not; `notes` are worth telling although it
/// fits.
struct NameVerdict {
    bool fits = true;
    std::string detail;
    std::vector<std::string> notes;
};

/// The CSR's common name must be the order's (`www.` more or less is allowed, with a note). When
/// the order knows its names, all names of the CSR must be among them (covered by a wildcard of
/// them is not enough). A CSR without a common name is judged by its DNS names; an order that knows
/// no name fits every CSR.
[[nodiscard]] NameVerdict csr_fits_order(const CsrFacts& csr,
                                         const std::optional<std::string>& common_name,
                                         const std::vector<std::string>& dns_names);

}  // namespace cabroker::pki
