// Converts an issued chain into the download formats of the contract. Never holds or writes a
// private key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/words.hpp"
#include "pki/certificate.hpp"

namespace cabroker::pki {

/// One file to hand out. `name` has only [a-z0-9._-].
struct FormattedFile {
    std::string name;
    std::string content_type;
    std::string octets;
};

/// Writes `chain` (leaf..root, as verify_chain gives it) in one format. Equal input gives equal
/// octets.
///
/// | format | file | holds |
/// |---|---|---|
/// | default, default_pem | .zip of .crt | leaf, intermediates, root, one file each |
/// | default_cer | .zip of .cer | the same |
/// | apache | .zip of .crt | leaf, intermediates |
/// | cer | .cer | one PKCS#7 bundle in PEM, whole chain (DigiCert's odd name for it) |
/// | p7b | .p7b | the same |
/// | pem_all | .pem | leaf..root |
/// | pem_noroot | .pem | leaf and intermediates |
/// | pem_nointermediate | .pem | leaf |
/// | der | .der | leaf |
/// | pkcs12 | .p12 | whole chain, no key, not encrypted, a MAC over the empty password |
///
/// Source: dev.digicert.com/glossary. Errors: bad_parameter for an empty chain; internal when a
/// library fails.
[[nodiscard]] Result<FormattedFile> convert(domain::Format format,
                                            const std::vector<Certificate>& chain,
                                            const std::string& common_name);

/// `wildcard.example.com-0a1b2c`: the common name in lower case, `*` as `wildcard`, other octets
/// than [a-z0-9._-] as `_`, at most 100 characters of it, then the serial.
[[nodiscard]] std::string file_stem(std::string_view common_name, std::string_view serial);

}  // namespace cabroker::pki
