#include "daemon/app/portal_trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <boost/asio/thread_pool.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace cabroker::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::MatchesRegex;

class PortalTraceTest : public testing::Test {
  protected:
    PortalTraceTest() {
        std::string name = (fs::temp_directory_path() / "cabroker-trace-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    ~PortalTraceTest() override { fs::remove_all(folder_); }

    auto open(const std::string& file, std::size_t largest = kLargestTrace) {
        return PortalTrace::open(file, folder_, pool_.get_executor(), clock_, largest);
    }
    /// The file, once everything is written.
    std::string written(const std::string& file) {
        pool_.join();
        std::ostringstream all;
        all << std::ifstream(folder_ + "/" + file).rdbuf();
        return all.str();
    }

    std::string folder_;
    boost::asio::thread_pool pool_{1};
    runtime::SystemClock clock_;
};

TEST_F(PortalTraceTest, WritesOneObjectALineThatOnlyTheOwnerMayRead) {
    auto trace = open("trace.jsonl");
    ASSERT_TRUE(trace) << trace.error().detail;

    (*trace)->take(R"({"step":"a"})", 0);
    (*trace)->take("", 3);
    (*trace)->take("{}", 0);

    EXPECT_THAT(written("trace.jsonl"), MatchesRegex("\\{\"at\":\"[^\"]+\",\"step\":\"a\"\\}\n"
                                                     "\\{\"at\":\"[^\"]+\",\"dropped\":3\\}\n"
                                                     "\\{\"at\":\"[^\"]+\"\\}\n"));
    struct stat facts {};
    ASSERT_EQ(::stat((folder_ + "/trace.jsonl").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

TEST_F(PortalTraceTest, StopsAtItsGreatestSizeWithWholeLines) {
    auto trace = open("trace.jsonl", 100);
    ASSERT_TRUE(trace);

    for (int i = 0; i < 20; ++i) (*trace)->take(R"({"step":"a"})", 0);

    const std::string all = written("trace.jsonl");
    EXPECT_LE(all.size(), 100U);
    EXPECT_GT(all.size(), 40U);
    EXPECT_EQ(all.back(), '\n');
}

TEST_F(PortalTraceTest, AFullDiskEndsTheTraceAndNothingElse) {
    auto trace = open("trace.jsonl");
    ASSERT_TRUE(trace);
    struct rlimit before {};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, SIG_IGN);
    struct rlimit little = before;
    little.rlim_cur = 60;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);

    for (int i = 0; i < 10; ++i) (*trace)->take(R"({"step":"a"})", 0);
    const std::string all = written("trace.jsonl");
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);

    EXPECT_THAT(all, MatchesRegex("\\{\"at\":\"[^\"]+\",\"step\":\"a\"\\}\n"))
        << "no half line is left";
}

TEST_F(PortalTraceTest, TheFileIsInTheStateDirAndIsOurs) {
    for (const char* file : {"../trace.jsonl", "/tmp/trace.jsonl", ".", "a/../../trace.jsonl", "",
                             "vault.key", "cabroker.db", ".jsonl", "a/trace.jsonl"}) {
        const auto trace = open(file);
        ASSERT_FALSE(trace) << file;
        EXPECT_THAT(trace.error().detail, HasSubstr("in state_dir")) << file;
    }
    EXPECT_TRUE(open(folder_ + "/absolute.jsonl"));
    fs::create_symlink("elsewhere", folder_ + "/link.jsonl");
    EXPECT_FALSE(open("link.jsonl"));
    ASSERT_EQ(::mkfifo((folder_ + "/fifo.jsonl").c_str(), 0600), 0);
    EXPECT_FALSE(open("fifo.jsonl"));
    std::ofstream(folder_ + "/public.jsonl") << "x";
    fs::permissions(folder_ + "/public.jsonl", fs::perms(0644));
    const auto open_to_all = open("public.jsonl");
    ASSERT_FALSE(open_to_all);
    EXPECT_THAT(open_to_all.error().detail, HasSubstr("others may read it"));
}

TEST_F(PortalTraceTest, WhatAKilledProcessLeftOfALineIsCut) {
    const std::string file = folder_ + "/trace.jsonl";
    std::ofstream(file) << "{\"step\":\"a\"}\n"
                        << R"({"step":")" << std::string(9000, 'b');
    fs::permissions(file, fs::perms(0600));

    auto trace = open("trace.jsonl");
    ASSERT_TRUE(trace) << trace.error().detail;
    (*trace)->take(R"({"step":"c"})", 0);

    EXPECT_THAT(written("trace.jsonl"),
                MatchesRegex("\\{\"step\":\"a\"\\}\n\\{\"at\":\"[^\"]+\",\"step\":\"c\"\\}\n"));
}

}  // namespace
}  // namespace cabroker::app
