#include "config/secret_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json.hpp>

#include "tests/config/config_dir.hpp"

namespace cabroker::config {
namespace {

using ::testing::HasSubstr;

class SecretSourceTest : public ::testing::Test {
  protected:
    SecretSource file(const std::string& text, mode_t mode) {
        const std::string path = dir_.write("secret", text);
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return {SecretSource::Kind::file, path};
    }
    std::string why(const SecretSource& source) {
        const auto secret = source.read();
        return secret ? "read" : secret.error().detail;
    }
    ConfigDir dir_;
};

TEST_F(SecretSourceTest, FileIsReadWithoutItsLineEnd) {
    EXPECT_EQ(file("hunter2\n", 0600).read()->reveal(), "hunter2");
    EXPECT_EQ(file("hunter2\r\n", 0400).read()->reveal(), "hunter2");
    EXPECT_EQ(file(" two\nlines \n\n", 0600).read()->reveal(), " two\nlines \n");
}

TEST_F(SecretSourceTest, FileThatOthersMayReadIsRefused) {
    EXPECT_THAT(why(file("x", 0640)), HasSubstr("run chmod 0600"));
    EXPECT_THAT(why(file("x", 0604)), HasSubstr("run chmod 0600"));
}

TEST_F(SecretSourceTest, OnlySmallRegularFilesWithSomethingInThemCount) {
    EXPECT_THAT(why(file("\n", 0600)), HasSubstr("it is empty"));
    EXPECT_THAT(why(file(std::string(kMaxSecretBytes + 1, 'x'), 0600)),
                HasSubstr("larger than 64 KiB"));
    EXPECT_EQ(file(std::string(kMaxSecretBytes, 'x'), 0600).read()->reveal().size(),
              kMaxSecretBytes);
    EXPECT_THAT(why({SecretSource::Kind::file, dir_.path() + "/none"}), HasSubstr("No such file"));
    EXPECT_THAT(why({SecretSource::Kind::file, dir_.path()}), HasSubstr("not a regular file"));
    ASSERT_EQ(::mkfifo((dir_.path() + "/fifo").c_str(), 0600), 0);
    EXPECT_THAT(why({SecretSource::Kind::file, dir_.path() + "/fifo"}),
                HasSubstr("not a regular file"));
    std::filesystem::create_symlink(file("x", 0600).where, dir_.path() + "/link");
    EXPECT_THAT(why({SecretSource::Kind::file, dir_.path() + "/link"}), HasSubstr("symbolic link"));
}

TEST_F(SecretSourceTest, CredentialComesFromTheServiceManager) {
    const std::string path = dir_.write("smtp", "pass\n");
    ASSERT_EQ(::setenv("CREDENTIALS_DIRECTORY", dir_.path().c_str(), 1), 0);
    const SecretSource source{SecretSource::Kind::credential, "smtp"};

    EXPECT_EQ(source.read()->reveal(), "pass");
    ASSERT_EQ(::unsetenv("CREDENTIALS_DIRECTORY"), 0);
    EXPECT_THAT(why(source), HasSubstr("LoadCredential=smtp:PATH"));
}

TEST_F(SecretSourceTest, ExactlyOneSourceIsAccepted) {
    for (const char* text :
         {R"({"k":{}})", R"({"k":{"file":"/a","credential":"b"}})", R"({"k":{"file":"a"}})",
          R"({"k":{"credential":"../a"}})", R"({"k":{"credential":""}})", R"({"k":"pw"})",
          R"({"k":{"file":"/a","x":1}})"}) {
        const boost::json::value value = boost::json::parse(text);
        json::Problems problems;
        json::ObjectReader reader(value, "", problems);

        (void)decode_secret(reader, "k", problems);

        EXPECT_EQ(problems.size(), 1U) << text;
    }
}

}  // namespace
}  // namespace cabroker::config
