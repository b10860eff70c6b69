// inspect_csr beside the openssl command on good and damaged requests, random input, and what it
// costs.
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cstdio>
#include <random>

#include "pki/certificate.hpp"
#include "pki/csr.hpp"
#include "pki/name_match.hpp"
#include "tests/pki/command.hpp"
#include "tests/pki/make_pki.hpp"

namespace cabroker::pki {
namespace {

using test_pki::CsrOptions;
using test_pki::make_csr;

std::string der_of(const std::string& pem) {
    BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    X509_REQ* csr = PEM_read_bio_X509_REQ(in, nullptr, nullptr, nullptr);
    unsigned char* der = nullptr;
    const int size = i2d_X509_REQ(csr, &der);
    std::string octets(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    X509_REQ_free(csr);
    BIO_free(in);
    return octets;
}

std::string armoured(const std::string& der) {
    std::string body((der.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(body.data()),
                                     reinterpret_cast<const unsigned char*>(der.data()),
                                     static_cast<int>(der.size()));
    body.resize(static_cast<std::size_t>(size));
    std::string pem = "-----BEGIN CERTIFICATE REQUEST-----\n";
    for (std::size_t at = 0; at < body.size(); at += 64) pem += body.substr(at, 64) + "\n";
    return pem + "-----END CERTIFICATE REQUEST-----\n";
}

/// Parsed and with a signature that fits, as we see it; weak keys and bad names are another matter.
bool we_verify(const std::string& pem) {
    const CsrReport report = inspect_csr(pem);
    for (const Finding& finding : report.findings) {
        if (finding.code == "csr_unparsable" || finding.code == "csr_bad_signature") return false;
    }
    return true;
}

bool openssl_verifies(const test_pki::TempFolder& folder, const std::string& pem) {
    const std::string file = folder.write("csr.pem", pem);
    return test_pki::run("openssl req -verify -noout -in " + file).output.find("verify OK") !=
           std::string::npos;
}

std::vector<std::string> good_requests() {
    const test_pki::TestKey rsa = test_pki::make_rsa_key();
    const test_pki::TestKey ec = test_pki::make_ec_key();
    std::vector<std::string> requests;
    for (const char* digest : {"SHA1", "SHA256", "SHA384", "SHA512"}) {
        CsrOptions options;
        options.digest = digest;
        options.organization =
            "B\xC3\xBC"
            "cher & S\xC3\xB6hne";
        for (const auto& key : {rsa, ec}) {
            requests.push_back(make_csr(key, "www.example.com", {"a.example.com"}, options));
        }
    }
    for (const char* curve : {"P-384", "P-521", "secp256k1", "prime192v1"}) {
        requests.push_back(make_csr(test_pki::make_ec_key(curve), "www.example.com"));
    }
    requests.push_back(make_csr(test_pki::make_edwards_key("ED25519"), "www.example.com"));
    requests.push_back(make_csr(test_pki::make_edwards_key("ED448"), "www.example.com"));
    requests.push_back(make_csr(test_pki::make_rsa_key(1024, 3), "www.example.com"));
    requests.push_back(make_csr(ec, ""));
    return requests;
}

TEST(AgreementTest, GoodRequestsAreGoodForBoth) {
    const test_pki::TempFolder folder;
    for (const std::string& pem : good_requests()) {
        EXPECT_TRUE(openssl_verifies(folder, pem)) << pem;
        EXPECT_TRUE(we_verify(pem)) << pem;
    }
}

TEST(AgreementTest, PssRequestOfTheCommandIsGoodForBoth) {
    const test_pki::TempFolder folder;
    const std::string key = folder.write("key.pem", test_pki::make_rsa_key().private_pem());
    const auto made = test_pki::run("openssl req -new -key " + key +
                                    " -subj /CN=www.example.com -sigopt rsa_padding_mode:pss");

    EXPECT_TRUE(openssl_verifies(folder, made.output));
    EXPECT_TRUE(we_verify(made.output)) << made.output;
    EXPECT_TRUE(inspect_csr(made.output).ok);
}

TEST(AgreementTest, DamagedRequestsAreBadForBoth) {
    const test_pki::TempFolder folder;
    std::mt19937 random(20261122);
    const std::vector<std::string> requests = good_requests();
    int damaged = 0;
    for (const std::string& pem : requests) {
        const std::string der = der_of(pem);
        for (int round = 0; round < 3; ++round) {
            std::string broken = der;
            const std::size_t at = random() % broken.size();
            broken[at] = static_cast<char>(broken[at] ^ (1 << (random() % 8)));
            const std::string text = armoured(broken);

            if (openssl_verifies(folder, text)) {
                EXPECT_TRUE(we_verify(text)) << "octet " << at << "\n" << text;
            } else {
                EXPECT_FALSE(inspect_csr(text).ok) << "octet " << at << "\n" << text;
            }
            ++damaged;
        }
    }
    EXPECT_GE(damaged, 36);
}

RC_GTEST_PROP(InspectCsrProperty, AnyFlipOfABitIsSeen, ()) {
    static const std::string der = der_of(make_csr(test_pki::make_ec_key(), "www.example.com"));
    std::string broken = der;
    const auto at = *rc::gen::inRange<std::size_t>(0, der.size());
    const auto bit = *rc::gen::inRange(0, 8);
    broken[at] = static_cast<char>(broken[at] ^ (1 << bit));
    RC_ASSERT(!inspect_csr(armoured(broken)).ok);
}

RC_GTEST_PROP(InspectCsrProperty, AnyOctetsAreSurvived, (const std::string& octets)) {
    RC_ASSERT(!inspect_csr(octets).ok);
    RC_ASSERT(!inspect_csr(armoured("0" + octets)).ok);
    RC_ASSERT(certificates_from(octets).has_error());
}

RC_GTEST_PROP(NormaliseNameProperty, NormalisingTwiceChangesNothing, (const std::string& octets)) {
    const auto once = normalise_name(octets);
    if (once) RC_ASSERT(normalise_name(*once) == once);
}

template <class Work>
double microseconds_each(Work work) {
    constexpr int kRounds = 300;
    for (int i = 0; i < 20; ++i) work();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRounds; ++i) work();
    const std::chrono::duration<double, std::micro> spent =
        std::chrono::steady_clock::now() - start;
    return spent.count() / kRounds;
}

/// A figure to look at, not a limit: machines differ.
TEST(CostTest, InspectionBesideBareParseAndVerify) {
    const std::string rsa_pem =
        make_csr(test_pki::make_rsa_key(), "www.example.com", {"a.example.com"});
    const std::string ec_pem =
        make_csr(test_pki::make_ec_key(), "www.example.com", {"a.example.com"});
    for (const auto& [name, pem] : {std::pair{"RSA-2048", rsa_pem}, std::pair{"P-256", ec_pem}}) {
        const double bare = microseconds_each([&pem = pem] {
            BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
            X509_REQ* csr = PEM_read_bio_X509_REQ(in, nullptr, nullptr, nullptr);
            EVP_PKEY* key = X509_REQ_get_pubkey(csr);
            EXPECT_EQ(X509_REQ_verify(csr, key), 1);
            EVP_PKEY_free(key);
            X509_REQ_free(csr);
            BIO_free(in);
        });
        const double inspected =
            microseconds_each([&pem = pem] { EXPECT_TRUE(inspect_csr(pem).ok); });
        std::printf(
            "[ figure   ] %s: bare parse and verify %.0f us, inspect_csr %.0f us (%.2f times)\n",
            name, bare, inspected, inspected / bare);
    }
}

}  // namespace
}  // namespace cabroker::pki
