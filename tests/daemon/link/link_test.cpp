#include "daemon/link/link.hpp"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "adapters/protocol/codec.hpp"
#include "tests/adapters/protocol/samples.hpp"
#include "tests/adapters/protocol/wire.hpp"

namespace cabroker::link {
namespace {

namespace asio = boost::asio;
namespace bj = boost::json;
namespace protocol = adapters::protocol;
using domain::ErrorCode;
using domain::Result;
using tests::RawPeer;
using tests::run;
using tests::turn_until;
using Milliseconds = std::chrono::milliseconds;

const char* const kHello = R"("op":"hello","protocol":1,"build":"peer"})";
const char* const kConfigured =
    R"("op":"configured","capabilities":{"portal":{"type":"fake","channel":"portal","kinds":["status"],"brands":[]}},"problems":{"other":"wrong"}})";

class LinkTest : public ::testing::Test {
  protected:
    LinkTest() {
        std::string name = (std::filesystem::temp_directory_path() / "link-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        asio::local::stream_protocol::endpoint where((folder_ / "link.sock").string());
        acceptor_.open(where.protocol());
        acceptor_.bind(where);
        acceptor_.listen();
    }
    ~LinkTest() override {
        if (link_) link_->stop();
        turn_until(io_, [this] { return !link_ || ended_; });
        std::filesystem::remove_all(folder_);
    }
    LinkOptions quick() const {
        LinkOptions options;
        options.socket = (folder_ / "link.sock").string();
        options.build = "link-test";
        options.connect_patience = Milliseconds(2'000);
        options.silence = Milliseconds(5'000);
        options.first_pause = Milliseconds(5);
        options.longest_pause = Milliseconds(40);
        options.grace = Milliseconds(20);
        return options;
    }
    void start(LinkOptions options) {
        link_.emplace(std::move(options), io_.get_executor(), random_);
        Configuration configuration;
        configuration.adapters["portal"] = R"({"type":"guest_portal"})";
        configuration.secrets.emplace("mailer/default", domain::Secret(std::string_view("s3cret")));
        link_->configure(std::move(configuration));
        runtime::spawn(io_.get_executor(), "link", run_link());
    }
    asio::awaitable<void> run_link() {
        co_await link_->run();
        ended_ = true;
    }
    asio::awaitable<tests::LocalSocket> accept() {
        co_return co_await acceptor_.async_accept(asio::use_awaitable);
    }
    std::unique_ptr<RawPeer> next_peer() { return std::make_unique<RawPeer>(run(io_, accept())); }
    bj::object hear(RawPeer& peer) { return run(io_, peer.hear_object()); }
    void answer(RawPeer& peer, const bj::object& question, const std::string& rest) {
        std::string line = "{\"id\":" + std::to_string(question.at("id").as_int64()) + "," + rest;
        line += "\n";
        EXPECT_TRUE(run(io_, peer.say(line)));
    }
    // Greets and takes the settings; the link is up then.
    void greet(RawPeer& peer) {
        const bj::object hello = hear(peer);
        ASSERT_EQ(hello.at("op"), "hello");
        EXPECT_EQ(bj::serialize(hello.at("protocols")), "[1]");
        answer(peer, hello, kHello);
        const bj::object settings = hear(peer);
        ASSERT_EQ(settings.at("op"), "configure");
        configured_ = settings;
        answer(peer, settings, kConfigured);
        ASSERT_TRUE(turn_until(io_, [this] { return link_->up(); }));
    }
    static protocol::StepContext step(Milliseconds deadline) {
        protocol::StepContext context = tests::a_context();
        context.leave.reset();
        context.mail.reset();
        context.deadline = deadline;
        return context;
    }
    using Answer = std::optional<Result<protocol::StepResult>>;
    void advance(protocol::StepContext context, Answer& into) {
        runtime::spawn(io_.get_executor(), "step",
                       tests::keep(link_->advance(std::move(context)), into));
    }
    static std::string done() {
        protocol::StepResult result;
        result.answer = protocol::Done{"status_read", "", std::nullopt};
        protocol::Blobs blobs;
        return "\"op\":\"result\",\"result\":" +
               bj::serialize(protocol::to_json(result, "1", blobs)) + "}";
    }
    void expect_error(Answer& answer, ErrorCode code) {
        ASSERT_TRUE(turn_until(io_, [&] { return answer.has_value(); }));
        ASSERT_TRUE(answer->has_error());
        EXPECT_EQ(answer->error().code, code) << answer->error().detail;
    }

    std::filesystem::path folder_;
    asio::io_context io_{1};
    asio::local::stream_protocol::acceptor acceptor_{io_};
    runtime::SeededRandom random_{7};
    std::optional<Link> link_;
    bj::object configured_;
    bool ended_ = false;
};

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

#ifdef CABROKER_ADAPTERS_PROGRAM

class SpawnedHostTest : public LinkTest {
  protected:
    void spawn_host(LinkOptions options) {
        options.socket.clear();
        options.program = CABROKER_ADAPTERS_PROGRAM;
        options.connect_patience = Milliseconds(20'000);
        options.silence = Milliseconds(20'000);
        link_.emplace(std::move(options), io_.get_executor(), random_);
        Configuration configuration;
        configuration.adapters["panel"] = R"({"type":"human"})";
        link_->configure(std::move(configuration));
        runtime::spawn(io_.get_executor(), "link", run_link());
        ASSERT_TRUE(turn_until(io_, [this] { return link_->up(); }));
    }
    // The only child of this process.
    static pid_t host() {
        std::ifstream children("/proc/self/task/" + std::to_string(getpid()) + "/children");
        pid_t child = -1;
        children >> child;
        return child;
    }
    Answer ask(Milliseconds deadline) {
        Answer result;
        protocol::StepContext context = step(deadline);
        context.adapter = "panel";
        advance(std::move(context), result);
        EXPECT_TRUE(turn_until(io_, [&] { return result.has_value(); }));
        return result;
    }
};

TEST_F(SpawnedHostTest, ARealHostTakesSettingsAndSteps) {
    spawn_host(quick());

    EXPECT_EQ(link_->capabilities().at("panel").type, "human");
    Answer result = ask(Milliseconds(10'000));
    ASSERT_TRUE(result && result->has_value()) << result->error().detail;
}

TEST_F(SpawnedHostTest, InheritsNothingButItsLink) {
    // As a client's connection would be: without close-on-exec.
    std::array<int, 2> client{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, client.data()), 0);
    const auto target_of = [](const std::filesystem::path& path) {
        std::error_code gone;
        return std::filesystem::read_symlink(path, gone).string();
    };
    const std::string ours = target_of("/proc/self/fd/" + std::to_string(client[0]));
    ASSERT_TRUE(ours.starts_with("socket:"));

    spawn_host(quick());

    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(host()) + "/fd")) {
        EXPECT_NE(target_of(entry.path()), ours);
    }
    for (const int fd : client) close(fd);
}

TEST_F(SpawnedHostTest, AHostThatDiesIsReplaced) {
    spawn_host(quick());
    const pid_t first = host();

    kill(first, SIGKILL);

    ASSERT_TRUE(turn_until(io_, [this] { return !link_->up(); }));
    ASSERT_TRUE(turn_until(io_, [this] { return link_->up(); }));
    EXPECT_NE(host(), first);
    EXPECT_TRUE(ask(Milliseconds(10'000))->has_value());
}

TEST_F(SpawnedHostTest, AHostThatHangsGivesNoAnswerInTime) {
    spawn_host(quick());
    kill(host(), SIGSTOP);
    const auto began = std::chrono::steady_clock::now();

    Answer result = ask(Milliseconds(100));

    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
    ASSERT_TRUE(result && result->has_error());
    EXPECT_EQ(result->error().code, ErrorCode::no_answer);
    kill(host(), SIGCONT);
    EXPECT_TRUE(ask(Milliseconds(10'000))->has_value());
}

TEST_F(SpawnedHostTest, AHungHostIsKilledWhenTheLinkIsGivenUp) {
    spawn_host(quick());
    const pid_t hung = host();
    kill(hung, SIGSTOP);

    link_->stop();

    EXPECT_TRUE(turn_until(io_, [this] { return ended_; }));
    EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(hung)));
}

TEST_F(SpawnedHostTest, AProgramThatIsNotThereIsTriedAgain) {
    LinkOptions options = quick();
    options.socket.clear();
    options.program = (folder_ / "not-there").string();
    link_.emplace(std::move(options), io_.get_executor(), random_);
    runtime::spawn(io_.get_executor(), "link", run_link());
    io_.run_for(Milliseconds(50));
    EXPECT_EQ(link_->trouble(), "down");

    std::filesystem::create_symlink(CABROKER_ADAPTERS_PROGRAM, folder_ / "not-there");

    EXPECT_TRUE(turn_until(io_, [this] { return link_->up(); }));
}

#endif

}  // namespace
}  // namespace cabroker::link
