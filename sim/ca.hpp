// The simulated CA: a root, an intermediate, and certificates issued from CSRs. Directly on OpenSSL
// on purpose, so that a misunderstanding in the broker's own pki/ shows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "domain/time.hpp"
#include "runtime/random.hpp"

namespace cabroker::sim {

/// What was issued. `serial` is upper-case hex without leading zeros.
struct Certificate {
    /// The account API's number; given by the world.
    std::uint64_t id = 0;
    std::string serial;
    std::string pem;
    /// Thumbprint, upper-case hex.
    std::string sha1;
    std::string sha256;
    std::string spki_sha256;
    domain::Time not_before{};
    domain::Time not_after{};
    std::optional<domain::Time> revoked_at;
    std::string revocation_reason;
};

/// Why a CSR was not taken.
enum class CsrFault { none, missing, unreadable, bad_signature, weak_key, private_key };

struct CsrFacts {
    CsrFault fault = CsrFault::none;
    std::string common_name;
    std::vector<std::string> dns_names;
    std::string spki_sha256;
};

/// Reads a CSR in PEM as a CA does: finds the block, checks signature and key.
[[nodiscard]] CsrFacts read_csr(std::string_view pem);

/// A key and its certificate, in PEM.
struct Identity {
    std::string certificate_pem;
    std::string key_pem;
};

/// One thread. Revocation is kept with the certificates by whoever owns them.
class CertificateAuthority {
  public:
    /// Loads root and intermediate from `directory`, or makes them there (0600 keys).
    [[nodiscard]] static domain::Result<CertificateAuthority> open(const std::string& directory,
                                                                   domain::Time now,
                                                                   runtime::Random& random);
    CertificateAuthority(CertificateAuthority&&) noexcept;
    CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
    ~CertificateAuthority();

    /// Issues for the key of a CSR that read_csr() found good; the names come from the order. Valid
    /// from midnight (UTC) of `at`, for `days`.
    [[nodiscard]] domain::Result<Certificate> issue(std::string_view csr_pem,
                                                    const std::string& common_name,
                                                    const std::vector<std::string>& names,
                                                    domain::Time at, int days = 199);
    /// As issue(), for a new key that is thrown away: an order's first certificate.
    [[nodiscard]] domain::Result<Certificate> issue_first(const std::string& common_name,
                                                          const std::vector<std::string>& names,
                                                          domain::Time at, int days = 199);
    [[nodiscard]] const std::string& root_pem() const;
    [[nodiscard]] const std::string& intermediate_pem() const;

  private:
    struct Keys;
    explicit CertificateAuthority(std::unique_ptr<Keys> keys);
    std::unique_ptr<Keys> keys_;
};

/// What the TLS servers need; kept in `directory` as tls-ca.pem and keys.
struct TlsFiles {
    std::string ca_file;
    Identity server;
    /// The same names, but out of date: for the fault `expired_certificate`.
    Identity expired;
    /// For another host: for the fault `wrong_host_certificate`.
    Identity wrong_host;
};
[[nodiscard]] domain::Result<TlsFiles> open_tls(const std::string& directory, domain::Time now,
                                                runtime::Random& random);

}  // namespace cabroker::sim
