// Inside pki only: reads a SubjectPublicKeyInfo, says what key it is and whether a TLS CA may
// certify it.
#pragma once

#include <string_view>
#include <vector>

#include "pki/csr.hpp"
#include "pki/openssl.hpp"

namespace cabroker::pki {

struct PublicKey {
    KeyFacts facts;
    std::vector<Finding> findings;
    /// Made from the key's parts (five times cheaper in OpenSSL 3.0 than its decoder); null when
    /// the key is unusable or of another type than RSA and the three usual curves.
    PkeyPtr handle;
    /// A key that no check of its signature should spend time on.
    bool unusable = false;
};

/// `spki`: one whole DER SubjectPublicKeyInfo. nullopt when it has not even that form.
[[nodiscard]] std::optional<PublicKey> read_public_key(std::string_view spki);

}  // namespace cabroker::pki
