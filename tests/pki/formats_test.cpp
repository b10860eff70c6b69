#include "pki/formats.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/pki/command.hpp"
#include "tests/pki/make_pki.hpp"

namespace cabroker::pki {
namespace {

using domain::Format;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class FormatsTest : public testing::Test {
  protected:
    [[nodiscard]] FormattedFile file(Format format) const {
        auto result = convert(format, chain_, "www.example.com");
        EXPECT_TRUE(result.has_value()) << domain::name_of(format);
        return result.has_value() ? *result : FormattedFile{};
    }
    /// Output of a command with the converted file as its last argument.
    [[nodiscard]] std::string ask(const std::string& command,
                                  const FormattedFile& converted) const {
        const auto result =
            test_pki::run(command + " " + folder_.write(converted.name, converted.octets));
        EXPECT_EQ(result.status, 0) << result.output;
        return result.output;
    }
    [[nodiscard]] std::vector<std::string> names_in_zip(const FormattedFile& zip) const {
        EXPECT_EQ(zip.content_type, "application/zip");
        std::istringstream listing(
            ask("python3 -c 'import sys,zipfile; "
                "print(*zipfile.ZipFile(sys.argv[1]).namelist(), sep=chr(10))'",
                zip));
        std::vector<std::string> names;
        for (std::string name; std::getline(listing, name);) names.push_back(name);
        return names;
    }

    test_pki::TempFolder folder_;
    test_pki::TestCa root_ = test_pki::make_ca("Test Root");
    test_pki::TestCa ca_ = test_pki::make_intermediate(root_, "Test Issuing CA");
    Certificate leaf_ =
        test_pki::issue(ca_, test_pki::make_ec_key(), "www.example.com", {"www.example.com"});
    std::vector<Certificate> chain_ = {leaf_, ca_.certificate(), root_.certificate()};
    std::string stem_ = "www.example.com-" + leaf_.facts().serial;
};

TEST_F(FormatsTest, ZipsHoldOneCertificatePerFile) {
    EXPECT_THAT(names_in_zip(file(Format::default_)),
                ElementsAre(stem_ + ".crt", "intermediate-1.crt", "root.crt"));
    EXPECT_THAT(names_in_zip(file(Format::default_pem)),
                ElementsAre(stem_ + ".crt", "intermediate-1.crt", "root.crt"));
    EXPECT_THAT(names_in_zip(file(Format::default_cer)),
                ElementsAre(stem_ + ".cer", "intermediate-1.cer", "root.cer"));
    EXPECT_THAT(names_in_zip(file(Format::apache)),
                ElementsAre(stem_ + ".crt", "intermediate-1.crt"));
    EXPECT_EQ(ask("python3 -c 'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert not "
                  "z.testzip(); print(*[z.read(n).decode() for n in z.namelist()], sep=\"\")'",
                  file(Format::default_)),
              leaf_.pem() + ca_.certificate().pem() + root_.certificate().pem() + "\n");
}

TEST_F(FormatsTest, Pkcs7BundlesHoldTheWholeChain) {
    for (const auto& [format, name] :
         {std::pair{Format::cer, stem_ + ".cer"}, std::pair{Format::p7b, stem_ + ".p7b"}}) {
        const FormattedFile bundle = file(format);
        EXPECT_EQ(bundle.name, name);
        EXPECT_EQ(bundle.content_type, "application/x-pkcs7-certificates");
        const std::string shown = ask("openssl pkcs7 -noout -print_certs -in", bundle);
        for (const char* subject : {"www.example.com", "Test Issuing CA", "Test Root"}) {
            EXPECT_THAT(shown, HasSubstr(std::string("subject=CN = ") + subject));
        }
        EXPECT_THAT(certificates_from(bundle.octets).value(),
                    ElementsAre(leaf_, ca_.certificate(), root_.certificate()));
    }
}

TEST_F(FormatsTest, PemFilesHoldWhatTheirNameSays) {
    EXPECT_EQ(file(Format::pem_all).octets,
              leaf_.pem() + ca_.certificate().pem() + root_.certificate().pem());
    EXPECT_EQ(file(Format::pem_noroot).octets, leaf_.pem() + ca_.certificate().pem());
    EXPECT_EQ(file(Format::pem_nointermediate).octets, leaf_.pem());
    EXPECT_EQ(file(Format::pem_all).name, stem_ + ".pem");
    EXPECT_EQ(file(Format::pem_all).content_type, "application/x-pem-file");
    EXPECT_THAT(ask("openssl x509 -noout -subject -in", file(Format::pem_all)),
                HasSubstr("subject=CN = www.example.com"));
}

TEST_F(FormatsTest, PemChainServesOpensslVerify) {
    const std::string root = folder_.write("root.pem", root_.certificate().pem());
    const FormattedFile all = file(Format::pem_noroot);
    const std::string path = folder_.write(all.name, all.octets);

    const auto result =
        test_pki::run("openssl verify -attime 1811808000 -purpose sslserver -CAfile " + root +
                      " -untrusted " + path + " " + path);

    EXPECT_EQ(result.status, 0) << result.output;
}

TEST_F(FormatsTest, DerIsTheLeaf) {
    const FormattedFile der = file(Format::der);

    EXPECT_EQ(der.octets, leaf_.der());
    EXPECT_EQ(der.name, stem_ + ".der");
    EXPECT_THAT(ask("openssl x509 -inform DER -noout -subject -in", der),
                HasSubstr("www.example.com"));
}

TEST_F(FormatsTest, Pkcs12OpensWithTheEmptyPasswordAndHoldsNoKey) {
    const FormattedFile store = file(Format::pkcs12);

    EXPECT_EQ(store.name, stem_ + ".p12");
    const std::string shown = ask("openssl pkcs12 -info -nodes -passin pass: -in", store);
    EXPECT_THAT(shown, Not(HasSubstr("PRIVATE KEY")));
    for (const char* subject : {"www.example.com", "Test Issuing CA", "Test Root"}) {
        EXPECT_THAT(shown, HasSubstr(std::string("subject=CN = ") + subject));
    }
}

TEST_F(FormatsTest, EveryFormatIsTheSameOctetsTwice) {
    for (const auto& word : domain::words<Format>()) {
        EXPECT_EQ(file(word.value).octets, file(word.value).octets) << word.name;
        EXPECT_FALSE(file(word.value).octets.empty()) << word.name;
    }
}

TEST_F(FormatsTest, ChainsOfOneAndWithoutRootAreWritten) {
    chain_ = {leaf_, ca_.certificate()};
    EXPECT_THAT(names_in_zip(file(Format::default_)),
                ElementsAre(stem_ + ".crt", "intermediate-1.crt"));
    EXPECT_EQ(file(Format::pem_noroot).octets, leaf_.pem() + ca_.certificate().pem());

    chain_ = {leaf_};
    for (const auto& word : domain::words<Format>()) {
        EXPECT_FALSE(file(word.value).octets.empty()) << word.name;
    }

    const auto nothing = convert(Format::pem_all, {}, "www.example.com");
    ASSERT_TRUE(nothing.has_error());
    EXPECT_EQ(nothing.error().code, domain::ErrorCode::bad_parameter);
}

TEST(FileStemTest, OnlyHarmlessCharactersComeThrough) {
    EXPECT_EQ(file_stem("*.Example.com", "0A1b"), "wildcard.example.com-0a1b");
    EXPECT_EQ(file_stem("../../etc/passwd", "01"), "_._.._etc_passwd-01");
    EXPECT_EQ(file_stem("a b\r\n\"c", ""), "a_b___c");
    EXPECT_EQ(file_stem("", "01"), "certificate-01");
    EXPECT_LE(file_stem(std::string(5000, 'a'), std::string(5000, 'b')).size(), 200U);
    EXPECT_THAT(file_stem("b\xC3\xBC"
                          "cher.example",
                          "01"),
                StartsWith("b__cher.example"));
}

}  // namespace
}  // namespace cabroker::pki
