// The TLS servers' CA and certificates.
#include <openssl/err.h>

#include <stdexcept>

#include "sim/ca.hpp"
#include "sim/ca_parts.hpp"
#include "sim/clock.hpp"

namespace cabroker::sim {
namespace {

std::string octets_of_serial(runtime::Random& random) {
    std::array<std::uint8_t, 12> octets{};
    random.fill(octets);
    octets[0] = static_cast<std::uint8_t>((octets[0] & 0x7FU) | 0x40U);
    return std::string(octets.begin(), octets.end());
}

Identity make_server(const CertPlan& plan, X509* ca, EVP_PKEY* ca_key) {
    const Key key = make_key();
    const Cert certificate = make_cert(plan, key.get(), ca, ca_key);
    Identity identity;
    identity.certificate_pem = pem_of(certificate.get());
    identity.key_pem = pem_of(key.get());
    return identity;
}

}  // namespace

domain::Result<TlsFiles> open_tls(const std::string& directory, domain::Time now,
                                  runtime::Random& random) try {
    TlsFiles files;
    files.ca_file = directory + "/tls-ca.pem";
    const std::string key_file = directory + "/tls-ca.key";
    Cert ca = cert_of(read_text(files.ca_file));
    Key ca_key = key_of(read_text(key_file));
    ERR_clear_error();
    CertPlan plan;
    plan.not_before = now - kDay;
    if (!ca || !ca_key) {
        ca_key = make_key();
        plan.common_name = "Simulated World TLS CA";
        plan.not_after = now + 3650 * kDay;
        plan.ca_path_length = 0;
        plan.serial_octets = octets_of_serial(random);
        ca = make_cert(plan, ca_key.get(), nullptr, ca_key.get());
        if (!write_text(key_file, pem_of(ca_key.get()), 0600) ||
            !write_text(files.ca_file, pem_of(ca.get()), 0644)) {
            return domain::Error(
                domain::ErrorCode::bad_configuration,
                "cannot write " + files.ca_file + ": check that the folder exists and is writable");
        }
    }
    plan.ca_path_length = -1;
    plan.common_name = "localhost";
    plan.dns_names.assign(1, "localhost");
    plan.addresses.assign(1, "127.0.0.1");
    plan.addresses.emplace_back("::1");
    plan.not_after = now + 365 * kDay;
    plan.serial_octets = octets_of_serial(random);
    files.server = make_server(plan, ca.get(), ca_key.get());
    plan.not_before = now - 60 * kDay;
    plan.not_after = now - kDay;
    plan.serial_octets = octets_of_serial(random);
    files.expired = make_server(plan, ca.get(), ca_key.get());
    plan.not_before = now - kDay;
    plan.not_after = now + 365 * kDay;
    plan.common_name = "other.example";
    plan.dns_names.assign(1, "other.example");
    plan.addresses.clear();
    plan.serial_octets = octets_of_serial(random);
    files.wrong_host = make_server(plan, ca.get(), ca_key.get());
    return files;
} catch (const std::runtime_error& error) {
    return domain::Error(domain::ErrorCode::internal, error.what());
}

}  // namespace cabroker::sim
