#include "daemon/api/listener.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "daemon/api/peer.hpp"

namespace cabroker::api {
namespace {

namespace fs = std::filesystem;

class ListenerTest : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/cabroker-listener-XXXXXX";
        folder_ = ::mkdtemp(name);
        path_ = (folder_ / "s.sock").string();
    }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] std::string refusal() const {
        const auto listener = Listener::at(path_);
        return listener ? "" : listener.error().detail;
    }

    fs::path folder_;
    std::string path_;
};

TEST_F(ListenerTest, MakesASocketThatAllMayConnectToAndRemovesIt) {
    {
        const auto listener = Listener::at(path_);
        ASSERT_TRUE(listener.has_value()) << listener.error().detail;
        struct stat info {};
        ASSERT_EQ(::stat(path_.c_str(), &info), 0);
        EXPECT_TRUE(S_ISSOCK(info.st_mode));
        EXPECT_EQ(info.st_mode & 0777U, 0666U);
    }
    EXPECT_FALSE(fs::exists(path_));
}

TEST_F(ListenerTest, ReplacesASocketThatNobodyAnswersOn) {
    {
        const auto first = Listener::at(path_);
        ASSERT_TRUE(first.has_value());
        fs::rename(path_, path_ + ".kept");
    }
    fs::rename(path_ + ".kept", path_);
    ASSERT_TRUE(fs::exists(path_));

    EXPECT_EQ(refusal(), "");
}

TEST_F(ListenerTest, LeavesALiveDaemonAlone) {
    const auto first = Listener::at(path_);
    ASSERT_TRUE(first.has_value());

    EXPECT_NE(refusal().find("another daemon answers"), std::string::npos);
    EXPECT_TRUE(fs::exists(path_));
}

TEST_F(ListenerTest, LeavesOtherFilesAlone) {
    std::ofstream(path_) << "precious";
    EXPECT_NE(refusal().find("something else"), std::string::npos);
    EXPECT_EQ(fs::file_size(path_), 8U);

    fs::remove(path_);
    fs::create_symlink("/etc/passwd", path_);
    EXPECT_NE(refusal().find("something else"), std::string::npos);
}

TEST_F(ListenerTest, RefusesFoldersThatOthersMayWrite) {
    fs::permissions(folder_, fs::perms::all);
    EXPECT_NE(refusal().find("others may write"), std::string::npos);
    fs::permissions(folder_, fs::perms::all | fs::perms::sticky_bit);
    EXPECT_EQ(refusal(), "");
}

TEST_F(ListenerTest, RefusesPathsThatCannotBe) {
    path_ = "relative.sock";
    EXPECT_NE(refusal().find("absolute"), std::string::npos);
    path_ = (folder_ / std::string(120, 'x')).string();
    EXPECT_NE(refusal().find("longer"), std::string::npos);
    path_ = (folder_ / "missing" / "s.sock").string();
    EXPECT_NE(refusal().find("folder"), std::string::npos);
}

TEST_F(ListenerTest, DoesNotRemoveWhatSomebodyElsePutThere) {
    {
        const auto listener = Listener::at(path_);
        ASSERT_TRUE(listener.has_value());
        fs::remove(path_);
        std::ofstream(path_) << "precious";
    }
    EXPECT_TRUE(fs::exists(path_));
}

TEST_F(ListenerTest, AdoptsListeningUnixStreamSocketsOnly) {
    const auto made = Listener::at(path_);
    ASSERT_TRUE(made.has_value());
    const auto adopted = Listener::adopt(::dup(made->descriptor()));
    EXPECT_TRUE(adopted.has_value());

    EXPECT_FALSE(Listener::adopt(::socket(AF_UNIX, SOCK_STREAM, 0)).has_value());
    EXPECT_FALSE(Listener::adopt(::socket(AF_INET, SOCK_STREAM, 0)).has_value());
    EXPECT_FALSE(Listener::adopt(::open("/dev/null", 0)).has_value());
}

TEST_F(ListenerTest, PeersAreKnownFromTheKernel) {
    int pair[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);

    const auto peer = peer_of(pair[0]);

    ASSERT_TRUE(peer.has_value());
    EXPECT_EQ(peer->uid, ::geteuid());
    EXPECT_EQ(peer->gid, ::getegid());
    ::close(pair[0]);
    ::close(pair[1]);
    EXPECT_FALSE(peer_of(0).has_value() && peer_of(-1).has_value());
    EXPECT_EQ(user_name(0), "root");
    EXPECT_EQ(user_name(3'999'999), "uid 3999999");
}

}  // namespace
}  // namespace cabroker::api
