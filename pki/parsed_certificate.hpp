// Inside pki only: what a Certificate shares between its copies.
#pragma once

#include <string>

#include "domain/request.hpp"
#include "pki/openssl.hpp"

namespace cabroker::pki {

struct ParsedCertificate {
    X509Ptr handle;
    std::string der;
    domain::CertificateFacts facts;
    std::string spki_sha256;
    std::string subject;
    std::string issuer;
    bool is_ca = false;
    bool is_self_issued = false;
};

/// The library's handle; it takes no const, but only its own locked caches are written through it.
[[nodiscard]] inline X509* handle_of(const ParsedCertificate& parsed) {
    return parsed.handle.get();
}

}  // namespace cabroker::pki
