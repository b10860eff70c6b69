// The link to a peer that speaks raw lines, from its greeting to its end.
#include "daemon/link/link.hpp"

#include "tests/daemon/link/link_fixture.hpp"

namespace cabroker::link {
namespace {

namespace bj = boost::json;
namespace protocol = adapters::protocol;
using domain::ErrorCode;
using tests::run;
using tests::turn_until;

class LinkTest : public LinkFixture {};

TEST_F(LinkTest, GreetsConfiguresAndKnowsWhatTheAdaptersCan) {
    start(quick());
    auto peer = next_peer();
    greet(*peer);

    EXPECT_EQ(configured_.at("adapters").at("portal").at("type"), "guest_portal");
    EXPECT_EQ(configured_.at("secrets").at("mailer/default").at("secret"), "s3cret");
    EXPECT_EQ(link_->capabilities().at("portal").type, "fake");
    EXPECT_EQ(link_->problems().at("other").why, "wrong");
    EXPECT_FALSE(link_->problems().at("other").down);
    EXPECT_EQ(link_->trouble(), "");
}

TEST_F(LinkTest, ToldWithAPongWhichAdaptersAreDown) {
    LinkOptions options = quick();
    options.ping_every = Milliseconds(20);
    start(options);
    auto peer = next_peer();
    greet(*peer);

    const bj::object ping = hear(*peer);
    EXPECT_EQ(ping.at("op"), "ping");
    answer(
        *peer, ping,
        R"("op":"pong","capabilities":{},"problems":{"other":"not running"},"down":["other","who"]})");

    ASSERT_TRUE(turn_until(io_, [this] {
        const auto known = link_->problems().find("other");
        return known != link_->problems().end() && known->second.down;
    }));
    EXPECT_EQ(link_->problems().at("other").why, "not running");
    EXPECT_EQ(link_->problems().size(), 1U) << "who has no problem is not down";
}

TEST_F(LinkTest, BringsTheAnswerOfAStep) {
    start(quick());
    auto peer = next_peer();
    greet(*peer);
    Answer result;
    advance(step(Milliseconds(5'000)), result);

    const bj::object asked = hear(*peer);
    answer(*peer, asked, done());

    ASSERT_TRUE(turn_until(io_, [&] { return result.has_value(); }));
    ASSERT_TRUE(result->has_value()) << result->error().detail;
    EXPECT_EQ(asked.at("context").at("inputs").at(0).at("value").at("secret"), "482913");
    EXPECT_EQ(link_->in_flight(), 0U);
}

TEST_F(LinkTest, AnswersComeToThoseWhoAskedInAnyOrder) {
    start(quick());
    auto peer = next_peer();
    greet(*peer);
    Answer first;
    Answer second;
    advance(step(Milliseconds(5'000)), first);
    const bj::object one = hear(*peer);
    advance(step(Milliseconds(5'000)), second);
    const bj::object two = hear(*peer);

    answer(*peer, two, done());
    ASSERT_TRUE(turn_until(io_, [&] { return second.has_value(); }));
    EXPECT_FALSE(first.has_value());
    answer(*peer, one, done());

    EXPECT_TRUE(turn_until(io_, [&] { return first.has_value(); }));
}

TEST_F(LinkTest, WithoutAPeerNothingIsSent) {
    start(quick());
    Answer result;
    advance(step(Milliseconds(5'000)), result);

    expect_error(result, ErrorCode::not_sent);
    EXPECT_EQ(link_->trouble(), "down");
}

TEST_F(LinkTest, APeerThatDoesNotAnswerGivesNoAnswerInTime) {
    start(quick());
    auto peer = next_peer();
    greet(*peer);
    Answer result;
    const auto began = std::chrono::steady_clock::now();
    advance(step(Milliseconds(50)), result);

    expect_error(result, ErrorCode::no_answer);

    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(4));
    EXPECT_TRUE(link_->up()) << "one slow step is no reason to hang up";
    const bj::object asked = hear(*peer);
    answer(*peer, asked, done());
    Answer next;
    advance(step(Milliseconds(5'000)), next);
    answer(*peer, hear(*peer), done());
    ASSERT_TRUE(turn_until(io_, [&] { return next.has_value(); }));
    EXPECT_TRUE(next->has_value()) << "a late answer does no harm";
}

TEST_F(LinkTest, APeerThatHangsUpGivesNoAnswerAndIsMetAgain) {
    start(quick());
    auto peer = next_peer();
    greet(*peer);
    Answer result;
    advance(step(Milliseconds(60'000)), result);
    hear(*peer);

    peer->hang_up();

    expect_error(result, ErrorCode::no_answer);
    EXPECT_TRUE(turn_until(io_, [&] { return !link_->up(); }));
    peer = next_peer();
    greet(*peer);
    EXPECT_TRUE(link_->up());
}

TEST_F(LinkTest, GarbageEndsTheLinkAndTheStepsInFlight) {
    for (const char* garbage :
         {"HTTP/1.1 200 OK\r\n", "[1,2]\n", "{\"op\":\"result\",\"id\":99999}\n",
          "{\"op\":\"blob\",\"blob\":\"1.1\",\"seq\":5,\"data\":\"\",\"last\":true}\n"}) {
        SCOPED_TRACE(garbage);
        if (!link_) start(quick());
        auto peer = next_peer();
        greet(*peer);
        Answer result;
        advance(step(Milliseconds(60'000)), result);
        hear(*peer);

        EXPECT_TRUE(run(io_, peer->say(garbage)));

        expect_error(result, ErrorCode::no_answer);
    }
}

TEST_F(LinkTest, WhatIsNotToBeUnderstoodIsABadAnswer) {
    start(quick());
    auto peer = next_peer();
    greet(*peer);
    for (const char* odd : {"\"op\":\"result\",\"result\":{\"answer\":{\"type\":\"maybe\"}}}",
                            "\"op\":\"result\"}", "\"op\":\"unsupported\"}"}) {
        Answer result;
        advance(step(Milliseconds(5'000)), result);
        answer(*peer, hear(*peer), odd);
        expect_error(result, ErrorCode::bad_answer);
    }
    EXPECT_TRUE(link_->up());
}

TEST_F(LinkTest, ErrorsSayWhetherAnythingWasSent) {
    start(quick());
    auto peer = next_peer();
    greet(*peer);
    Answer unreached;
    advance(step(Milliseconds(5'000)), unreached);
    answer(*peer, hear(*peer), R"("op":"error","code":"unreachable","detail":"x"})");
    expect_error(unreached, ErrorCode::not_sent);
    Answer unknown;
    advance(step(Milliseconds(5'000)), unknown);
    answer(*peer, hear(*peer), R"("op":"error","code":"no_answer","detail":"x"})");
    expect_error(unknown, ErrorCode::no_answer);
}

TEST_F(LinkTest, AnotherVersionIsAMismatchUntilThePeerIsReplaced) {
    start(quick());
    auto peer = next_peer();
    const bj::object hello = hear(*peer);
    answer(*peer, hello, R"("op":"hello","protocol":null,"build":"old"})");
    ASSERT_TRUE(turn_until(io_, [this] { return link_->trouble() == "protocol_mismatch"; }));
    EXPECT_FALSE(link_->up());

    peer = next_peer();
    greet(*peer);

    EXPECT_EQ(link_->trouble(), "");
}

TEST_F(LinkTest, APeerThatNeverGreetsIsLeft) {
    LinkOptions options = quick();
    options.connect_patience = Milliseconds(30);
    start(std::move(options));
    auto silent = next_peer();

    auto peer = next_peer();
    greet(*peer);

    EXPECT_TRUE(link_->up());
}

TEST_F(LinkTest, ASilentPeerIsLeft) {
    LinkOptions options = quick();
    options.silence = Milliseconds(60);
    options.ping_every = Milliseconds(10);
    start(std::move(options));
    auto peer = next_peer();
    greet(*peer);
    Answer result;
    advance(step(Milliseconds(60'000)), result);

    expect_error(result, ErrorCode::no_answer);
    EXPECT_FALSE(link_->up());
}

TEST_F(LinkTest, NewSettingsAreSentAtOnceAndThoseMadeMeanwhileToo) {
    start(quick());
    auto peer = next_peer();
    greet(*peer);
    Configuration second;
    second.adapters["second"] = "{}";
    link_->configure(std::move(second));
    const bj::object asked = hear(*peer);
    EXPECT_TRUE(asked.at("adapters").as_object().contains("second"));

    peer->hang_up();
    ASSERT_TRUE(turn_until(io_, [this] { return !link_->up(); }));
    peer = next_peer();
    const bj::object hello = hear(*peer);
    answer(*peer, hello, kHello);
    const bj::object old = hear(*peer);
    EXPECT_TRUE(old.at("adapters").as_object().contains("second"));
    Configuration third;
    third.adapters["third"] = "{}";
    link_->configure(std::move(third));
    answer(*peer, old, kConfigured);

    const bj::object last = hear(*peer);

    EXPECT_TRUE(last.at("adapters").as_object().contains("third"));
    answer(*peer, last, kConfigured);
    EXPECT_TRUE(turn_until(io_, [this] { return link_->up(); }));
}

TEST_F(LinkTest, AStepThatIsTooLargeIsNotSent) {
    start(quick());
    auto peer = next_peer();
    greet(*peer);
    protocol::StepContext large = step(Milliseconds(5'000));
    large.order.product = std::string(2 * protocol::kMaxFrame, 'x');
    Answer result;
    advance(std::move(large), result);

    expect_error(result, ErrorCode::not_sent);
    EXPECT_TRUE(link_->up());
}

TEST_F(LinkTest, StopEndsTheLinkWhateverItIsDoing) {
    start(quick());
    link_->stop();
    EXPECT_TRUE(turn_until(io_, [this] { return ended_; }));
}

}  // namespace
}  // namespace cabroker::link
