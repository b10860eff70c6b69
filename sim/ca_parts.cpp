#include "sim/ca_parts.hpp"

#include <fcntl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "sim/text.hpp"

namespace cabroker::sim {
namespace {

using GeneralNames = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using Integer = std::unique_ptr<ASN1_INTEGER, Freed<ASN1_INTEGER_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

void check(bool good, const char* what) {
    if (!good) throw std::runtime_error(std::string("cannot make a certificate: ") + what);
}

std::string digest_hex(const unsigned char* octets, std::size_t length,
                       const EVP_MD* kind = EVP_sha256()) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    check(EVP_Digest(octets, length, digest, &size, kind, nullptr) == 1, "digest");
    return lower(hex_upper(std::string_view(reinterpret_cast<const char*>(digest), size)));
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer != nullptr ? issuer : certificate, certificate, nullptr,
                   nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    check(extension && X509_add_ext(certificate, extension.get(), -1) == 1, OBJ_nid2sn(nid));
}

/// Built from parts, not from OpenSSL's little configuration language, in which a name could say
/// more.
void add_names(X509* certificate, const CertPlan& plan) {
    if (plan.dns_names.empty() && plan.addresses.empty()) return;
    const GeneralNames names(GENERAL_NAMES_new());
    const auto push = [&](int type, ASN1_STRING* text) {
        GENERAL_NAME* name = GENERAL_NAME_new();
        check(name != nullptr && text != nullptr, "names");
        GENERAL_NAME_set0_value(name, type, text);
        sk_GENERAL_NAME_push(names.get(), name);
    };
    for (const std::string& dns : plan.dns_names) {
        ASN1_IA5STRING* text = ASN1_IA5STRING_new();
        ASN1_STRING_set(text, dns.data(), static_cast<int>(dns.size()));
        push(GEN_DNS, text);
    }
    for (const std::string& address : plan.addresses)
        push(GEN_IPADD, a2i_IPADDRESS(address.c_str()));
    check(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0,
                            X509V3_ADD_DEFAULT) == 1,
          "subjectAltName");
}

void add_all_extensions(X509* certificate, X509* issuer, const CertPlan& plan) {
    if (plan.ca_path_length >= 0) {
        add_extension(certificate, issuer, NID_basic_constraints,
                      "critical,CA:TRUE,pathlen:" + std::to_string(plan.ca_path_length));
        add_extension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    } else {
        add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
        add_extension(certificate, issuer, NID_key_usage,
                      "critical,digitalSignature,keyEncipherment");
        add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth,clientAuth");
    }
    add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
    add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
    add_names(certificate, plan);
}

}  // namespace

Key make_key() {
    Key key(EVP_EC_gen("P-256"));
    check(key != nullptr, "key");
    return key;
}

Cert make_cert(const CertPlan& plan, EVP_PKEY* subject_key, X509* issuer, EVP_PKEY* issuer_key) {
    Cert certificate(X509_new());
    check(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1, "version");
    const Number serial(BN_bin2bn(reinterpret_cast<const unsigned char*>(plan.serial_octets.data()),
                                  static_cast<int>(plan.serial_octets.size()), nullptr));
    const Integer number(BN_to_ASN1_INTEGER(serial.get(), nullptr));
    check(number && X509_set_serialNumber(certificate.get(), number.get()) == 1, "serial");
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    // X.520 allows 64 characters; a longer name stands in the SANs only.
    if (plan.common_name.size() <= 64) {
        check(X509_NAME_add_entry_by_NID(
                  subject, NID_commonName, MBSTRING_UTF8,
                  reinterpret_cast<const unsigned char*>(plan.common_name.data()),
                  static_cast<int>(plan.common_name.size()), -1, 0) == 1,
              "subject");
    }
    const X509_NAME* from = issuer != nullptr ? X509_get_subject_name(issuer) : subject;
    check(X509_set_issuer_name(certificate.get(), from) == 1, "issuer");
    check(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), unix_seconds(plan.not_before)) &&
              ASN1_TIME_set(X509_getm_notAfter(certificate.get()), unix_seconds(plan.not_after)),
          "dates");
    check(X509_set_pubkey(certificate.get(), subject_key) == 1, "public key");
    add_all_extensions(certificate.get(), issuer, plan);
    check(X509_sign(certificate.get(), issuer_key, EVP_sha256()) > 0, "signature");
    return certificate;
}

Bio bio_of(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long length = BIO_get_mem_data(bio, &data);
    return std::string(data, static_cast<std::size_t>(length));
}

std::string pem_of(X509* certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    check(PEM_write_bio_X509(bio.get(), certificate) == 1, "PEM");
    return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
    const Bio bio(BIO_new(BIO_s_mem()));
    check(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "PEM");
    return text_of(bio.get());
}

Cert cert_of(std::string_view pem) {
    const Bio bio = bio_of(pem);
    return Cert(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

Key key_of(std::string_view pem) {
    const Bio bio = bio_of(pem);
    return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

std::string spki_sha256(EVP_PKEY* key) {
    unsigned char* der = nullptr;
    const int length = i2d_PUBKEY(key, &der);
    check(length > 0, "public key");
    std::string digest = digest_hex(der, static_cast<std::size_t>(length));
    OPENSSL_free(der);
    return digest;
}

std::string sha1_of(X509* certificate) {
    unsigned char* der = nullptr;
    const int length = i2d_X509(certificate, &der);
    check(length > 0, "DER");
    std::string digest = digest_hex(der, static_cast<std::size_t>(length), EVP_sha1());
    OPENSSL_free(der);
    return upper(digest);
}

std::string sha256_of(X509* certificate) {
    unsigned char* der = nullptr;
    const int length = i2d_X509(certificate, &der);
    check(length > 0, "DER");
    std::string digest = digest_hex(der, static_cast<std::size_t>(length));
    OPENSSL_free(der);
    return digest;
}

std::string serial_of(X509* certificate) {
    const Number number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
    char* hex = BN_bn2hex(number.get());
    std::string text = hex;
    OPENSSL_free(hex);
    const std::size_t first = text.find_first_not_of('0');
    return first == std::string::npos ? "0" : text.substr(first);
}

std::vector<std::string> dns_names_of(const STACK_OF(X509_EXTENSION) * extensions) {
    std::vector<std::string> out;
    const GeneralNames names(static_cast<GENERAL_NAMES*>(
        X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type != GEN_DNS) continue;
        const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
        out.emplace_back(text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    }
    return out;
}

std::string read_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

bool write_text(const std::string& path, std::string_view text, unsigned mode) {
    const std::string beside = path + ".new";
    const int file =
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (file < 0) return false;
    const bool written = ::write(file, text.data(), text.size()) == std::ssize(text);
    const bool closed = ::close(file) == 0;
    return written && closed && std::rename(beside.c_str(), path.c_str()) == 0;
}

}  // namespace cabroker::sim
