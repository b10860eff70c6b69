#include "pki/certificate.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <unordered_map>

#include "pki/parsed_certificate.hpp"
#include "pki/pem.hpp"

namespace cabroker::pki {
namespace {

using domain::Error;
using domain::ErrorCode;

Error unreadable(std::string why) {
    return Error(ErrorCode::bad_answer, "cannot read the certificate: " + std::move(why))
        .with("reason", "certificate_unparsable");
}

std::optional<domain::Time> time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
    using namespace std::chrono;
    const sys_days day = year(parts.tm_year + 1900) / (parts.tm_mon + 1) / parts.tm_mday;
    return domain::Time(day + hours(parts.tm_hour) + minutes(parts.tm_min) + seconds(parts.tm_sec));
}

std::vector<std::string> dns_names_of(const X509* certificate) {
    std::vector<std::string> names;
    const GeneralNamesPtr list(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    if (!list) return names;
    for (int i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(list.get(), i);
        if (name->type == GEN_DNS) names.push_back(lower(view_of(name->d.dNSName)));
    }
    return names;
}

std::string serial_of(const X509* certificate) {
    const BnPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
    if (!number) return {};
    std::string octets(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
    BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(octets.data()));
    return octets.empty() ? "00" : hex(octets);
}

std::string spki_sha256_of(const X509* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (size <= 0) return {};
    std::string digest =
        sha256_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return digest;
}

/// The CA certificates that came lately: the same few come with every chain, and reading a public
/// key costs more than all the rest. One for each thread.
class KnownAuthorities {
  public:
    using Parsed = std::shared_ptr<const ParsedCertificate>;

    [[nodiscard]] Parsed find(std::string_view der) const {
        const auto known = parsed_.find(std::string(der));
        return known == parsed_.end() ? nullptr : known->second;
    }
    void keep(const Parsed& parsed) {
        constexpr std::size_t kMost = 64;
        constexpr std::size_t kLargest = 8UL * 1024;
        if (!parsed->is_ca || parsed->der.size() > kLargest) return;
        if (parsed_.size() >= kMost) parsed_.clear();
        parsed_.emplace(parsed->der, parsed);
    }

  private:
    std::unordered_map<std::string, Parsed> parsed_;
};

KnownAuthorities& known_authorities() {
    thread_local KnownAuthorities known;
    return known;
}

}  // namespace

Result<Certificate> Certificate::from_der(std::string_view octets) {
    if (octets.size() > kMaxCertificateBytes) {
        return Error(ErrorCode::limit_exceeded, "cannot read the certificate: it is over 64 KiB");
    }
    if (auto known = known_authorities().find(octets)) return Certificate(std::move(known));
    const ErrorQueueGuard guard;
    const unsigned char* at = octets_of(octets);
    auto parsed = std::make_shared<ParsedCertificate>();
    parsed->handle.reset(d2i_X509(nullptr, &at, static_cast<long>(octets.size())));
    if (!parsed->handle) return unreadable("it is no X.509 certificate in DER");
    if (at != octets_of(octets) + octets.size()) return unreadable("other octets follow it");

    X509* handle = parsed->handle.get();
    const auto not_before = time_of(X509_get0_notBefore(handle));
    const auto not_after = time_of(X509_get0_notAfter(handle));
    if (!not_before || !not_after) return unreadable("its validity is no pair of dates");
    parsed->der = octets;
    parsed->facts.common_name = common_name_of(X509_get_subject_name(handle)).value_or("");
    parsed->facts.dns_names = dns_names_of(handle);
    parsed->facts.serial = serial_of(handle);
    parsed->facts.sha256 = sha256_hex(octets);
    parsed->facts.not_before = *not_before;
    parsed->facts.not_after = *not_after;
    parsed->spki_sha256 = spki_sha256_of(handle);
    parsed->subject = name_text(X509_get_subject_name(handle));
    parsed->issuer = name_text(X509_get_issuer_name(handle));
    parsed->is_ca = X509_check_ca(handle) > 0;
    parsed->is_self_issued =
        X509_NAME_cmp(X509_get_subject_name(handle), X509_get_issuer_name(handle)) == 0;
    known_authorities().keep(parsed);
    return Certificate(std::shared_ptr<const ParsedCertificate>(std::move(parsed)));
}

const domain::CertificateFacts& Certificate::facts() const { return parsed_->facts; }
const std::string& Certificate::spki_sha256() const { return parsed_->spki_sha256; }
const std::string& Certificate::der() const { return parsed_->der; }
std::string Certificate::pem() const { return pem_text("CERTIFICATE", parsed_->der); }
const std::string& Certificate::subject() const { return parsed_->subject; }
const std::string& Certificate::issuer() const { return parsed_->issuer; }
std::string Certificate::decimal_serial() const {
    const BnPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(handle_of(parsed())), nullptr));
    char* const text = number ? BN_bn2dec(number.get()) : nullptr;
    std::string decimal = text == nullptr ? "" : text;
    OPENSSL_free(text);
    return decimal;
}

bool Certificate::is_ca() const { return parsed_->is_ca; }
bool Certificate::is_self_issued() const { return parsed_->is_self_issued; }

Result<Certificate> leaf_of(const std::vector<Certificate>& certificates,
                            std::string_view spki_sha256) {
    const auto is_candidate = [&](const Certificate& certificate) {
        return spki_sha256.empty() ? !certificate.is_ca()
                                   : certificate.spki_sha256() == spki_sha256;
    };
    const auto first = std::find_if(certificates.begin(), certificates.end(), is_candidate);
    if (first == certificates.end()) {
        return Error(ErrorCode::bad_answer,
                     spki_sha256.empty()
                         ? "cannot find the issued certificate: only CA certificates came"
                         : "cannot find the issued certificate: none has the CSR's key")
            .with("reason", "certificate_missing");
    }
    const bool several = std::any_of(first + 1, certificates.end(), [&](const Certificate& other) {
        return is_candidate(other) && !(other == *first);
    });
    if (several) {
        return Error(ErrorCode::bad_answer,
                     "cannot tell which certificate was issued: several could be it")
            .with("reason", "certificate_ambiguous");
    }
    return *first;
}

}  // namespace cabroker::pki
