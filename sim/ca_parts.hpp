// OpenSSL behind RAII types, and the making of one certificate: what ca.cpp and tls_files.cpp are
// built from.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "domain/time.hpp"

namespace cabroker::sim {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* pointer) const {
        Free(pointer);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Cert = std::unique_ptr<X509, Freed<X509_free>>;
using Request = std::unique_ptr<X509_REQ, Freed<X509_REQ_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

/// What a certificate shall be. Issuer null: self-signed.
struct CertPlan {
    std::string common_name;
    std::vector<std::string> dns_names;
    std::vector<std::string> addresses;
    domain::Time not_before{};
    domain::Time not_after{};
    /// -1: an end entity; else a CA with this many CAs below it.
    int ca_path_length = -1;
    std::string serial_octets;
};

/// Throws std::runtime_error when OpenSSL fails: only a lack of memory makes it.
[[nodiscard]] Key make_key();
[[nodiscard]] Cert make_cert(const CertPlan& plan, EVP_PKEY* subject_key, X509* issuer,
                             EVP_PKEY* issuer_key);

[[nodiscard]] Bio bio_of(std::string_view text);
[[nodiscard]] std::string text_of(BIO* bio);
[[nodiscard]] std::string pem_of(X509* certificate);
[[nodiscard]] std::string pem_of(EVP_PKEY* key);
[[nodiscard]] Cert cert_of(std::string_view pem);
[[nodiscard]] Key key_of(std::string_view pem);
/// Lower-case hex of SHA-256 over the SubjectPublicKeyInfo.
[[nodiscard]] std::string spki_sha256(EVP_PKEY* key);
/// Upper-case hex of SHA-1 over the certificate: the thumbprint.
[[nodiscard]] std::string sha1_of(X509* certificate);
/// Lower-case hex of SHA-256 over the certificate.
[[nodiscard]] std::string sha256_of(X509* certificate);
/// Upper-case hex without leading zeros.
[[nodiscard]] std::string serial_of(X509* certificate);
[[nodiscard]] std::vector<std::string> dns_names_of(const STACK_OF(X509_EXTENSION) * extensions);

/// A text file, or an empty text.
[[nodiscard]] std::string read_text(const std::string& path);
/// Writes beside and renames, so that a reader never sees half a file. False when the disk refuses.
[[nodiscard]] bool write_text(const std::string& path, std::string_view text, unsigned mode);

}  // namespace cabroker::sim
