#include "sim/ca.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <algorithm>
#include <stdexcept>

#include "sim/ca_parts.hpp"
#include "sim/clock.hpp"
#include "sim/text.hpp"

namespace cabroker::sim {
namespace {

using domain::Error;
using domain::ErrorCode;
using domain::Result;

constexpr std::size_t kLongestCsr = 64 * 1024;

std::string serial_octets(runtime::Random& random) {
    std::array<std::uint8_t, 16> octets{};
    random.fill(octets);
    octets[0] = static_cast<std::uint8_t>((octets[0] & 0x7FU) | 0x40U);  // positive, never short
    return std::string(octets.begin(), octets.end());
}

domain::Time midnight(domain::Time at) {
    return std::chrono::time_point_cast<domain::Duration>(
        std::chrono::floor<std::chrono::days>(at));
}

bool key_is_good(EVP_PKEY* key) {
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        const int bits = EVP_PKEY_get_bits(key);
        return bits >= 2048 && bits % 8 == 0 && bits <= 16384;
    }
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return false;
    char name[64] = {};
    if (EVP_PKEY_get_group_name(key, name, sizeof name, nullptr) != 1) return false;
    const int nid = OBJ_txt2nid(name);
    return nid == NID_X9_62_prime256v1 || nid == NID_secp384r1 || nid == NID_secp521r1;
}

std::string common_name_of(X509_REQ* request) {
    X509_NAME* subject = X509_REQ_get_subject_name(request);
    const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index < 0) return "";
    unsigned char* utf8 = nullptr;
    const int length =
        ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    if (length < 0) return "";
    std::string name(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(length));
    OPENSSL_free(utf8);
    return name;
}

Request request_of(std::string_view pem) {
    const Bio bio = bio_of(pem);
    Request request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
    ERR_clear_error();
    return request;
}

Certificate facts_of(X509* certificate, EVP_PKEY* key, const CertPlan& plan) {
    Certificate out;
    out.serial = serial_of(certificate);
    out.pem = pem_of(certificate);
    out.sha1 = sha1_of(certificate);
    out.sha256 = sha256_of(certificate);
    out.spki_sha256 = spki_sha256(key);
    out.not_before = plan.not_before;
    out.not_after = plan.not_after;
    return out;
}

}  // namespace

CsrFacts read_csr(std::string_view pem) {
    CsrFacts facts;
    const auto fault = [&](CsrFault what) {
        facts.fault = what;
        return facts;
    };
    if (trimmed(pem).empty()) return fault(CsrFault::missing);
    if (pem.find("PRIVATE KEY-----") != std::string_view::npos) return fault(CsrFault::private_key);
    if (pem.size() > kLongestCsr) return fault(CsrFault::unreadable);
    const Request request = request_of(pem);
    if (!request) return fault(CsrFault::unreadable);
    EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
    ERR_clear_error();
    if (key == nullptr) return fault(CsrFault::unreadable);
    const bool verified = X509_REQ_verify(request.get(), key) == 1;
    ERR_clear_error();
    if (!verified) return fault(CsrFault::bad_signature);
    if (!key_is_good(key)) return fault(CsrFault::weak_key);
    facts.common_name = common_name_of(request.get());
    STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request.get());
    facts.dns_names = dns_names_of(extensions);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    facts.spki_sha256 = spki_sha256(key);
    return facts;
}

struct CertificateAuthority::Keys {
    Cert root;
    Cert intermediate;
    Key intermediate_key;
    std::string root_pem;
    std::string intermediate_pem;
    runtime::Random* random = nullptr;

    Certificate issue(EVP_PKEY* key, const std::string& common_name,
                      const std::vector<std::string>& names, domain::Time at, int days) const {
        CertPlan plan;
        plan.common_name = common_name;
        plan.dns_names = names;
        // CAs may date it up to 48 hours back (Baseline Requirements, 7.1.2.7). A day, so that it
        // is valid for those whose clocks are some hours behind this world, also around midnight.
        plan.not_before = midnight(at) - kDay;
        plan.not_after = plan.not_before + days * kDay - std::chrono::seconds(1);
        plan.serial_octets = serial_octets(*random);
        const Cert made = make_cert(plan, key, intermediate.get(), intermediate_key.get());
        return facts_of(made.get(), key, plan);
    }
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Keys> keys) : keys_(std::move(keys)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

const std::string& CertificateAuthority::root_pem() const { return keys_->root_pem; }
const std::string& CertificateAuthority::intermediate_pem() const {
    return keys_->intermediate_pem;
}

Result<CertificateAuthority> CertificateAuthority::open(const std::string& directory,
                                                        domain::Time now,
                                                        runtime::Random& random) try {
    const std::string root_file = directory + "/issuing-root.pem";
    const std::string intermediate_file = directory + "/issuing-intermediate.pem";
    const std::string key_file = directory + "/issuing-intermediate.key";
    auto keys = std::make_unique<Keys>();
    keys->random = &random;
    keys->root = cert_of(read_text(root_file));
    keys->intermediate = cert_of(read_text(intermediate_file));
    keys->intermediate_key = key_of(read_text(key_file));
    ERR_clear_error();
    if (!keys->root || !keys->intermediate || !keys->intermediate_key) {
        CertPlan plan;
        plan.common_name = "Simulated Trust Root G1";
        plan.not_before = midnight(now) - 730 * kDay;
        plan.not_after = midnight(now) + 3650 * kDay;
        plan.ca_path_length = 1;
        plan.serial_octets = serial_octets(random);
        // The root's key signs once and is thrown away.
        const Key root_key = make_key();
        keys->root = make_cert(plan, root_key.get(), nullptr, root_key.get());
        plan.common_name = "Simulated TLS CA 2";
        plan.ca_path_length = 0;
        plan.serial_octets = serial_octets(random);
        keys->intermediate_key = make_key();
        keys->intermediate =
            make_cert(plan, keys->intermediate_key.get(), keys->root.get(), root_key.get());
        if (!write_text(key_file, pem_of(keys->intermediate_key.get()), 0600) ||
            !write_text(intermediate_file, pem_of(keys->intermediate.get()), 0644) ||
            !write_text(root_file, pem_of(keys->root.get()), 0644)) {
            return Error(ErrorCode::bad_configuration,
                         "cannot write the CA's files in " + directory +
                             ": check that it exists and is writable");
        }
    }
    keys->root_pem = pem_of(keys->root.get());
    keys->intermediate_pem = pem_of(keys->intermediate.get());
    return CertificateAuthority(std::move(keys));
} catch (const std::runtime_error& error) {
    return Error(ErrorCode::internal, error.what());
}

Result<Certificate> CertificateAuthority::issue(std::string_view csr_pem,
                                                const std::string& common_name,
                                                const std::vector<std::string>& names,
                                                domain::Time at, int days) try {
    const Request request = request_of(csr_pem);
    EVP_PKEY* key = request ? X509_REQ_get0_pubkey(request.get()) : nullptr;
    if (key == nullptr)
        return Error(ErrorCode::invalid_body, "cannot read the CSR: not PEM of one");
    return keys_->issue(key, common_name, names, at, days);
} catch (const std::runtime_error& error) {
    return Error(ErrorCode::internal, error.what());
}

Result<Certificate> CertificateAuthority::issue_first(const std::string& common_name,
                                                      const std::vector<std::string>& names,
                                                      domain::Time at, int days) try {
    const Key key = make_key();
    return keys_->issue(key.get(), common_name, names, at, days);
} catch (const std::runtime_error& error) {
    return Error(ErrorCode::internal, error.what());
}

}  // namespace cabroker::sim
