#include "transport/maildir.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>

#include "tests/transport/peer.hpp"

namespace cabroker::transport {
namespace {

namespace fs = std::filesystem;
using domain::ErrorCode;
using std::chrono::milliseconds;

class MaildirTest : public ::testing::Test {
  protected:
    MaildirTest() {
        std::string pattern = fs::temp_directory_path() / "cabroker-maildir-XXXXXX";
        root_ = ::mkdtemp(pattern.data());
        for (const char* part : {"new", "cur", "tmp"}) fs::create_directory(root_ / part);
    }
    ~MaildirTest() override { fs::remove_all(root_); }

    void put(const std::string& path, const std::string& octets) const {
        std::ofstream(root_ / path, std::ios::binary) << octets;
    }
    [[nodiscard]] Maildir open() const { return *Maildir::open(root_.string()); }

    fs::path root_;
};

TEST_F(MaildirTest, MailsAreListedReadAndFiled) {
    put("new/2.host", "second");
    put("new/1.host", "first");
    put("cur/0.host:2,RS", "seen");
    const Maildir box = open();

    const auto list = box.list();

    ASSERT_TRUE(list.has_value());
    ASSERT_EQ(list->size(), 3U);
    EXPECT_EQ(list->at(0).path, "new/1.host");
    EXPECT_EQ(list->at(0).size, 5U);
    EXPECT_EQ(*box.read("cur/0.host:2,RS", 100), "seen");
    EXPECT_TRUE(box.file_away("new/1.host", "Processed").has_value());
    EXPECT_TRUE(box.file_away("cur/0.host:2,RS", "Processed").has_value());
    EXPECT_TRUE(fs::exists(root_ / ".Processed/cur/1.host:2,S"));
    EXPECT_TRUE(fs::exists(root_ / ".Processed/cur/0.host:2,S"));
    EXPECT_TRUE(box.remove("new/2.host").has_value());
    EXPECT_TRUE(box.remove("new/2.host").has_value()) << "not there any more is as good";
    EXPECT_TRUE(box.list()->empty());
    EXPECT_EQ(box.read("new/1.host", 100).error().code, ErrorCode::not_found);
    EXPECT_EQ(box.file_away("new/1.host", "Processed").error().code, ErrorCode::not_found);
}

TEST_F(MaildirTest, FilingNeverReplacesAnotherMail) {
    const Maildir box = open();
    put("new/1.host", "first");
    ASSERT_TRUE(box.file_away("new/1.host", "Processed").has_value());
    put("new/1.host", "other");

    EXPECT_TRUE(box.file_away("new/1.host", "Processed").has_value());
    EXPECT_TRUE(fs::exists(root_ / ".Processed/cur/1.host:2,S"));
    EXPECT_EQ(fs::file_size(root_ / ".Processed/cur/1.host:2,S"), 5U) << "the first";
    EXPECT_TRUE(fs::exists(root_ / ".Processed/cur/1.host.2:2,S")) << "the other";
    EXPECT_TRUE(box.list()->empty());
}

TEST_F(MaildirTest, LinksPipesAndForeignPathsAreNotMails) {
    put("secret", "secret");
    fs::create_symlink(root_ / "secret", root_ / "new/link");
    fs::create_directory(root_ / "new/folder");
    ::mkfifo((root_ / "new/pipe").c_str(), 0600);
    put("new/.hidden", "x");
    put("new/:2,S", "x");
    const Maildir box = open();

    EXPECT_TRUE(box.list()->empty());
    for (const std::string path : {"new/link", "new/folder", "new/pipe", "secret", "new/../secret",
                                   "/etc/passwd", "new/", "new/.hidden", "new/:2,S", "tmp/x", ""}) {
        EXPECT_EQ(box.read(path, 100).error().code, ErrorCode::bad_answer) << path;
    }
    for (const std::string folder : {"", "..", "a/b", ".x", "a b"}) {
        EXPECT_TRUE(box.file_away("new/link", folder).has_error()) << folder;
    }
}

TEST_F(MaildirTest, FolderThatIsALinkIsRefused) {
    fs::create_directory(root_ / "elsewhere");
    fs::remove(root_ / "new");
    fs::create_directory_symlink(root_ / "elsewhere", root_ / "new");

    EXPECT_EQ(Maildir::open(root_.string()).error().code, ErrorCode::bad_configuration);
    EXPECT_EQ(Maildir::open("/nonexistent").error().code, ErrorCode::bad_configuration);
}

TEST_F(MaildirTest, FolderThatBecomesALinkLeadsNowhere) {
    const Maildir box = open();
    fs::create_directory(root_ / "elsewhere");
    put("elsewhere/m", "secret");
    fs::remove(root_ / "new");
    fs::create_directory_symlink(root_ / "elsewhere", root_ / "new");

    EXPECT_TRUE(box.read("new/m", 100).has_error());
    EXPECT_TRUE(box.list().has_error());
    EXPECT_TRUE(box.file_away("new/m", "Processed").has_error());
    EXPECT_TRUE(box.remove("new/m").has_error());
    EXPECT_TRUE(fs::exists(root_ / "elsewhere/m"));
}

TEST_F(MaildirTest, LargeMailsAreRefused) {
    put("new/1", std::string(101, 'x'));

    EXPECT_EQ(open().read("new/1", 100).error().code, ErrorCode::limit_exceeded);
    EXPECT_TRUE(open().read("new/1", 101).has_value());
}

TEST_F(MaildirTest, DeliveryEndsTheWait) {
    boost::asio::io_context loop(1);
    Maildir box = open();
    const auto soon = [] { return std::chrono::steady_clock::now() + milliseconds(100); };
    ASSERT_TRUE(box.watch(loop.get_executor()).has_value());
    boost::asio::post(loop, [&] {
        put("tmp/1.host", "x");
        fs::rename(root_ / "tmp/1.host", root_ / "new/1.host");
    });

    const auto first = await(loop, box.changed(soon() + std::chrono::seconds(10)));
    const auto second = await(loop, box.changed(soon()));

    EXPECT_TRUE(*first);
    EXPECT_FALSE(*second) << "one delivery ends one wait";
}

}  // namespace
}  // namespace cabroker::transport
