#include "cli/sse.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cabroker::cli {
namespace {

class EventStreamReaderTest : public testing::Test {
  protected:
    std::vector<std::string> got_;
    EventStreamReader reader_{[this](const std::string& id, const std::string& data) {
        got_.push_back(id + '=' + data);
        return data != "stop";
    }};
};

TEST_F(EventStreamReaderTest, ReadsAnyCutOfTheStream) {
    const std::string text =
        ": ping\nid: 1\nevent: x\ndata: a\ndata:b\n\nid:2\r\ndata: c\r\n\r\n\n";

    for (const char c : text) ASSERT_TRUE(reader_.feed(std::string(1, c)));

    EXPECT_EQ(got_, (std::vector<std::string>{"1=a\nb", "2=c"}));
    EXPECT_EQ(reader_.last_id(), "2");
}

TEST_F(EventStreamReaderTest, HalfAnEventIsForgottenAtARestart) {
    ASSERT_TRUE(reader_.feed("id: 1\ndata: a\n\nid: 2\ndata: b\n"));

    reader_.restart();
    ASSERT_TRUE(reader_.feed("id: 2\ndata: b\n\n"));

    EXPECT_EQ(got_, (std::vector<std::string>{"1=a", "2=b"}));
}

TEST_F(EventStreamReaderTest, StopsWhenToldOrFlooded) {
    EXPECT_FALSE(reader_.feed("data: stop\n\n"));
    EXPECT_FALSE(reader_.feed(std::string(2'000'000, 'x')));
}

}  // namespace
}  // namespace cabroker::cli
