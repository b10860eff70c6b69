#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "pki/csr.hpp"
#include "tests/pki/command.hpp"
#include "tests/pki/make_pki.hpp"

namespace cabroker::pki {
namespace {

std::string body_of(const std::string& pem) {
    const std::size_t from = pem.find('\n') + 1;
    return pem.substr(from, pem.find("-----END") - from);
}

std::string read(const std::string& command) {
    const test_pki::CommandResult result = test_pki::run(command);
    EXPECT_EQ(result.status, 0) << command << "\n" << result.output;
    return result.output;
}

/// The same key in every form that the openssl command writes.
std::vector<std::string> key_forms() {
    const test_pki::TempFolder folder;
    const std::string rsa = folder.write("rsa.pem", test_pki::make_rsa_key().private_pem());
    const std::string ec = folder.write("ec.pem", test_pki::make_ec_key().private_pem());
    std::vector<std::string> forms;
    for (const std::string& key : {rsa, ec}) {
        forms.push_back(read("cat " + key));
        forms.push_back(read("openssl pkey -traditional -in " + key));
        forms.push_back(read("openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:x -in " + key));
        forms.push_back(read("openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout pass:x -in " + key));
        forms.push_back(read("openssl pkey -aes128 -traditional -passout pass:x -in " + key));
    }
    return forms;
}

TEST(HoldsPrivateKeyTest, EveryArmouredFormIsFoundAloneGluedAndTorn) {
    const std::string csr = test_pki::make_csr(test_pki::make_ec_key(), "www.example.com");
    for (const std::string& key : key_forms()) {
        std::string escaped;
        for (const char c : key) escaped += c == '\n' ? std::string("\\n") : std::string(1, c);

        EXPECT_TRUE(holds_private_key(key)) << key.substr(0, 40);
        EXPECT_TRUE(holds_private_key("see below" + csr + key + "regards"));
        EXPECT_TRUE(holds_private_key(escaped));
        EXPECT_TRUE(holds_private_key(key.substr(0, key.size() / 2))) << "a cut-off key is a key";
        EXPECT_TRUE(holds_private_key(key.substr(key.size() / 2)));
    }
}

TEST(HoldsPrivateKeyTest, BareBase64AndBinaryAreFound) {
    for (const std::string& key : key_forms()) {
        if (key.find("Proc-Type") != std::string::npos)
            continue;  // its body is ciphertext, not DER
        std::string one_line = body_of(key);
        one_line.erase(std::remove(one_line.begin(), one_line.end(), '\n'), one_line.end());

        EXPECT_TRUE(holds_private_key(body_of(key))) << key.substr(0, 40);
        EXPECT_TRUE(holds_private_key("my key: " + one_line)) << key.substr(0, 40);
        EXPECT_TRUE(holds_private_key("csr\\n" + one_line)) << key.substr(0, 40);
    }
    const test_pki::TempFolder folder;
    const std::string key = folder.write("key.pem", test_pki::make_ec_key().private_pem());
    EXPECT_TRUE(holds_private_key(read("openssl pkey -outform DER -in " + key)));
}

TEST(HoldsPrivateKeyTest, OtherPeoplesFormatsAreFound) {
    EXPECT_TRUE(holds_private_key("-----BEGIN OPENSSH PRIVATE KEY-----"));
    EXPECT_TRUE(holds_private_key("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ"));
    EXPECT_TRUE(holds_private_key("-----begin rsa private key-----"));
    EXPECT_TRUE(
        holds_private_key("\xE2\x80\x94\xE2\x80\x94"
                          "BEGIN PRIVATE KEY\xE2\x80\x94"));
    EXPECT_TRUE(holds_private_key("-----BEGIN PGP PRIVATE KEY BLOCK-----"));
    EXPECT_TRUE(holds_private_key("PuTTY-User-Key-File-3: ssh-rsa"));
}

TEST(HoldsPrivateKeyTest, RequestsCertificatesPublicKeysAndProseAreNone) {
    const test_pki::TestCa ca = test_pki::make_ca("Test Root");
    const test_pki::TempFolder folder;
    const std::string key = folder.write("key.pem", test_pki::make_rsa_key().private_pem());

    EXPECT_FALSE(holds_private_key(""));
    EXPECT_FALSE(holds_private_key("at the beginning of the private key stands a line"));
    EXPECT_FALSE(holds_private_key("we begin private key talks now"));
    EXPECT_FALSE(holds_private_key(ca.certificate().pem()));
    EXPECT_FALSE(holds_private_key(ca.certificate().der()));
    EXPECT_FALSE(holds_private_key(read("openssl pkey -pubout -in " + key)));
    EXPECT_FALSE(
        holds_private_key(read("openssl rsa -RSAPublicKey_out -in " + key + " 2>/dev/null")));
    for (int i = 0; i < 200; ++i) {
        const std::string csr = test_pki::make_csr(
            test_pki::make_ec_key(), "host" + std::to_string(i) + ".example.com",
            {"a.example.com", "b.example.com", "c.example.com", "d.example.com"});
        EXPECT_FALSE(holds_private_key(csr)) << csr;
        EXPECT_FALSE(holds_private_key(body_of(csr))) << csr;
    }
}

}  // namespace
}  // namespace cabroker::pki
