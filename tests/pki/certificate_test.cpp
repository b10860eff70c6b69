#include "pki/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pki/command.hpp"
#include "tests/pki/make_pki.hpp"

namespace cabroker::pki {
namespace {

using domain::ErrorCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class CertificateTest : public testing::Test {
  protected:
    [[nodiscard]] std::string converted(const std::string& command, const std::string& pem) const {
        const std::string in = folder_.write("in.pem", pem);
        const std::string out = (folder_.path() / "out").string();
        const auto result = test_pki::run(command + " -in " + in + " -out " + out);
        EXPECT_EQ(result.status, 0) << result.output;
        std::ifstream file(out, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    [[nodiscard]] std::string bundle(const std::string& outform, const std::string& pem) const {
        const std::string in = folder_.write("chain.pem", pem);
        const std::string out = (folder_.path() / "bundle").string();
        const auto result = test_pki::run("openssl crl2pkcs7 -nocrl -certfile " + in +
                                          " -outform " + outform + " -out " + out);
        EXPECT_EQ(result.status, 0) << result.output;
        std::ifstream file(out, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    test_pki::TempFolder folder_;
    test_pki::TestKey key_ = test_pki::make_ec_key();
    test_pki::TestCa root_ = test_pki::make_ca("Test Root");
    test_pki::TestCa ca_ = test_pki::make_intermediate(root_, "Test Issuing CA");
    Certificate leaf_ =
        test_pki::issue(ca_, key_, "www.example.com", {"WWW.example.com", "example.com"});
};

TEST_F(CertificateTest, FactsAreThoseThatOpensslShows) {
    const std::string file = folder_.write("leaf.pem", leaf_.pem());
    const auto shown = test_pki::run(
        "openssl x509 -noout -serial -fingerprint -sha256 -enddate -dateopt iso_8601 -in " + file);

    std::string serial = leaf_.facts().serial;
    for (char& c : serial) c = static_cast<char>(std::toupper(c));
    EXPECT_THAT(shown.output, HasSubstr("serial=" + serial));
    const auto sum = test_pki::run("python3 -c 'print(int(\"" + serial + "\", 16))'");
    EXPECT_EQ(sum.output, leaf_.decimal_serial() + "\n");
    std::string fingerprint;
    for (const char c : shown.output.substr(shown.output.find("ingerprint=") + 11, 95)) {
        if (c != ':') fingerprint += static_cast<char>(std::tolower(c));
    }
    EXPECT_EQ(leaf_.facts().sha256, fingerprint);
    EXPECT_EQ(leaf_.facts().common_name, "www.example.com");
    EXPECT_THAT(leaf_.facts().dns_names, ElementsAre("www.example.com", "example.com"));
    EXPECT_EQ(leaf_.facts().not_before, test_pki::Validity().from);
    EXPECT_EQ(leaf_.facts().not_after, test_pki::Validity().to);
    EXPECT_THAT(shown.output, HasSubstr("2036-01-01 00:00:00Z"));
    EXPECT_EQ(leaf_.spki_sha256(), key_.spki_sha256());
    EXPECT_EQ(leaf_.subject(), "CN=www.example.com");
    EXPECT_EQ(leaf_.issuer(), "CN=Test Issuing CA");
    EXPECT_FALSE(leaf_.is_ca());
    EXPECT_FALSE(leaf_.is_self_issued());
    EXPECT_TRUE(ca_.certificate().is_ca());
    EXPECT_TRUE(root_.certificate().is_self_issued());
}

TEST_F(CertificateTest, OnlyOneWholeCertificateIsTaken) {
    EXPECT_TRUE(Certificate::from_der(leaf_.der()).has_value());
    for (const std::string& bad :
         {std::string(), std::string("0"), leaf_.der() + "x", leaf_.der().substr(0, 200)}) {
        const auto result = Certificate::from_der(bad);
        ASSERT_TRUE(result.has_error());
        EXPECT_EQ(result.error().code, ErrorCode::bad_answer);
        EXPECT_EQ(result.error().facts.at("reason"), "certificate_unparsable");
    }
    const auto huge = Certificate::from_der(std::string(kMaxCertificateBytes + 1, '0'));
    ASSERT_TRUE(huge.has_error());
    EXPECT_EQ(huge.error().code, ErrorCode::limit_exceeded);
}

TEST_F(CertificateTest, AnAuthorityThatCameBeforeIsTheSameAndNoOther) {
    const Certificate first = *Certificate::from_der(ca_.certificate().der());
    for (int i = 0; i < 70; ++i) {
        const auto other = test_pki::make_ca("Other CA " + std::to_string(i));
        ASSERT_EQ(other.certificate().subject(), "CN=Other CA " + std::to_string(i));
    }
    const Certificate again = *Certificate::from_der(ca_.certificate().der());

    EXPECT_EQ(again.der(), first.der());
    EXPECT_EQ(again.facts().serial, first.facts().serial);
    EXPECT_EQ(again.spki_sha256(), first.spki_sha256());
    EXPECT_TRUE(Certificate::from_der(ca_.certificate().der() + "x").has_error());
    std::string changed = ca_.certificate().der();
    changed.back() = static_cast<char>(changed.back() ^ 1);
    EXPECT_FALSE(*Certificate::from_der(changed) == first);
}

TEST_F(CertificateTest, EveryFormOfDownloadIsRead) {
    const std::string pem =
        leaf_.pem() + "issued by\n" + ca_.certificate().pem() + root_.root().pem();
    std::string bare = leaf_.pem().substr(28);
    bare.resize(bare.find("-----END"));

    const std::vector<std::pair<std::string, std::size_t>> forms = {
        {pem, 3},
        {leaf_.der(), 1},
        {bare, 1},
        {converted("openssl x509 -outform DER", leaf_.pem()), 1},
        {bundle("PEM", pem), 3},
        {bundle("DER", pem), 3},
        {pem + key_.private_pem(), 3},
    };
    for (const auto& [octets, count] : forms) {
        const auto found = certificates_from(octets);
        ASSERT_TRUE(found.has_value()) << found.error().detail << "\n" << octets.substr(0, 60);
        EXPECT_THAT(*found, SizeIs(count));
        EXPECT_EQ(found->front(), leaf_);
    }
}

TEST_F(CertificateTest, WrongLabelOnABundleIsForgiven) {
    std::string pem = bundle("PEM", leaf_.pem() + root_.root().pem());
    for (std::size_t at = pem.find("PKCS7"); at != std::string::npos; at = pem.find("PKCS7")) {
        pem.replace(at, 5, "CERTIFICATE");
    }

    const auto found = certificates_from(pem);

    ASSERT_TRUE(found.has_value());
    EXPECT_THAT(*found, SizeIs(2));
}

TEST_F(CertificateTest, MoreThanTwentyAreRefusedInEveryForm) {
    std::string twenty;
    for (int i = 0; i < 20; ++i) twenty += leaf_.pem();
    const std::string over = twenty + leaf_.pem();

    EXPECT_THAT(certificates_from(twenty).value(), SizeIs(20));
    for (const std::string& text : {over, bundle("PEM", over), bundle("DER", over)}) {
        const auto result = certificates_from(text);
        ASSERT_TRUE(result.has_error());
        EXPECT_EQ(result.error().code, ErrorCode::limit_exceeded);
    }
}

TEST_F(CertificateTest, WhatHoldsNoCertificateIsAnError) {
    const std::string half = leaf_.pem().substr(0, 300);
    const std::string broken =
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" + leaf_.pem();
    for (const std::string& text : {std::string(), std::string("hello"), half, broken,
                                    key_.private_pem(), std::string(99, '\0')}) {
        const auto result = certificates_from(text);
        ASSERT_TRUE(result.has_error()) << text;
        EXPECT_EQ(result.error().facts.at("reason"), "certificate_unparsable");
    }
    EXPECT_EQ(certificates_from(std::string(3UL << 20U, 'A')).error().code,
              ErrorCode::limit_exceeded);
}

TEST_F(CertificateTest, LeafIsFoundByKeyOrByNotBeingACa) {
    const Certificate other = test_pki::issue(ca_, test_pki::make_ec_key(), "b.example.com", {});
    const std::vector<Certificate> chain = {root_.root(), ca_.certificate(), leaf_};
    const std::vector<Certificate> two = {leaf_, other};

    EXPECT_EQ(leaf_of(chain).value(), leaf_);
    EXPECT_EQ(leaf_of(two, key_.spki_sha256()).value(), leaf_);
    EXPECT_EQ(leaf_of(two).error().facts.at("reason"), "certificate_ambiguous");
    EXPECT_EQ(leaf_of({root_.root()}).error().facts.at("reason"), "certificate_missing");
    EXPECT_EQ(leaf_of({other}, key_.spki_sha256()).error().facts.at("reason"),
              "certificate_missing");
}

}  // namespace
}  // namespace cabroker::pki
