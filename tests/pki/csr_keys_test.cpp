// Weak and unusual keys, one vector per rule.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>

#include <algorithm>
#include <memory>

#include "pki/csr.hpp"
#include "tests/pki/make_pki.hpp"

namespace cabroker::pki {
namespace {

using test_pki::CsrOptions;
using test_pki::make_csr;
using test_pki::TestKey;
using testing::HasSubstr;

/// The detail of the first finding with this code; "" when there is none.
std::string detail_of(const CsrReport& report, std::string_view code) {
    for (const Finding& finding : report.findings) {
        if (finding.code == code) return finding.detail;
    }
    return "";
}

/// A CSR for a public key whose private half nobody has; the signature is another key's.
CsrReport report_on_public_key(const std::string& modulus, unsigned long exponent) {
    static const TestKey signer = test_pki::make_rsa_key();
    CsrOptions options;
    options.signer = signer;
    const TestKey key = test_pki::make_rsa_public_key(modulus, exponent);
    return inspect_csr(make_csr(key, "www.example.com", {}, options));
}

class Number {
  public:
    Number() : number_(BN_new(), BN_free) {}
    [[nodiscard]] BIGNUM* get() const { return number_.get(); }
    [[nodiscard]] std::string decimal() const {
        const std::unique_ptr<char, void (*)(char*)> text(BN_bn2dec(get()),
                                                          [](char* p) { OPENSSL_free(p); });
        return text.get();
    }

  private:
    std::unique_ptr<BIGNUM, decltype(&BN_free)> number_;
};

/// A random odd number of exactly this many bits.
Number random_odd(int bits) {
    Number number;
    BN_rand(number.get(), bits, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD);
    return number;
}

TEST(CsrKeyTest, ShortRsaKeysAreWeak) {
    const CsrReport report = inspect_csr(make_csr(test_pki::make_rsa_key(1024), "www.example.com"));

    EXPECT_FALSE(report.ok);
    EXPECT_THAT(detail_of(report, "csr_weak_key"), HasSubstr("1024 bits"));
    EXPECT_EQ(report.key->bits, 1024);
}

TEST(CsrKeyTest, ModulusSizeMustBeAMultipleOfEight) {
    const CsrReport report = report_on_public_key(random_odd(2051).decimal(), 65537);

    EXPECT_THAT(detail_of(report, "csr_weak_key"), HasSubstr("multiple of 8"));
}

TEST(CsrKeyTest, EvenAndTinyExponentsAreWeakAndSmallOddOnesUnusual) {
    const std::string modulus = random_odd(2048).decimal();

    for (const unsigned long exponent : {1UL, 2UL, 65536UL}) {
        EXPECT_THAT(detail_of(report_on_public_key(modulus, exponent), "csr_weak_key"),
                    HasSubstr("exponent"))
            << exponent;
    }
    const CsrReport three =
        inspect_csr(make_csr(test_pki::make_rsa_key(2048, 3), "www.example.com"));
    EXPECT_TRUE(three.ok);
    EXPECT_NE(detail_of(three, "unusual_exponent"), "");
    const CsrReport usual = inspect_csr(make_csr(test_pki::make_rsa_key(), "www.example.com"));
    EXPECT_EQ(detail_of(usual, "unusual_exponent"), "");
}

TEST(CsrKeyTest, SmallFactorsAreFoundUpToTheLimit) {
    for (const unsigned long factor : {3UL, 5UL, 167UL, 743UL, 751UL}) {
        Number modulus;
        do {
            modulus = random_odd(2048);
            const BN_ULONG remainder = BN_mod_word(modulus.get(), factor);
            BN_sub_word(modulus.get(), remainder);
            if (BN_is_odd(modulus.get()) == 0) BN_sub_word(modulus.get(), factor);
        } while (BN_num_bits(modulus.get()) != 2048);

        EXPECT_THAT(detail_of(report_on_public_key(modulus.decimal(), 65537), "csr_weak_key"),
                    HasSubstr("divisible by"))
            << factor;
    }
}

TEST(CsrKeyTest, RocaFingerprintIsRecognised) {
    // All moduli of the flawed generator are powers of 65537 modulo a primorial; so is this one.
    const std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)> ctx(BN_CTX_new(), BN_CTX_free);
    Number primorial;
    BN_set_word(primorial.get(), 1);
    for (unsigned prime = 3; prime <= 751; ++prime) {
        bool is_prime = true;
        for (unsigned d = 2; d * d <= prime; ++d) is_prime = is_prime && prime % d != 0;
        if (is_prime) BN_mul_word(primorial.get(), prime);
    }
    Number base;
    Number exponent;
    Number modulus;
    BN_set_word(base.get(), 65537);
    BN_set_word(exponent.get(), 123457);
    BN_mod_exp(modulus.get(), base.get(), exponent.get(), primorial.get(), ctx.get());
    Number factor;
    BN_set_bit(factor.get(), 2047 - BN_num_bits(primorial.get()));
    BN_mul(factor.get(), factor.get(), primorial.get(), ctx.get());
    BN_add(modulus.get(), modulus.get(), factor.get());
    while (BN_is_odd(modulus.get()) == 0 || BN_num_bits(modulus.get()) < 2048) {
        BN_add(modulus.get(), modulus.get(), primorial.get());
        if (BN_num_bits(modulus.get()) < 2048) {
            BN_add(modulus.get(), modulus.get(), factor.get());
        }
    }
    ASSERT_EQ(BN_num_bits(modulus.get()), 2048);

