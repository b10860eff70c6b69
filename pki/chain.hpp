// Judges issued certificates: does one answer what was asked, and does it chain to the configured
// roots. Revocation is not looked up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/time.hpp"
#include "pki/certificate.hpp"

namespace cabroker::pki {

/// The configured trust anchors. Copies share one store. Thread-safe.
class TrustRoots {
  public:
    /// Checks only that the files can be opened (bad_configuration names the first that cannot);
    /// they are parsed at first use, because the system's store costs 25 ms.
    [[nodiscard]] static Result<TrustRoots> load(std::vector<std::string> pem_files);
    /// Roots that are at hand already.
    [[nodiscard]] static TrustRoots of(std::vector<Certificate> roots);

    /// Parses now instead of at first use: the number of roots, or bad_configuration.
    [[nodiscard]] Result<std::size_t> prepare() const;

    struct Store;
    /// For pki's own sources.
    [[nodiscard]] Store& store() const { return *store_; }

  private:
    explicit TrustRoots(std::shared_ptr<Store> store) : store_(std::move(store)) {}
    std::shared_ptr<Store> store_;
};

/// The chain leaf..root, for TLS servers, with signatures, validity at `at`, constraints and
/// purpose checked. `others` need no order and may hold strangers. Failure: bad_answer with the
/// fact `reason`: certificate_expired, certificate_not_yet_valid, chain_incomplete (an issuer is
/// missing), chain_untrusted (everything else, for instance a bad signature or another root);
/// detail says which certificate and why.
[[nodiscard]] Result<std::vector<Certificate>> verify_chain(const Certificate& leaf,
                                                            const std::vector<Certificate>& others,
                                                            const TrustRoots& roots,
                                                            domain::Time at);

/// Is this the certificate that was asked for? The key must be `expected_spki_sha256` when given,
/// every name of `order_names` must be covered, `at` must lie in its validity. Failure: bad_answer
/// with the fact `reason`: key_mismatch, name_mismatch, certificate_expired or
/// certificate_not_yet_valid, checked in this order.
[[nodiscard]] Result<void> judge_certificate(const Certificate& leaf,
                                             const std::optional<std::string>& expected_spki_sha256,
                                             const std::vector<std::string>& order_names,
                                             domain::Time at);

}  // namespace cabroker::pki
