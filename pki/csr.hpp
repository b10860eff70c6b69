// Reads and checks certificate signing requests (PKCS#10, RFC 2986) before anything is stored or
// sent. Judges the CSR alone; whether it fits an order is in name_match.hpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cabroker::pki {

inline constexpr std::size_t kMaxCsrBytes = 100UL * 1024;
inline constexpr std::size_t kMaxCsrNames = 1000;

/// `error`: no CA may or will take it. `warning`: some will not, or it deserves a look. `info`: a
/// remark.
enum class Severity { error, warning, info };
[[nodiscard]] std::string_view name_of(Severity severity);

/// One remark about a CSR. `code` is stable; `detail` and `hint` never repeat key material.
/// Codes: csr_unparsable csr_bad_signature csr_weak_key weak_signature_hash private_key_pasted
/// challenge_password_present multiple_pem_blocks trailing_garbage der_instead_of_pem no_names
/// bad_name ip_address_san unusual_exponent.
struct Finding {
    std::string code;
    Severity severity = Severity::error;
    std::string detail;
    std::string hint;
};

struct KeyFacts {
    /// "rsa", "ec", "ed25519", "ed448", "dsa", or the dotted OID of another algorithm.
    std::string type;
    int bits = 0;
    /// "P-256", "P-384", "P-521", else OpenSSL's name or the OID; only for "ec".
    std::optional<std::string> curve;
    /// SHA-256 of the DER SubjectPublicKeyInfo, lower-case hex: the identity of the key.
    std::string spki_sha256;
};

struct CsrReport {
    /// True when no finding is an error.
    bool ok = false;
    /// RFC 4514 text, UTF-8.
    std::string subject;
    std::optional<std::string> common_name;
    /// DNS names of the SAN extension: lower case, in their order, as written otherwise (no IDNA,
    /// no CN added).
    std::vector<std::string> dns_names;
    /// Absent when the CSR cannot be read.
    std::optional<KeyFacts> key;
    /// For instance "sha256WithRSAEncryption"; empty when the CSR cannot be read.
    std::string signature_algorithm;
    std::vector<Finding> findings;
    /// The request alone, re-encoded as one clean PEM block; empty when it cannot be read. This is
    /// what to send on.
    std::string pem;
};

/// The names that a CSR asks for.
struct CsrFacts {
    std::optional<std::string> common_name;
    std::vector<std::string> dns_names;
};
[[nodiscard]] CsrFacts facts_of(const CsrReport& report);

/// Parses and checks a CSR in PEM. Does not throw on any input; bounded in time and memory by the
/// limits above. A text with a private key gets the one finding private_key_pasted and is not
/// looked at further. Costs about one signature check. Any thread.
[[nodiscard]] CsrReport inspect_csr(std::string_view text);

/// KeyFacts::spki_sha256 of a CSR that inspect_csr has taken before; its signature is not checked
/// again. nullopt when it cannot be read. Any thread.
[[nodiscard]] std::optional<std::string> csr_key_sha256(std::string_view text);

/// The published problem code (contract, 422) of a finding with severity error: csr_unparsable,
/// csr_bad_signature, csr_weak_key, private_key_pasted or, for bad names, bad_format.
[[nodiscard]] std::string_view problem_code_of(const Finding& finding);

/// Is there a private key in the text? Any PEM private key block (PKCS#1, PKCS#8, EC, DSA,
/// encrypted, OpenSSH, PuTTY, PGP), also glued to other text or with escaped line ends, and
/// unarmoured base64 or binary DER of PKCS#1, PKCS#8 and EC keys.
[[nodiscard]] bool holds_private_key(std::string_view text);

}  // namespace cabroker::pki
