#include "pki/public_key.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>

#include "pki/der.hpp"
#include "pki/rsa_weakness.hpp"

namespace cabroker::pki {
namespace {

using namespace std::string_view_literals;

constexpr auto kRsaEncryption = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01"sv;
constexpr auto kEcPublicKey = "\x2A\x86\x48\xCE\x3D\x02\x01"sv;

struct Curve {
    std::string_view oid;
    const char* name;
    int bits;
};
constexpr std::array kCurves = {Curve{"\x2A\x86\x48\xCE\x3D\x03\x01\x07"sv, "P-256", 256},
                                Curve{"\x2B\x81\x04\x00\x22"sv, "P-384", 384},
                                Curve{"\x2B\x81\x04\x00\x23"sv, "P-521", 521}};

constexpr const char* kNewKeyHint =
    "make a new key: RSA with 2048 bits or more, or EC P-256 or P-384";

void refuse_key(PublicKey& key, std::string detail) {
    key.findings.push_back({"csr_weak_key", Severity::error, std::move(detail), kNewKeyHint});
}

PkeyPtr key_from(const char* type, OSSL_PARAM* params) {
    const PkeyCtxPtr ctx(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!ctx || EVP_PKEY_fromdata_init(ctx.get()) != 1) return nullptr;
    if (EVP_PKEY_fromdata(ctx.get(), &key, EVP_PKEY_PUBLIC_KEY, params) != 1) return nullptr;
    return PkeyPtr(key);
}

std::string reversed(std::string_view magnitude) { return {magnitude.rbegin(), magnitude.rend()}; }

bool read_rsa(std::string_view key_octets, PublicKey& key) {
    DerReader outer(key_octets);
    const auto sequence = outer.next(kDerSequence);
    if (!sequence || !outer.at_end()) return false;
    DerReader numbers(sequence->content);
    const auto modulus_value = numbers.next(kDerInteger);
    const auto exponent_value = numbers.next(kDerInteger);
    if (!modulus_value || !exponent_value || !numbers.at_end()) return false;
    const auto modulus = der_magnitude(*modulus_value);
    const auto exponent = der_magnitude(*exponent_value);
    if (!modulus || !exponent) return false;

    key.facts.type = "rsa";
    key.facts.bits = static_cast<int>(bits_of(*modulus));
    if (auto weakness = rsa_weakness(*modulus, *exponent)) refuse_key(key, std::move(*weakness));
    if (is_unusual_exponent(*exponent)) {
        key.findings.push_back({"unusual_exponent", Severity::warning,
                                "the RSA exponent is outside 65537 to 2^256-1",
                                "some CAs refuse it; keys of usual tools have 65537"});
    }
    // A check with a huge exponent costs as much as making a signature, with a huge modulus far
    // more.
    constexpr std::size_t kMostExponentBits = 256;
    constexpr int kMostBits = 16384;
    key.unusable = key.facts.bits > kMostBits || bits_of(*exponent) > kMostExponentBits;
    if (key.unusable) {
        if (key.facts.bits <= kMostBits) refuse_key(key, "the RSA exponent has more than 256 bits");
        return true;
    }
    std::string n = reversed(*modulus);
    std::string e = reversed(*exponent);
    std::array params = {
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, reinterpret_cast<unsigned char*>(n.data()),
                                n.size()),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, reinterpret_cast<unsigned char*>(e.data()),
                                e.size()),
        OSSL_PARAM_construct_end()};
    key.handle = key_from("RSA", params.data());
    key.unusable = key.handle == nullptr;
    return true;
}

bool read_usual_curve(const Curve& curve, std::string_view point, PublicKey& key) {
    key.facts.curve = curve.name;
    key.facts.bits = curve.bits;
    std::string name = curve.name;
    std::string octets(point);
    std::array params = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size()),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, octets.data(), octets.size()),
        OSSL_PARAM_construct_end()};
    key.handle = key_from("EC", params.data());
    if (!key.handle) {
        key.unusable = true;
        refuse_key(key, "the public key is no valid point of the curve " + name);
    }
    return true;
}

/// Curves other than the three are named, never computed with.
bool read_ec(std::string_view parameters, std::string_view point, PublicKey& key) {
    key.facts.type = "ec";
    const auto oid = DerReader(parameters).next(kDerOid);
    if (!oid) {
        key.unusable = true;
        refuse_key(key, "the EC key spells out its curve instead of naming P-256, P-384 or P-521");
        return true;
    }
    for (const Curve& curve : kCurves) {
        if (oid->content == curve.oid) return read_usual_curve(curve, point, key);
    }
    const unsigned char* at = octets_of(oid->whole);
    const ObjectPtr object(d2i_ASN1_OBJECT(nullptr, &at, static_cast<long>(oid->whole.size())));
    if (!object) return false;
    key.facts.curve = algorithm_text(object.get());
    // An uncompressed point is two coordinates and one octet.
    key.facts.bits = static_cast<int>(point.size() / 2 * 8);
    refuse_key(key, "TLS CAs accept no EC keys on " + *key.facts.curve);
    return true;
}

bool read_other(std::string_view oid, std::string_view key_octets, PublicKey& key) {
    const unsigned char* at = octets_of(oid);
    const ObjectPtr object(d2i_ASN1_OBJECT(nullptr, &at, static_cast<long>(oid.size())));
    if (!object) return false;
    switch (OBJ_obj2nid(object.get())) {
        case NID_ED25519:
            key.facts.type = "ed25519";
            break;
        case NID_ED448:
            key.facts.type = "ed448";
            break;
        case NID_dsa:
            key.facts.type = "dsa";
            break;
        default: {
            std::array<char, 128> text{};
            OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object.get(), 1);
            key.facts.type = text.data();
        }
    }
    key.facts.bits = static_cast<int>(std::min<std::size_t>(key_octets.size(), 4096) * 8);
    refuse_key(key, "TLS CAs accept no keys of type " + key.facts.type);
    return true;
}

}  // namespace

std::optional<PublicKey> read_public_key(std::string_view spki) {
    DerReader input(spki);
    const auto sequence = input.next(kDerSequence);
    if (!sequence || !input.at_end()) return std::nullopt;
    DerReader members(sequence->content);
    const auto algorithm = members.next(kDerSequence);
    const auto bits = members.next(kDerBitString);
    if (!algorithm || !bits || !members.at_end()) return std::nullopt;
    const auto key_octets = der_bit_string(*bits);
    DerReader inside(algorithm->content);
    const auto oid = inside.next(kDerOid);
    if (!key_octets || !oid) return std::nullopt;

    PublicKey key;
    key.facts.spki_sha256 = sha256_hex(spki);
    const bool read = oid->content == kRsaEncryption ? read_rsa(*key_octets, key)
                      : oid->content == kEcPublicKey ? read_ec(inside.rest(), *key_octets, key)
                                                     : read_other(oid->whole, *key_octets, key);
    if (!read) return std::nullopt;
    return key;
}

}  // namespace cabroker::pki
