// X.509 certificates as values: parsed once, copied cheaply, read from any thread. No trust is
// decided here.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "domain/request.hpp"

namespace cabroker::pki {

template <class T>
using Result = domain::Result<T>;

inline constexpr std::size_t kMaxCertificateBytes = 64UL * 1024;
inline constexpr std::size_t kMaxCertificates = 20;

/// The library's own form of a certificate; defined inside pki only.
struct ParsedCertificate;

/// One certificate. Immutable; copies share the parsed form.
class Certificate {
  public:
    /// Exactly one DER certificate of at most 64 KiB and nothing after it; else bad_answer with the
    /// fact `reason: certificate_unparsable`, or limit_exceeded.
    [[nodiscard]] static Result<Certificate> from_der(std::string_view octets);

    /// Common name, DNS names (lower case, SAN order), serial and SHA-256 in lower-case hex,
    /// validity.
    [[nodiscard]] const domain::CertificateFacts& facts() const;
    /// The serial number as some pages write it; facts() has it in hex.
    [[nodiscard]] std::string decimal_serial() const;
    /// SHA-256 of the DER SubjectPublicKeyInfo, lower-case hex; compares with
    /// KeyFacts::spki_sha256.
    [[nodiscard]] const std::string& spki_sha256() const;
    [[nodiscard]] const std::string& der() const;
    /// One PEM block with a line feed at its end.
    [[nodiscard]] std::string pem() const;
    /// RFC 4514 text, UTF-8.
    [[nodiscard]] const std::string& subject() const;
    [[nodiscard]] const std::string& issuer() const;
    /// basicConstraints says CA (or, without extensions, version 1 and self-issued).
    [[nodiscard]] bool is_ca() const;
    [[nodiscard]] bool is_self_issued() const;
    bool operator==(const Certificate& other) const { return der() == other.der(); }

    /// For pki's own sources.
    [[nodiscard]] const ParsedCertificate& parsed() const { return *parsed_; }

  private:
    explicit Certificate(std::shared_ptr<const ParsedCertificate> parsed)
        : parsed_(std::move(parsed)) {}
    std::shared_ptr<const ParsedCertificate> parsed_;
};

/// Reads the certificates of a mail, a download or a file, in their order: PEM (many, other text
/// between ignored), DER, PKCS#7 SignedData as PEM or DER. At least one, at most 20, each at most
/// 64 KiB, else limit_exceeded; nothing readable: bad_answer with `reason: certificate_unparsable`.
/// Private keys in the text are ignored, never returned.
[[nodiscard]] Result<std::vector<Certificate>> certificates_from(std::string_view octets);

/// The one end-entity certificate among several: the one that is no CA, or the one whose key is
/// `spki_sha256` when that is not empty. bad_answer with `reason: certificate_missing` or
/// `certificate_ambiguous`.
[[nodiscard]] Result<Certificate> leaf_of(const std::vector<Certificate>& certificates,
                                          std::string_view spki_sha256 = {});

}  // namespace cabroker::pki
