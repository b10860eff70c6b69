// Certificates out of whatever a CA sends: PEM, DER, PKCS#7, bare base64.
#include "pki/certificate.hpp"
#include "pki/der.hpp"
#include "pki/openssl.hpp"
#include "pki/pem.hpp"

namespace cabroker::pki {
namespace {

using namespace std::string_view_literals;
using domain::Error;
using domain::ErrorCode;

constexpr auto kSignedData = "\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"sv;
constexpr std::size_t kMaxInput = 2UL * 1024 * 1024;

using Certificates = std::vector<Certificate>;

Error too_many() {
    return Error(ErrorCode::limit_exceeded, "cannot read the certificates: more than 20 came");
}

Error unreadable_octets() {
    return Error(ErrorCode::bad_answer,
                 "cannot read the certificates: neither PEM, DER nor PKCS#7 was found")
        .with("reason", "certificate_unparsable");
}

Result<void> add(std::string_view der, Certificates& found) {
    if (found.size() >= kMaxCertificates) return too_many();
    Result<Certificate> certificate = Certificate::from_der(der);
    if (!certificate) return certificate.error();
    found.push_back(std::move(*certificate));
    return {};
}

/// The certificates of a SignedData (RFC 5652 section 5.1) as DER, without making objects first.
std::optional<std::string_view> certificate_set(std::string_view octets) {
    DerReader input(octets);
    const auto info = input.next(kDerSequence);
    if (!info) return std::nullopt;
    DerReader members(info->content);
    const auto type = members.next(kDerOid);
    const auto wrapped = members.next(kDerContext0);
    if (!type || type->content != kSignedData || !wrapped) return std::nullopt;
    const auto data = DerReader(wrapped->content).next(kDerSequence);
    if (!data) return std::nullopt;
    DerReader fields(data->content);
    const bool usual =
        fields.next(kDerInteger) && fields.next(kDerSet) && fields.next(kDerSequence);
    if (!usual) return std::nullopt;
    const auto certificates = fields.next(kDerContext0);
    if (!certificates) return std::nullopt;
    return certificates->content;
}

/// Some tools write PKCS#7 in BER with indefinite lengths; the library reads that, so small ones go
/// there.
Result<bool> add_ber_pkcs7(std::string_view octets, Certificates& found) {
    constexpr std::size_t kMostOctets = 256UL * 1024;
    if (octets.size() > kMostOctets) return false;
    const unsigned char* at = octets_of(octets);
    const Pkcs7Ptr bundle(d2i_PKCS7(nullptr, &at, static_cast<long>(octets.size())));
    const bool is_signed = bundle && PKCS7_type_is_signed(bundle.get()) != 0 &&
                           bundle->d.sign != nullptr && bundle->d.sign->cert != nullptr;
    if (!is_signed) return false;
    const STACK_OF(X509)* certificates = bundle->d.sign->cert;
    for (int i = 0; i < sk_X509_num(certificates); ++i) {
        unsigned char* der = nullptr;
        const int size = i2d_X509(sk_X509_value(certificates, i), &der);
        if (size <= 0) return false;
        const std::string copy(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
        OPENSSL_free(der);
        if (const Result<void> added = add(copy, found); !added) return added.error();
    }
    return true;
}

/// False: it is no PKCS#7.
Result<bool> add_pkcs7(std::string_view octets, Certificates& found) {
    const std::optional<std::string_view> set = certificate_set(octets);
    if (!set) return add_ber_pkcs7(octets, found);
    DerReader certificates(*set);
    while (!certificates.at_end()) {
        const auto value = certificates.next();
        if (!value) return unreadable_octets();
        if (value->tag != kDerSequence) continue;
        if (const Result<void> added = add(value->whole, found); !added) return added.error();
    }
    return true;
}

/// One certificate or one PKCS#7; labels are not believed, because CAs use the wrong ones.
Result<void> add_either(std::string_view octets, Certificates& found) {
    const Result<bool> bundle = add_pkcs7(octets, found);
    if (!bundle) return bundle.error();
    if (*bundle) return {};
    return add(octets, found);
}

bool holds_certificates(std::string_view label) {
    return label == "CERTIFICATE" || label == "X509 CERTIFICATE" || label == "PKCS7" ||
           label == "CMS" || label == "PKCS #7 SIGNED DATA";
}

}  // namespace

Result<Certificates> certificates_from(std::string_view octets) {
    if (octets.size() > kMaxInput) {
        return Error(ErrorCode::limit_exceeded, "cannot read the certificates: over 2 MiB");
    }
    const ErrorQueueGuard guard;
    constexpr std::size_t kMostBlocks = 100;
    Certificates found;
    bool had_block = false;
    for (const PemBlock& block : pem_blocks(octets, kMostBlocks)) {
        if (!holds_certificates(block.label)) continue;
        had_block = true;
        const std::optional<std::string> der = base64_decode(block.body);
        if (!der) return unreadable_octets();
        if (const Result<void> added = add_either(*der, found); !added) return added.error();
    }
    if (!had_block && !octets.empty()) {
        const std::optional<std::string> der = base64_decode(octets);
        const Result<void> added = add_either(der ? std::string_view(*der) : octets, found);
        if (!added) {
            if (added.error().code == ErrorCode::limit_exceeded) return added.error();
            return unreadable_octets();
        }
    }
    if (found.empty()) return unreadable_octets();
    return found;
}

}  // namespace cabroker::pki
