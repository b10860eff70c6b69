#include "tests/pki/make_pki.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <array>
#include <stdexcept>

namespace cabroker::test_pki {
namespace {

template <auto Free>
struct FreeWith {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Ctx = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Req = std::unique_ptr<X509_REQ, FreeWith<X509_REQ_free>>;
using Cert = std::unique_ptr<X509, FreeWith<X509_free>>;
using Number = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;

void must(bool good, const char* what) {
    if (!good) throw std::runtime_error(std::string("test pki cannot ") + what);
}

EVP_PKEY* raw(const TestKey& key) { return static_cast<EVP_PKEY*>(key.handle.get()); }

TestKey owned(EVP_PKEY* key) {
    must(key != nullptr, "make a key");
    return {std::shared_ptr<void>(key, [](void* k) { EVP_PKEY_free(static_cast<EVP_PKEY*>(k)); })};
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

void add_name(X509_NAME* name, const char* field, const std::string& value) {
    must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1,
         "add a name");
}

void add_general(GENERAL_NAMES* names, int type, const std::string& value) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_STRING* text = nullptr;
    if (type == GEN_IPADD) {
        text = a2i_IPADDRESS(value.c_str());
    } else {
        text = ASN1_IA5STRING_new();
        ASN1_STRING_set(text, value.data(), static_cast<int>(value.size()));
    }
    must(text != nullptr, "make a general name");
    GENERAL_NAME_set0_value(name, type, text);
    sk_GENERAL_NAME_push(names, name);
}

void add_csr_names(X509_REQ* csr, const std::vector<std::string>& dns_names,
                   const CsrOptions& options) {
    GENERAL_NAMES* names = sk_GENERAL_NAME_new_null();
    for (const auto& name : dns_names) add_general(names, GEN_DNS, name);
    for (const auto& name : options.ip_addresses) add_general(names, GEN_IPADD, name);
    for (const auto& name : options.mail_addresses) add_general(names, GEN_EMAIL, name);
    if (sk_GENERAL_NAME_num(names) > 0) {
        X509_EXTENSION* extension = X509V3_EXT_i2d(NID_subject_alt_name, 0, names);
        STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
        sk_X509_EXTENSION_push(extensions, extension);
        must(X509_REQ_add_extensions(csr, extensions) == 1, "add extensions");
        sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    }
    GENERAL_NAMES_free(names);
}

const EVP_MD* digest_for(const TestKey& key, const std::string& name) {
    const bool edwards =
        EVP_PKEY_is_a(raw(key), "ED25519") == 1 || EVP_PKEY_is_a(raw(key), "ED448") == 1;
    return edwards ? nullptr : EVP_get_digestbyname(name.c_str());
}

void spoil(const ASN1_BIT_STRING* signature) {
    // The last octets of any signature scheme are value, not structure.
    const_cast<unsigned char*>(
        ASN1_STRING_get0_data(signature))[ASN1_STRING_length(signature) - 1] ^= 1U;
}

void add_extension(X509* subject, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, subject, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &ctx, nid, value.c_str());
    must(extension != nullptr, "make an extension");
    X509_add_ext(subject, extension, -1);
    X509_EXTENSION_free(extension);
}

void set_time(ASN1_TIME* out, domain::Time at) {
    ASN1_TIME_set(out, std::chrono::system_clock::to_time_t(at));
}

/// A certificate without extensions and signature. `issuer` null: self-issued.
Cert blank_certificate(EVP_PKEY* key, const std::string& common_name, X509* issuer,
                       const Validity& validity) {
    Cert cert(X509_new());
    X509_set_version(cert.get(), X509_VERSION_3);
    std::array<unsigned char, 16> serial{};
    RAND_bytes(serial.data(), static_cast<int>(serial.size()));
    serial[0] = static_cast<unsigned char>((serial[0] & 0x3FU) | 0x40U);
    const Number number(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
    BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(cert.get()));
    set_time(X509_getm_notBefore(cert.get()), validity.from);
    set_time(X509_getm_notAfter(cert.get()), validity.to);
    must(X509_set_pubkey(cert.get(), key) == 1, "set the key");
    if (!common_name.empty()) add_name(X509_get_subject_name(cert.get()), "CN", common_name);
    X509_set_issuer_name(cert.get(),
                         X509_get_subject_name(issuer != nullptr ? issuer : cert.get()));
    return cert;
}

std::string der_of(X509* cert) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(cert, &der);
    must(size > 0, "encode a certificate");
    std::string octets(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return octets;
}

pki::Certificate value_of(X509* cert) {
    auto value = pki::Certificate::from_der(der_of(cert));
    must(value.has_value(), "read its own certificate");
    return *value;
}

Cert handle_from(const pki::Certificate& certificate) {
    const auto* at = reinterpret_cast<const unsigned char*>(certificate.der().data());
    return Cert(d2i_X509(nullptr, &at, static_cast<long>(certificate.der().size())));
}

pki::Certificate make_ca_certificate(const TestKey& key, const std::string& name, X509* issuer,
                                     const TestKey& signer, const Validity& validity) {
    const Cert cert = blank_certificate(raw(key), name, issuer, validity);
    X509* by = issuer != nullptr ? issuer : cert.get();
    add_extension(cert.get(), by, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(cert.get(), by, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(cert.get(), by, NID_subject_key_identifier, "hash");
    must(X509_sign(cert.get(), raw(signer), EVP_sha256()) > 0, "sign a CA");
    return value_of(cert.get());
}

pki::Certificate issue_leaf(const TestCa& ca, EVP_PKEY* key, const std::string& common_name,
                            const std::vector<std::string>& dns_names,
                            const IssueOptions& options) {
    const Cert issuer = handle_from(ca.certificate());
    const Cert cert = blank_certificate(key, common_name, issuer.get(), options.validity);
    add_extension(cert.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(cert.get(), issuer.get(), NID_ext_key_usage, options.extended_key_usage);
    GENERAL_NAMES* names = sk_GENERAL_NAME_new_null();
    for (const auto& name : dns_names) add_general(names, GEN_DNS, name);
    if (!dns_names.empty()) X509_add1_ext_i2d(cert.get(), NID_subject_alt_name, names, 0, 0);
    GENERAL_NAMES_free(names);
    must(X509_sign(cert.get(), raw(ca.key), EVP_sha256()) > 0, "sign a leaf");
    if (options.bad_signature) {
        const ASN1_BIT_STRING* signature = nullptr;
        X509_get0_signature(&signature, nullptr, cert.get());
        spoil(signature);
    }
    return value_of(cert.get());
}

}  // namespace

std::string TestKey::private_pem() const {
    const Bio out(BIO_new(BIO_s_mem()));
    must(
        PEM_write_bio_PrivateKey(out.get(), raw(*this), nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "write a key");
    return text_of(out.get());
}

std::string TestKey::spki_sha256() const {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(raw(*this), &der);
    must(size > 0, "encode a public key");
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(der, static_cast<std::size_t>(size), digest.data());
    OPENSSL_free(der);
    std::string hex;
    for (const unsigned char octet : digest) {
        hex += "0123456789abcdef"[octet >> 4U];
        hex += "0123456789abcdef"[octet & 15U];
    }
    return hex;
}

TestKey make_rsa_key(unsigned bits, unsigned long exponent) {
    const Ctx ctx(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    const Number e(BN_new());
    BN_set_word(e.get(), exponent);
    EVP_PKEY* key = nullptr;
    must(EVP_PKEY_keygen_init(ctx.get()) == 1 &&
             EVP_PKEY_CTX_set_rsa_keygen_bits(ctx.get(), static_cast<int>(bits)) == 1 &&
             EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx.get(), e.get()) == 1 &&
             EVP_PKEY_generate(ctx.get(), &key) == 1,
         "make an RSA key");
    return owned(key);
}

TestKey make_ec_key(const std::string& curve) { return owned(EVP_EC_gen(curve.c_str())); }

TestKey make_edwards_key(const std::string& type) {
    return owned(EVP_PKEY_Q_keygen(nullptr, nullptr, type.c_str()));
}

TestKey make_rsa_public_key(const std::string& modulus, unsigned long exponent) {
    BIGNUM* number = nullptr;
    must(BN_asc2bn(&number, modulus.c_str()) == 1, "read a modulus");
    const Number n(number);
    const Number e(BN_new());
    BN_set_word(e.get(), exponent);
    const std::unique_ptr<OSSL_PARAM_BLD, FreeWith<OSSL_PARAM_BLD_free>> build(
        OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
    const std::unique_ptr<OSSL_PARAM, FreeWith<OSSL_PARAM_free>> params(
        OSSL_PARAM_BLD_to_param(build.get()));
    const Ctx ctx(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* key = nullptr;
    must(EVP_PKEY_fromdata_init(ctx.get()) == 1 &&
             EVP_PKEY_fromdata(ctx.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) == 1,
         "make a public key");
    return owned(key);
}

std::string make_csr(const TestKey& key, const std::string& common_name,
                     const std::vector<std::string>& dns_names, const CsrOptions& options) {
    const Req csr(X509_REQ_new());
    X509_NAME* subject = X509_REQ_get_subject_name(csr.get());
    if (!options.organization.empty()) add_name(subject, "O", options.organization);
    if (!common_name.empty()) add_name(subject, "CN", common_name);
    for (const auto& name : options.more_common_names) add_name(subject, "CN", name);
    must(X509_REQ_set_pubkey(csr.get(), raw(key)) == 1, "set the key");
    add_csr_names(csr.get(), dns_names, options);
    if (options.challenge_password) {
        const std::string word = "open sesame";
        X509_REQ_add1_attr_by_NID(csr.get(), NID_pkcs9_challengePassword, MBSTRING_ASC,
                                  reinterpret_cast<const unsigned char*>(word.data()),
                                  static_cast<int>(word.size()));
    }
    const TestKey& signer = options.signer ? *options.signer : key;
    must(X509_REQ_sign(csr.get(), raw(signer), digest_for(signer, options.digest)) > 0,
         "sign a CSR");
    if (options.bad_signature) {
        const ASN1_BIT_STRING* signature = nullptr;
        X509_REQ_get0_signature(csr.get(), &signature, nullptr);
        spoil(signature);
    }
    const Bio out(BIO_new(BIO_s_mem()));
    must(PEM_write_bio_X509_REQ(out.get(), csr.get()) == 1, "write a CSR");
    return text_of(out.get());
}

TestCa make_ca(const std::string& name, const Validity& validity) {
    TestCa ca;
    ca.key = make_ec_key();
    ca.name = name;
    ca.chain.push_back(make_ca_certificate(ca.key, name, nullptr, ca.key, validity));
    return ca;
}

TestCa make_intermediate(const TestCa& issuer, const std::string& name, const Validity& validity) {
    TestCa ca;
    ca.key = make_ec_key();
    ca.name = name;
    const Cert by = handle_from(issuer.certificate());
    ca.chain.push_back(make_ca_certificate(ca.key, name, by.get(), issuer.key, validity));
    ca.chain.insert(ca.chain.end(), issuer.chain.begin(), issuer.chain.end());
    return ca;
}

pki::Certificate issue(const TestCa& ca, const TestKey& key, const std::string& common_name,
                       const std::vector<std::string>& dns_names, const IssueOptions& options) {
    return issue_leaf(ca, raw(key), common_name, dns_names, options);
}

pki::Certificate issue_for_csr(const TestCa& ca, const std::string& csr_pem,
                               const std::string& common_name,
                               const std::vector<std::string>& dns_names,
                               const IssueOptions& options) {
    const Bio in(BIO_new_mem_buf(csr_pem.data(), static_cast<int>(csr_pem.size())));
    const Req csr(PEM_read_bio_X509_REQ(in.get(), nullptr, nullptr, nullptr));
    must(csr != nullptr, "read the CSR");
    return issue_leaf(ca, X509_REQ_get0_pubkey(csr.get()), common_name, dns_names, options);
}

}  // namespace cabroker::test_pki
