// Makes keys, CSRs, CAs and certificates for tests, with OpenSSL directly and without pki's own
// writers, so that a misunderstanding shows. Aborts the test program (throws) when the library
// fails.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/time.hpp"
#include "pki/certificate.hpp"

namespace cabroker::test_pki {

/// A key pair; copies share it.
struct TestKey {
    std::shared_ptr<void> handle;
    /// PKCS#8 PEM.
    [[nodiscard]] std::string private_pem() const;
    /// SHA-256 of the SubjectPublicKeyInfo, lower-case hex.
    [[nodiscard]] std::string spki_sha256() const;
};

[[nodiscard]] TestKey make_rsa_key(unsigned bits = 2048, unsigned long exponent = 65537);
/// "P-256", "P-384", "P-521", "secp256k1", ...
[[nodiscard]] TestKey make_ec_key(const std::string& curve = "P-256");
/// "ED25519", "ED448".
[[nodiscard]] TestKey make_edwards_key(const std::string& type = "ED25519");
/// A public RSA key out of given numbers (decimal or 0x hex); it signs nothing.
[[nodiscard]] TestKey make_rsa_public_key(const std::string& modulus, unsigned long exponent);

struct CsrOptions {
    std::string digest = "SHA256";
    std::string organization;
    /// More common names after the first.
    std::vector<std::string> more_common_names;
    std::vector<std::string> ip_addresses;
    std::vector<std::string> mail_addresses;
    bool challenge_password = false;
    bool bad_signature = false;
    /// Sign with this key instead of the one in the CSR.
    std::optional<TestKey> signer;
};
/// PEM. An empty common name is left out.
[[nodiscard]] std::string make_csr(const TestKey& key, const std::string& common_name,
                                   const std::vector<std::string>& dns_names = {},
                                   const CsrOptions& options = {});

/// A CA with its key. `issuer` is empty for a root.
struct TestCa {
    TestKey key;
    std::string name;
    std::vector<pki::Certificate> chain;  ///< own certificate first, root last
    [[nodiscard]] const pki::Certificate& certificate() const { return chain.front(); }
    [[nodiscard]] const pki::Certificate& root() const { return chain.back(); }
};

struct Validity {
    domain::Time from{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
    domain::Time to{std::chrono::sys_days{std::chrono::year{2036} / 1 / 1}};
};

[[nodiscard]] TestCa make_ca(const std::string& name, const Validity& validity = {});
[[nodiscard]] TestCa make_intermediate(const TestCa& issuer, const std::string& name,
                                       const Validity& validity = {});

struct IssueOptions {
    Validity validity;
    /// Otherwise serverAuth; for instance "clientAuth" or "codeSigning".
    std::string extended_key_usage = "serverAuth";
    bool bad_signature = false;
};
/// A leaf for a key. The common name is not added to `dns_names`.
[[nodiscard]] pki::Certificate issue(const TestCa& ca, const TestKey& key,
                                     const std::string& common_name,
                                     const std::vector<std::string>& dns_names,
                                     const IssueOptions& options = {});
/// A leaf for the key in a CSR, as a CA would make it.
[[nodiscard]] pki::Certificate issue_for_csr(const TestCa& ca, const std::string& csr_pem,
                                             const std::string& common_name,
                                             const std::vector<std::string>& dns_names,
                                             const IssueOptions& options = {});

}  // namespace cabroker::test_pki
