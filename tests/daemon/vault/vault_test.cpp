#include "daemon/vault/vault.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace cabroker::vault {
namespace {

using domain::ErrorCode;

class VaultTest : public testing::Test {
  protected:
    VaultTest() {
        std::string name = (std::filesystem::temp_directory_path() / "vault-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~VaultTest() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::filesystem::path key_file() const { return folder_ / "vault.key"; }
    [[nodiscard]] KeySource source() const { return KeySource::file(key_file()); }
    [[nodiscard]] Vault vault() const {
        domain::Result<Vault> opened = Vault::open(source(), false);
        EXPECT_TRUE(opened.has_value()) << opened.error().detail;
        return std::move(*opened);
    }
    void write_key(const std::string& content, mode_t mode = 0600) const {
        std::ofstream(key_file(), std::ios::binary) << content;
        ::chmod(key_file().c_str(), mode);
    }
    [[nodiscard]] std::string key_text() const {
        std::ifstream in(key_file(), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void expect_refused(bool anything_sealed, const std::string& word) const {
        const domain::Result<Vault> opened = Vault::open(source(), anything_sealed);
        ASSERT_TRUE(opened.has_error());
        EXPECT_EQ(opened.error().code, ErrorCode::bad_configuration);
        EXPECT_NE(opened.error().detail.find(word), std::string::npos) << opened.error().detail;
    }

    std::filesystem::path folder_;
    const Place place_{"inputs", "req_1", "value"};
};

TEST_F(VaultTest, OpensWhatItSealed) {
    const Vault vault = this->vault();

    const std::string sealed = vault.seal("4711-access-code", place_);
    const auto opened = vault.open(sealed, place_);

    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(opened->reveal(), "4711-access-code");
    EXPECT_EQ(sealed.size(), 37 + std::string("4711-access-code").size());
    EXPECT_EQ(sealed.find("4711"), std::string::npos);
}

TEST_F(VaultTest, SealsTheEmptyText) {
    const Vault vault = this->vault();

    const auto opened = vault.open(vault.seal("", place_), place_);

    ASSERT_TRUE(opened.has_value());
    EXPECT_TRUE(opened->empty());
}

TEST_F(VaultTest, SealingTwiceGivesDifferentRecords) {
    const Vault vault = this->vault();

    EXPECT_NE(vault.seal("same", place_), vault.seal("same", place_));
}

TEST_F(VaultTest, RecordMovedToAnotherPlaceDoesNotOpen) {
    const Vault vault = this->vault();
    const std::string sealed = vault.seal("code", Place("ab", "c", "d"));

    for (const Place& other :
         {Place("ab", "c", "e"), Place("ab", "x", "d"), Place("a", "bc", "d"), place_}) {
        EXPECT_TRUE(vault.open(sealed, other).has_error());
    }
}

TEST_F(VaultTest, EveryChangedOctetIsNoticed) {
    const Vault vault = this->vault();
    const std::string sealed = vault.seal("code", place_);

    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        const auto opened = vault.open(changed, place_);
        ASSERT_TRUE(opened.has_error()) << "octet " << i;
        EXPECT_EQ(opened.error().code, ErrorCode::bad_answer);
    }
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        EXPECT_TRUE(vault.open(sealed.substr(0, size), place_).has_error()) << "cut to " << size;
    }
}

TEST_F(VaultTest, HmacDependsOnPurposeTextAndKeyOnly) {
    const Vault first = vault();
    const Vault again = vault();

    EXPECT_EQ(first.hmac("idempotency", "body"), again.hmac("idempotency", "body"));
    EXPECT_EQ(first.hmac("idempotency", "body").size(), 64U);
    EXPECT_NE(first.hmac("idempotency", "body"), first.hmac("reply token", "body"));
    EXPECT_NE(first.hmac("idempotency", "body"), first.hmac("idempotency", "bodx"));

    std::filesystem::remove(key_file());
    const Vault other = vault();
    EXPECT_NE(first.hmac("idempotency", "body"), other.hmac("idempotency", "body"));
    EXPECT_NE(first.key_id(), other.key_id());
}

TEST_F(VaultTest, FirstStartMakesAPrivateKeyFileThatLaterStartsUse) {
    const Vault first = vault();
    struct stat facts {};
    ASSERT_EQ(::stat(key_file().c_str(), &facts), 0);

    const auto again = Vault::open(source(), true, first.key_id());

    EXPECT_EQ(facts.st_mode & 07777U, 0600U);
    EXPECT_EQ(facts.st_nlink, 1U);
    ASSERT_TRUE(again.has_value()) << again.error().detail;
    EXPECT_EQ(again->key_id(), first.key_id());
    EXPECT_EQ(again->open(first.seal("x", place_), place_)->reveal(), "x");
    EXPECT_EQ(key_text().find(first.key_id()), std::string::npos) << "the id must not tell the key";
}

TEST_F(VaultTest, MissingKeyOfSealedRowsIsRefusedAndNotReplaced) {
    expect_refused(true, "restore it from a backup");

    EXPECT_FALSE(std::filesystem::exists(key_file()));
}

TEST_F(VaultTest, KeyThatOthersMayReadIsRefused) {
    (void)vault();
    for (const mode_t mode : {0640, 0604, 0620}) {
        ::chmod(key_file().c_str(), mode);
        expect_refused(false, "chmod 0600");
    }
}

TEST_F(VaultTest, KeyOfWrongFormIsRefused) {
    for (const std::string& content :
         {std::string(), std::string(31, 'k'), std::string(33, 'k'), std::string(64, 'g'),
          std::string(63, 'a'), std::string(66, 'a'), std::string(64, 'a') + "\n\n"}) {
        write_key(content);
        expect_refused(false, "64 hex digits");
    }
}

TEST_F(VaultTest, KeyIsReadAsOctetsOrHexDigits) {
    write_key(std::string(32, 'k'));
    const std::string raw = vault().key_id();
    std::string hex;
    for (int i = 0; i < 32; ++i) hex += "6b";
    write_key(hex);
    const std::string without_line_end = vault().key_id();
    write_key(hex + "\n");

    EXPECT_EQ(raw, without_line_end);
    EXPECT_EQ(raw, vault().key_id());
}

TEST_F(VaultTest, LinkFifoOrFolderInPlaceOfTheKeyIsRefused) {
    write_key(std::string(32, 'k'));
    std::filesystem::rename(key_file(), folder_ / "elsewhere");
    std::filesystem::create_symlink(folder_ / "elsewhere", key_file());
    expect_refused(false, "plain file");

    std::filesystem::remove(key_file());
    ASSERT_EQ(::mkfifo(key_file().c_str(), 0600), 0);
    expect_refused(false, "plain file");

    std::filesystem::remove(key_file());
    std::filesystem::create_directory(key_file());
    expect_refused(false, "plain file");
}

TEST_F(VaultTest, AnotherKeyThanThatOfTheSealedRowsIsRefused) {
    const std::string first = vault().key_id();
    std::filesystem::remove(key_file());
    const std::string second = vault().key_id();

    const auto opened = Vault::open(source(), true, first);

    ASSERT_TRUE(opened.has_error());
    EXPECT_EQ(opened.error().code, ErrorCode::bad_configuration);
    EXPECT_NE(opened.error().detail.find(first), std::string::npos);
    EXPECT_TRUE(Vault::open(source(), false, first).has_value())
        << "nothing sealed: a new key is fine";
    EXPECT_NE(first, second);
}

TEST_F(VaultTest, FolderThatDoesNotExistIsAnErrorAndNotACrash) {
    const auto opened = Vault::open(KeySource::file(folder_ / "no" / "vault.key"), false);

    ASSERT_TRUE(opened.has_error());
    EXPECT_EQ(opened.error().code, ErrorCode::bad_configuration);
}

TEST_F(VaultTest, CredentialIsReadAndNeverMade) {
    ::setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1);
    const KeySource source = KeySource::credential("vault.key");

    const auto missing = Vault::open(source, false);
    write_key(std::string(32, 'k'), 0440);
    const auto there = Vault::open(source, false);
    ::unsetenv("CREDENTIALS_DIRECTORY");
    const auto no_systemd = Vault::open(source, false);

    ASSERT_TRUE(missing.has_error());
    EXPECT_NE(missing.error().detail.find("LoadCredential"), std::string::npos);
    EXPECT_TRUE(there.has_value()) << there.error().detail;
    EXPECT_TRUE(no_systemd.has_error());
}

}  // namespace
}  // namespace cabroker::vault
