#include "daemon/link/trace_frame.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace cabroker::link {
namespace {

namespace protocol = adapters::protocol;

protocol::Frame frame(const std::string& op, const std::string& text) {
    protocol::Frame made;
    made.op = op;
    made.body = std::make_shared<const boost::json::value>(boost::json::parse(text));
    return made;
}

struct Told {
    std::vector<std::string> exchanges;
    std::uint64_t dropped = 0;
    TraceHandler handler() {
        return [this](std::string exchange, std::uint64_t missing) {
            exchanges.push_back(std::move(exchange));
            dropped += missing;
        };
    }
};

TEST(TraceFrameTest, AnExchangeIsHandedOnAsOneLine) {
    Told told;

    EXPECT_TRUE(take_trace_frame(
        frame("trace", R"({"exchange":{"body":"a\nb\u001b"},"dropped":2})"), told.handler()));

    ASSERT_EQ(told.exchanges.size(), 1U);
    EXPECT_EQ(told.exchanges[0], R"({"body":"a\nb\u001b"})");
    EXPECT_EQ(told.dropped, 2U);
}

TEST(TraceFrameTest, WhatIsNoExchangeOrTooLongCountsAsNotTold) {
    Told told;
    const std::string much = R"({"exchange":{"body":")" + std::string(300'000, 'x') + R"("}})";

    for (const std::string& text : {std::string(R"({"exchange":"text"})"), std::string("{}"),
                                    std::string(R"({"exchange":{},"dropped":-1})"), much}) {
        EXPECT_TRUE(take_trace_frame(frame("trace", text), told.handler()));
    }

    EXPECT_EQ(told.exchanges, (std::vector<std::string>{"", "", "{}", ""}));
    EXPECT_EQ(told.dropped, 3U);
}

TEST(TraceFrameTest, OtherFramesAreLeftAloneAndUnwantedOnesAreSwallowed) {
    Told told;

    EXPECT_FALSE(take_trace_frame(frame("result", "{}"), told.handler()));
    EXPECT_TRUE(take_trace_frame(frame("trace", R"({"exchange":{}})"), {}));
    EXPECT_TRUE(told.exchanges.empty());
}

}  // namespace
}  // namespace cabroker::link
