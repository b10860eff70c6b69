// Inside pki only: takes the DER of a PKCS#10 request (RFC 2986) apart without OpenSSL's reader,
// which decodes the public key at once and so costs more than the signature check.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cabroker::pki {

/// Views into the DER.
struct CsrParts {
    std::string_view signed_octets;
    std::string_view subject;
    std::string_view public_key;
    std::string_view attributes;
    std::string_view signature_algorithm;
    /// The algorithm's OID with tag and length.
    std::string_view signature_oid;
    std::string_view signature;
};

/// nullopt when it is no request. Octets after it are the caller's to judge: `rest` gets them.
[[nodiscard]] std::optional<CsrParts> csr_parts(std::string_view der, std::string_view* rest);

/// What the attributes ask for.
struct CsrAttributes {
    /// As written in the request.
    std::vector<std::string> dns_names;
    std::size_t ip_addresses = 0;
    /// Names of kinds that TLS certificates do not carry: mail addresses, URIs, directory names.
    std::size_t other_names = 0;
    bool has_challenge_password = false;
    bool too_many_names = false;
};

/// nullopt when the attributes or the requested extensions are no DER of the right form.
[[nodiscard]] std::optional<CsrAttributes> csr_attributes(std::string_view attributes,
                                                          std::size_t max_names);

}  // namespace cabroker::pki
