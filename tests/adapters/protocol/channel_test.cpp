#include "adapters/protocol/channel.hpp"

#include "adapters/protocol/messages.hpp"
#include "tests/adapters/protocol/wire.hpp"

namespace cabroker::adapters::protocol {
namespace {

namespace asio = boost::asio;
namespace bj = boost::json;
using domain::ErrorCode;
using domain::Result;
using tests::RawPeer;
using tests::run;
using tests::turn_until;

constexpr std::chrono::milliseconds kPatient{10'000};

std::string blob_frame(const std::string& name, int seq, const std::string& octets, bool last) {
    bj::object frame;
    frame["op"] = "blob";
    frame["blob"] = name;
    frame["seq"] = seq;
    frame["data"] = base64(octets);
    frame["last"] = last;
    return bj::serialize(frame) + "\n";
}

class ChannelTest : public ::testing::Test {
  protected:
    // What the channel makes of the text; the channel reads until a frame or an error.
    Result<Frame> read_after(std::string text) {
        runtime::spawn(wire_.io.get_executor(), "peer", tell(std::move(text)));
        return run(wire_.io, channel_.read(kPatient));
    }
    asio::awaitable<void> tell(std::string text) {
        const bool said = co_await peer_.say(std::move(text));
        (void)said;
    }
    void expect_closed_with(ErrorCode code, std::string text) {
        const Result<Frame> frame = read_after(std::move(text));
        ASSERT_TRUE(frame.has_error());
        EXPECT_EQ(frame.error().code, code) << frame.error().detail;
        EXPECT_TRUE(channel_.closed());
    }

    tests::Wire wire_;
    Channel channel_{std::move(wire_.ours)};
    RawPeer peer_{std::move(wire_.theirs)};
};

TEST_F(ChannelTest, ReadsFramesThatComeInOnePiece) {
    const auto first =
        read_after("{\"op\":\"ping\",\"id\":1}\n{\"op\":\"ping\",\"id\":2,\"more\":[]}\n");
    const auto second = run(wire_.io, channel_.read(kPatient));

    ASSERT_TRUE(first.has_value()) << first.error().detail;
    EXPECT_EQ(first->id, 1U);
    ASSERT_TRUE(second.has_value()) << second.error().detail;
    EXPECT_EQ(second->id, 2U);
    EXPECT_TRUE(second->body->as_object().contains("more"));
}

TEST_F(ChannelTest, TooLongALineIsRefused) {
    expect_closed_with(ErrorCode::bad_answer, std::string(kMaxFrame + 10, 'x'));
}
TEST_F(ChannelTest, WhatIsNoJsonIsRefused) { expect_closed_with(ErrorCode::bad_answer, "hello\n"); }
TEST_F(ChannelTest, AnArrayIsRefused) { expect_closed_with(ErrorCode::bad_answer, "[]\n"); }
TEST_F(ChannelTest, DuplicateMembersAreRefused) {
    expect_closed_with(ErrorCode::bad_answer, "{\"op\":\"a\",\"op\":\"b\",\"id\":1}\n");
}
TEST_F(ChannelTest, AFrameWithoutIdIsRefused) {
    expect_closed_with(ErrorCode::bad_answer, "{\"op\":\"ping\"}\n");
}
TEST_F(ChannelTest, ANegativeIdIsRefused) {
    expect_closed_with(ErrorCode::bad_answer, "{\"op\":\"ping\",\"id\":-1}\n");
}
TEST_F(ChannelTest, BlobFramesOutOfOrderAreRefused) {
    expect_closed_with(ErrorCode::bad_answer,
                       blob_frame("1.1", 0, "a", false) + blob_frame("1.1", 2, "b", true));
}
TEST_F(ChannelTest, ABlobThatGoesOnAfterItsEndIsRefused) {
    expect_closed_with(ErrorCode::bad_answer,
                       blob_frame("1.1", 0, "a", true) + blob_frame("1.1", 1, "b", true));
}
TEST_F(ChannelTest, AFrameWhoseBlobIsNotCompleteIsRefused) {
    expect_closed_with(ErrorCode::bad_answer,
                       blob_frame("1.1", 0, "a", false) + "{\"op\":\"x\",\"id\":1}\n");
}
TEST_F(ChannelTest, TooLargeABlobFrameIsRefused) {
    expect_closed_with(ErrorCode::bad_answer,
                       blob_frame("1.1", 0, std::string(kBlobChunk + 1, 'x'), true));
}
TEST_F(ChannelTest, EmptyBlobFramesWithoutEndAreRefused) {
    expect_closed_with(ErrorCode::bad_answer, blob_frame("1.1", 0, "", false));
}
TEST_F(ChannelTest, BlobsThatNoFrameNamesAreLimited) {
    std::string many;
    for (int i = 0; i < 65; ++i) many += blob_frame("9." + std::to_string(i), 0, "a", true);
    expect_closed_with(ErrorCode::bad_answer, std::move(many));
}

TEST_F(ChannelTest, SilenceClosesTheLink) {
    const auto frame = run(wire_.io, channel_.read(std::chrono::milliseconds(30)));

    ASSERT_TRUE(frame.has_error());
    EXPECT_EQ(frame.error().code, ErrorCode::unreachable);
    EXPECT_TRUE(channel_.closed());
}

TEST_F(ChannelTest, HangingUpEndsTheReading) {
    peer_.hang_up();
    const auto frame = run(wire_.io, channel_.read(kPatient));

    ASSERT_TRUE(frame.has_error());
    EXPECT_EQ(frame.error().code, ErrorCode::unreachable);
}

TEST_F(ChannelTest, BlobsComeWithTheFrameThatNamesThem) {
    const auto frame =
        read_after(blob_frame("1.1", 0, "for one", true) +
                   blob_frame("11.1", 0, "for eleven", true) + "{\"op\":\"x\",\"id\":1}\n");

    ASSERT_TRUE(frame.has_value()) << frame.error().detail;
    EXPECT_EQ(frame->blobs.size(), 1U);
    EXPECT_EQ(frame->blobs.begin()->second, "for one");
}

asio::awaitable<Result<void>> write_blob(Channel& channel, std::size_t size) {
    auto body = std::make_shared<bj::object>();
    Blobs blobs;
    blobs.emplace("3.1", std::string(size, 'b'));
    co_return co_await channel.write("result", 3, std::move(body), std::move(blobs));
}

TEST_F(ChannelTest, NoMoreThanEightBlobFramesGoUnacknowledged) {
    std::optional<Result<void>> written;
    runtime::spawn(wire_.io.get_executor(), "writer",
                   tests::keep(write_blob(channel_, 20 * kBlobChunk), written));
    for (int seq = 0; seq < 8; ++seq) {
        const bj::object frame = run(wire_.io, peer_.hear_object());
        ASSERT_EQ(frame.at("seq").as_int64(), seq);
    }
    wire_.io.restart();
    wire_.io.poll();
    std::optional<std::string> ninth;
    runtime::spawn(wire_.io.get_executor(), "listener", tests::keep(peer_.hear(), ninth));
    wire_.io.poll();
    EXPECT_FALSE(ninth.has_value()) << "nothing was acknowledged";

    ASSERT_TRUE(run(wire_.io, peer_.say("{\"op\":\"blob_ack\",\"blob\":\"3.1\",\"seq\":0}\n")));
    // Acknowledgements are taken by whoever reads.
    std::optional<Result<Frame>> read;
    runtime::spawn(wire_.io.get_executor(), "reader", tests::keep(channel_.read(kPatient), read));

    EXPECT_TRUE(turn_until(wire_.io, [&] { return ninth.has_value(); }));
    EXPECT_FALSE(written.has_value());
    channel_.close();
    EXPECT_TRUE(turn_until(wire_.io, [&] { return written.has_value() && read.has_value(); }));
    EXPECT_EQ(written->error().code, ErrorCode::not_sent) << "the frame itself never left";
}

TEST_F(ChannelTest, AFrameThatCannotLeaveInTimeIsNotSentLater) {
    // Fill the socket: nobody reads.
    std::optional<Result<void>> first;
    auto big = std::make_shared<bj::object>();
    (*big)["text"] = std::string(kMaxFrame - 100, 'x');
    runtime::spawn(
        wire_.io.get_executor(), "first",
        tests::keep(channel_.write("a", 1, big, Blobs{}, std::chrono::milliseconds(50)), first));
    auto small = std::make_shared<bj::object>();
    const auto second =
        run(wire_.io, channel_.write("b", 2, small, Blobs{}, std::chrono::milliseconds(50)));

    ASSERT_TRUE(second.has_error());
    EXPECT_EQ(second.error().code, ErrorCode::not_sent);
    ASSERT_TRUE(turn_until(wire_.io, [&] { return first.has_value(); }));
    EXPECT_EQ(first->error().code, ErrorCode::no_answer) << "a part of it left";
    EXPECT_EQ(run(wire_.io, peer_.hear_object()).at("op").as_string(), "a");
    auto third = std::make_shared<bj::object>();
    EXPECT_TRUE(run(wire_.io, channel_.write("c", 3, third, Blobs{}, kPatient)).has_value());
    EXPECT_EQ(run(wire_.io, peer_.hear_object()).at("op").as_string(), "c");
}

TEST_F(ChannelTest, WhatIsTooLargeIsRefusedBeforeAnythingLeaves) {
    auto body = std::make_shared<bj::object>();
    (*body)["text"] = std::string(kMaxFrame, 'x');
    Blobs blobs;
    blobs.emplace("1.1", "small");

    const auto written = run(wire_.io, channel_.write("a", 1, body, std::move(blobs), kPatient));

    ASSERT_TRUE(written.has_error());
    EXPECT_EQ(written.error().code, ErrorCode::limit_exceeded);
    EXPECT_FALSE(channel_.closed());
    auto next = std::make_shared<bj::object>();
    EXPECT_TRUE(run(wire_.io, channel_.write("b", 2, next, Blobs{}, kPatient)).has_value());
    EXPECT_EQ(run(wire_.io, peer_.hear_object()).at("op").as_string(), "b");
}

TEST_F(ChannelTest, APeerThatFloodsAndNeverReadsIsCutOff) {
    std::optional<bool> flooded;
    std::string piece;
    for (int seq = 0; seq < 200'000; ++seq) {
        piece += blob_frame("1.1", seq, "x", false);
        if (piece.size() > 12'000'000) break;
    }
    runtime::spawn(wire_.io.get_executor(), "flood",
                   tests::keep(peer_.say(std::move(piece)), flooded));

    const auto frame = run(wire_.io, channel_.read(kPatient));

    EXPECT_TRUE(frame.has_error());
    EXPECT_TRUE(channel_.closed());
}

TEST(ChannelPairTest, LargeAnswersOfManyStepsCrossAtOnce) {
    tests::Wire wire;
    Channel one(std::move(wire.ours));
    Channel other(std::move(wire.theirs));
    std::vector<std::optional<Result<void>>> written(5);
    std::optional<Result<Frame>> idle;
    runtime::spawn(wire.io.get_executor(), "acks", tests::keep(one.read(kPatient), idle));
    for (std::uint64_t id = 1; id <= written.size(); ++id) {
        Blobs blobs;
        for (int i = 1; i <= 4; ++i) {
            blobs.emplace(std::to_string(id) + "." + std::to_string(i), std::string(300'000, 'b'));
        }
        runtime::spawn(wire.io.get_executor(), "writer",
                       tests::keep(one.write("r", id, std::make_shared<bj::object>(),
                                             std::move(blobs), kPatient),
                                   written.at(id - 1)));
    }
    for (std::size_t i = 0; i < written.size(); ++i) {
        const Result<Frame> frame = run(wire.io, other.read(kPatient));
        ASSERT_TRUE(frame.has_value()) << frame.error().detail;
        EXPECT_EQ(frame->blobs.size(), 4U);
        EXPECT_EQ(frame->blobs.begin()->second.size(), 300'000U);
    }
    EXPECT_TRUE(turn_until(wire.io, [&] { return written.back().has_value(); }));
    for (const auto& each : written) EXPECT_TRUE(each && each->has_value());
}

}  // namespace
}  // namespace cabroker::adapters::protocol