    const CsrReport report = report_on_public_key(modulus.decimal(), 65537);

    EXPECT_THAT(detail_of(report, "csr_weak_key"), HasSubstr("ROCA"));
}

TEST(CsrKeyTest, ClosePrimesAndSquaresAreFound) {
    const std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)> ctx(BN_CTX_new(), BN_CTX_free);
    Number p;
    BN_generate_prime_ex(p.get(), 1024, 0, nullptr, nullptr, nullptr);
    BN_set_bit(p.get(), 1022);
    // Not primes any more perhaps, but odd and without factors of interest often enough: keep
    // drawing.
    for (const int distance : {0, 2, 100000}) {
        Number q;
        Number modulus;
        std::string detail;
        for (int tries = 0; tries < 200 && detail.find("close") == std::string::npos; ++tries) {
            BN_add_word(p.get(), 2);
            BN_copy(q.get(), p.get());
            BN_add_word(q.get(), static_cast<BN_ULONG>(distance));
            BN_mul(modulus.get(), p.get(), q.get(), ctx.get());
            if (BN_num_bits(modulus.get()) != 2048) continue;
            detail = detail_of(report_on_public_key(modulus.decimal(), 65537), "csr_weak_key");
        }
        EXPECT_THAT(detail, HasSubstr("so close")) << distance;
    }
}

TEST(CsrKeyTest, OtherCurvesAndKeyTypesAreRefusedByName) {
    const CsrReport curve =
        inspect_csr(make_csr(test_pki::make_ec_key("secp256k1"), "www.example.com"));
    EXPECT_FALSE(curve.ok);
    EXPECT_EQ(curve.key->type, "ec");
    EXPECT_EQ(curve.key->curve, "secp256k1");
    EXPECT_EQ(curve.key->bits, 256);
    EXPECT_NE(detail_of(curve, "csr_weak_key"), "");
    EXPECT_EQ(detail_of(curve, "csr_bad_signature"), "") << "its signature is good";

    const CsrReport edwards =
        inspect_csr(make_csr(test_pki::make_edwards_key(), "www.example.com"));
    EXPECT_FALSE(edwards.ok);
    EXPECT_EQ(edwards.key->type, "ed25519");
    EXPECT_NE(detail_of(edwards, "csr_weak_key"), "");
    EXPECT_EQ(detail_of(edwards, "csr_bad_signature"), "");
    EXPECT_EQ(edwards.signature_algorithm, "ED25519");
}

TEST(CsrKeyTest, FreshKeysAreNeverCalledWeak) {
    for (int i = 0; i < 5; ++i) {
        const CsrReport report = inspect_csr(make_csr(test_pki::make_rsa_key(), "www.example.com"));
        EXPECT_TRUE(report.ok) << detail_of(report, "csr_weak_key");
    }
    EXPECT_TRUE(inspect_csr(make_csr(test_pki::make_rsa_key(3072), "www.example.com")).ok);
}

}  // namespace
}  // namespace cabroker::pki
