#include "pki/csr.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/pki/make_pki.hpp"

namespace cabroker::pki {
namespace {

using test_pki::CsrOptions;
using test_pki::make_csr;
using test_pki::make_ec_key;
using test_pki::make_rsa_key;
using test_pki::TestKey;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const TestKey& rsa_key() {
    static const TestKey key = make_rsa_key();
    return key;
}
const TestKey& ec_key() {
    static const TestKey key = make_ec_key();
    return key;
}

const Finding* find(const CsrReport& report, std::string_view code) {
    const auto at = std::find_if(report.findings.begin(), report.findings.end(),
                                 [&](const Finding& f) { return f.code == code; });
    return at == report.findings.end() ? nullptr : &*at;
}

std::string severity_of(const CsrReport& report, std::string_view code) {
    const Finding* finding = find(report, code);
    return finding == nullptr ? "absent" : std::string(name_of(finding->severity));
}

std::string der_base64(const std::string& pem) {
    const std::size_t from = pem.find('\n') + 1;
    return pem.substr(from, pem.find("-----END") - from);
}

TEST(InspectCsrTest, GoodRsaRequestIsDescribedWithoutFindings) {
    CsrOptions options;
    options.organization = "Example, Inc.";
    const std::string pem =
        make_csr(rsa_key(), "www.example.com", {"WWW.Example.com", "example.com"}, options);

    const CsrReport report = inspect_csr(pem);

    EXPECT_TRUE(report.ok);
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_EQ(report.subject, "CN=www.example.com,O=Example\\, Inc.");
    EXPECT_EQ(report.common_name, "www.example.com");
    EXPECT_THAT(report.dns_names, ElementsAre("www.example.com", "example.com"));
    ASSERT_TRUE(report.key.has_value());
    EXPECT_EQ(report.key->type, "rsa");
    EXPECT_EQ(report.key->bits, 2048);
    EXPECT_EQ(report.key->curve, std::nullopt);
    EXPECT_EQ(report.key->spki_sha256, rsa_key().spki_sha256());
    EXPECT_EQ(report.signature_algorithm, "sha256WithRSAEncryption");
    EXPECT_EQ(report.pem, pem);
}

TEST(CsrKeyTest, IsTheKeyThatTheInspectionFound) {
    for (const TestKey* key : {&rsa_key(), &ec_key()}) {
        const std::string pem = make_csr(*key, "www.example.com");
        const CsrReport report = inspect_csr(pem);

        ASSERT_TRUE(report.key.has_value());
        EXPECT_EQ(csr_key_sha256(pem), report.key->spki_sha256);
        EXPECT_EQ(csr_key_sha256(report.pem), report.key->spki_sha256);
    }
    EXPECT_EQ(csr_key_sha256("no request"), std::nullopt);
}

TEST(InspectCsrTest, UsualCurvesAreAccepted) {
    for (const std::string curve : {"P-256", "P-384", "P-521"}) {
        const TestKey key = make_ec_key(curve);

        const CsrReport report = inspect_csr(make_csr(key, "www.example.com"));

        EXPECT_TRUE(report.ok) << curve;
        ASSERT_TRUE(report.key.has_value());
        EXPECT_EQ(report.key->type, "ec");
        EXPECT_EQ(report.key->curve, curve);
        EXPECT_EQ(report.key->bits, std::stoi(curve.substr(2)));
        EXPECT_EQ(report.key->spki_sha256, key.spki_sha256());
        EXPECT_EQ(report.signature_algorithm, "ecdsa-with-SHA256");
    }
}

TEST(InspectCsrTest, CarriageReturnsIndentsAndBlankLinesAreHarmless) {
    std::string pem = make_csr(ec_key(), "www.example.com");
    std::string mangled = "\r\n\r\n  ";
    for (const char c : pem) mangled += c == '\n' ? std::string("\r\n  ") : std::string(1, c);

    const CsrReport report = inspect_csr(mangled);

    EXPECT_TRUE(report.ok);
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_EQ(report.pem, pem) << "what is sent on is clean";
}

TEST(InspectCsrTest, OldLabelOfMicrosoftToolsIsRead) {
    std::string pem = make_csr(ec_key(), "www.example.com");
    for (std::size_t at = pem.find("CERTIFICATE"); at != std::string::npos;
         at = pem.find("CERTIFICATE", at + 15)) {
        pem.insert(at, "NEW ");
    }

    EXPECT_TRUE(inspect_csr(pem).ok);
}

TEST(InspectCsrTest, WhatIsNoRequestIsUnparsableWithAHint) {
    const std::string good = make_csr(ec_key(), "www.example.com");
    const std::vector<std::string> bad = {
        "",
        "hello",
        std::string(3, '\0'),
        good.substr(0, good.size() / 2),
        "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
        "-----BEGIN CERTIFICATE REQUEST-----\n!!!!\n-----END CERTIFICATE REQUEST-----\n",
        "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n",
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA=AAA\n-----END CERTIFICATE REQUEST-----\n",
        "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n",
        std::string(kMaxCsrBytes + 1, 'A'),
    };
    for (const std::string& text : bad) {
        const CsrReport report = inspect_csr(text);

        EXPECT_FALSE(report.ok);
        ASSERT_EQ(severity_of(report, "csr_unparsable"), "error") << text.substr(0, 80);
        EXPECT_FALSE(find(report, "csr_unparsable")->hint.empty());
        EXPECT_EQ(problem_code_of(report.findings.front()), "csr_unparsable");
        EXPECT_FALSE(report.key.has_value());
        EXPECT_TRUE(report.pem.empty());
    }
}

TEST(InspectCsrTest, RequestWithoutArmourIsToldApart) {
    const std::string good = make_csr(ec_key(), "www.example.com");

    const CsrReport report = inspect_csr(der_base64(good));

    EXPECT_FALSE(report.ok);
    EXPECT_EQ(severity_of(report, "csr_unparsable"), "error");
    EXPECT_EQ(severity_of(report, "der_instead_of_pem"), "info");
    EXPECT_THAT(find(report, "der_instead_of_pem")->hint, HasSubstr("openssl req -inform DER"));
    EXPECT_EQ(severity_of(inspect_csr(good), "der_instead_of_pem"), "absent");
}

TEST(InspectCsrTest, SeveralBlocksAreRefused) {
    const std::string one = make_csr(ec_key(), "www.example.com");
    const std::string two = make_csr(ec_key(), "www.example.org");

    const CsrReport report = inspect_csr(one + two);

    EXPECT_FALSE(report.ok);
    EXPECT_EQ(severity_of(report, "multiple_pem_blocks"), "error");
    EXPECT_EQ(problem_code_of(*find(report, "multiple_pem_blocks")), "csr_unparsable");
    EXPECT_EQ(severity_of(inspect_csr(one), "multiple_pem_blocks"), "absent");
}

TEST(InspectCsrTest, TextAroundTheBlockIsAWarningAndOctetsInsideAnError) {
    const std::string pem = make_csr(ec_key(), "www.example.com");

    const CsrReport around = inspect_csr("Here is our CSR:\n" + pem);
    EXPECT_TRUE(around.ok);
    EXPECT_EQ(severity_of(around, "trailing_garbage"), "warning");
    EXPECT_EQ(around.pem, pem);

    // Three octets more than the outer SEQUENCE says: appended after the padding is gone.
    std::string body = der_base64(pem);
    body.erase(std::remove(body.begin(), body.end(), '\n'), body.end());
    const std::size_t padding = body.find('=');
    if (padding != std::string::npos)
        body.replace(padding, std::string::npos, body.size() - padding, 'A');
    const CsrReport inside = inspect_csr("-----BEGIN CERTIFICATE REQUEST-----\n" + body +
                                         "AAAA\n-----END CERTIFICATE REQUEST-----\n");
    EXPECT_FALSE(inside.ok);
    EXPECT_EQ(severity_of(inside, "trailing_garbage"), "error");
}

TEST(InspectCsrTest, SignatureThatDoesNotFitIsRefused) {
    CsrOptions damaged;
    damaged.bad_signature = true;
    CsrOptions foreign;
    foreign.signer = make_ec_key();
    CsrOptions other_type;
    other_type.signer = rsa_key();

    for (const CsrOptions& options : {damaged, foreign, other_type}) {
        const CsrReport report = inspect_csr(make_csr(ec_key(), "www.example.com", {}, options));

        EXPECT_FALSE(report.ok);
        EXPECT_EQ(severity_of(report, "csr_bad_signature"), "error");
        EXPECT_EQ(report.common_name, "www.example.com") << "what can be read is told all the same";
    }
    const CsrReport rsa = inspect_csr(make_csr(rsa_key(), "www.example.com", {}, damaged));
    EXPECT_EQ(severity_of(rsa, "csr_bad_signature"), "error");
}

TEST(InspectCsrTest, OldHashesAreNamed) {
    CsrOptions options;
    options.digest = "SHA1";
    const CsrReport sha1 = inspect_csr(make_csr(rsa_key(), "www.example.com", {}, options));
    EXPECT_EQ(severity_of(sha1, "weak_signature_hash"), "warning");
    EXPECT_TRUE(sha1.ok);

    options.digest = "MD5";
    const CsrReport md5 = inspect_csr(make_csr(rsa_key(), "www.example.com", {}, options));
    EXPECT_EQ(severity_of(md5, "weak_signature_hash"), "error");
    EXPECT_EQ(problem_code_of(*find(md5, "weak_signature_hash")), "csr_bad_signature");

    options.digest = "SHA512";
    const CsrReport sha512 = inspect_csr(make_csr(rsa_key(), "www.example.com", {}, options));
    EXPECT_THAT(sha512.findings, IsEmpty());
}

TEST(InspectCsrTest, ChallengePasswordIsAWarningAndNeverShown) {
    CsrOptions options;
    options.challenge_password = true;

    const CsrReport report = inspect_csr(make_csr(ec_key(), "www.example.com", {}, options));

    EXPECT_TRUE(report.ok);
    ASSERT_EQ(severity_of(report, "challenge_password_present"), "warning");
    EXPECT_THAT(find(report, "challenge_password_present")->detail, Not(HasSubstr("sesame")));
}

TEST(InspectCsrTest, PrivateKeyBesideTheRequestEndsTheInspection) {
    const std::string text = make_csr(ec_key(), "www.example.com") + ec_key().private_pem();

    const CsrReport report = inspect_csr(text);

    EXPECT_FALSE(report.ok);
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.findings[0].code, "private_key_pasted");
    EXPECT_EQ(problem_code_of(report.findings[0]), "private_key_pasted");
    EXPECT_TRUE(report.subject.empty());
    EXPECT_TRUE(report.pem.empty());
}

TEST(InspectCsrTest, ThousandNamesAreReadAndOneMoreIsRefused) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < kMaxCsrNames; ++i) {
        names.push_back("n" + std::to_string(i) + ".example.com");
    }
    const CsrReport most = inspect_csr(make_csr(ec_key(), names.front(), names));
    names.emplace_back("one-more.example.com");
    const CsrReport over = inspect_csr(make_csr(ec_key(), names.front(), names));

    EXPECT_TRUE(most.ok);
    EXPECT_EQ(most.dns_names.size(), kMaxCsrNames);
    EXPECT_EQ(severity_of(over, "csr_unparsable"), "error");
}

}  // namespace
}  // namespace cabroker::pki
