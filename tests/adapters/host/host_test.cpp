#include "adapters/host/host.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "adapters/protocol/codec.hpp"
#include "adapters/protocol/json_text.hpp"
#include "tests/adapters/protocol/samples.hpp"
#include "tests/adapters/protocol/wire.hpp"

namespace cabroker::adapters::host {
namespace {

namespace asio = boost::asio;
namespace bj = boost::json;
using domain::Error;
using domain::ErrorCode;
using domain::Result;
using tests::RawPeer;
using tests::run;
using tests::turn_until;

// What the fake adapter saw and is to do.
struct Script {
    int begun = 0;
    int ended = 0;
    std::optional<domain::Duration> act_for;
    std::function<asio::awaitable<Result<protocol::StepResult>>()> step;
};

class FakeAdapter final : public Adapter {
  public:
    explicit FakeAdapter(Script& script) : script_(script) {}
    protocol::Capabilities capabilities() const override {
        protocol::Capabilities ours;
        ours.type = "fake";
        ours.kinds = {domain::Kind::status};
        return ours;
    }
    asio::awaitable<Result<protocol::StepResult>> advance(protocol::StepContext context) override {
        ++script_.begun;
        if (context.leave) script_.act_for = context.leave->act_for;
        Result<protocol::StepResult> result = co_await script_.step();
        ++script_.ended;
        co_return result;
    }
    asio::awaitable<Result<protocol::Proof>> prove(protocol::ProofContext context) override {
        protocol::Proof proof;
        proof.verdict = protocol::ProofVerdict::not_done;
        proof.detail = context.effect.summary;
        co_return proof;
    }

  private:
    Script& script_;
};

asio::awaitable<Result<protocol::StepResult>> answer_done() {
    co_return tests::a_result(protocol::Done{"status_read", "read", std::nullopt});
}
asio::awaitable<Result<protocol::StepResult>> answer_never() {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_after(std::chrono::hours(1));
    co_await timer.async_wait(asio::use_awaitable);
    co_return Error(ErrorCode::internal, "an hour passed");
}
asio::awaitable<Result<protocol::StepResult>> answer_with_a_bug() {
    throw std::runtime_error("a bug");
    co_return Error(ErrorCode::internal, "");
}
asio::awaitable<Result<protocol::StepResult>> answer_too_large() {
    protocol::StepResult result;
    result.answer = protocol::Misconfigured{"x"};
    for (int i = 0; i < 20; ++i) result.notes.push_back({std::string(64'000, 'n'), {}});
    co_return result;
}

class HostTest : public ::testing::Test {
  protected:
    HostTest() {
        script_.step = answer_done;
        HostOptions options;
        options.build = "host-test 1";
        options.silence = std::chrono::milliseconds(5'000);
        options.make_adapter = [this](const std::string& name, const std::string&,
                                      const Services&) -> Result<std::unique_ptr<Adapter>> {
            if (name == "wrong")
                return Error(ErrorCode::bad_configuration, "its settings are wrong");
            return std::make_unique<FakeAdapter>(script_);
        };
        runtime::spawn(wire_.io.get_executor(), "host", serve_all(std::move(options)));
    }
    asio::awaitable<void> serve_all(HostOptions options) {
        co_await serve(std::move(wire_.ours), std::move(options));
        served_ = true;
    }
    bj::object ask(const std::string& line) {
        EXPECT_TRUE(run(wire_.io, peer_.say(line + "\n")));
        return hear();
    }
    // The next frame that is not a blob; blobs are acknowledged and kept.
    bj::object hear() {
        while (true) {
            bj::object frame = run(wire_.io, peer_.hear_object());
            if (frame.empty() || frame.at("op") != "blob") return frame;
            blobs_[std::string(frame.at("blob").as_string())] +=
                *protocol::from_base64(std::string_view(frame.at("data").as_string()));
            bj::object ack;
            ack["op"] = "blob_ack";
            ack["blob"] = frame.at("blob");
            ack["seq"] = frame.at("seq");
            EXPECT_TRUE(run(wire_.io, peer_.say(bj::serialize(ack) + "\n")));
        }
    }
    void configure() {
        const bj::object reply = ask(
            R"({"op":"configure","id":2,"adapters":{"portal":{},"wrong":{}},"mailers":{},"secrets":{}})");
        ASSERT_EQ(reply.at("op"), "configured");
    }
    static std::string step_frame(std::uint64_t id, const protocol::StepContext& context,
                                  std::int64_t age_ms = 0) {
        protocol::Blobs blobs;
        bj::object frame;
        frame["op"] = "advance";
        frame["id"] = id;
        frame["context"] = protocol::to_json(context, std::to_string(id), blobs);
        const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now().time_since_epoch());
        frame["told_at_ms"] = now.count() - age_ms;
        return bj::serialize(frame);
    }
    static protocol::StepContext context_with_deadline(std::chrono::milliseconds deadline) {
        protocol::StepContext context = tests::a_context();
        context.leave.reset();
        context.mail.reset();
        context.deadline = deadline;
        return context;
    }

    Script script_;
    tests::Wire wire_;
    RawPeer peer_{std::move(wire_.theirs)};
    std::map<std::string, std::string> blobs_;
    bool served_ = false;
};

TEST_F(HostTest, GreetsWithTheVersionBothSpeak) {
    const bj::object reply = ask(R"({"op":"hello","id":1,"protocols":[7,1],"build":"x"})");

    EXPECT_EQ(reply.at("op"), "hello");
    EXPECT_EQ(reply.at("protocol"), 1);
    EXPECT_EQ(reply.at("build"), "host-test 1");
}

TEST_F(HostTest, GreetsWithoutVersionWhenNoneIsShared) {
    EXPECT_TRUE(ask(R"({"op":"hello","id":1,"protocols":[99]})").at("protocol").is_null());
}

TEST_F(HostTest, TellsWhichAdaptersItCouldMake) {
    const bj::object reply =
        ask(R"({"op":"configure","id":2,"adapters":{"portal":{},"wrong":{}}})");

    EXPECT_EQ(reply.at("capabilities").at("portal").at("type"), "fake");
    EXPECT_FALSE(reply.at("capabilities").as_object().contains("wrong"));
    EXPECT_EQ(reply.at("problems").at("wrong"), "its settings are wrong");
}

TEST_F(HostTest, AnswersPingsAndUnknownOps) {
    EXPECT_EQ(ask(R"({"op":"ping","id":5})").at("op"), "pong");
    const bj::object reply = ask(R"({"op":"dance","id":6,"how":"slowly"})");
    EXPECT_EQ(reply.at("op"), "unsupported");
    EXPECT_EQ(reply.at("id"), 6);
}

TEST_F(HostTest, AStepIsAnsweredWithItsResultAndBlobs) {
    configure();

    const bj::object reply = ask(step_frame(7, context_with_deadline(std::chrono::seconds(5))));

    ASSERT_EQ(reply.at("op"), "result") << bj::serialize(reply);
    protocol::Blobs blobs(blobs_.begin(), blobs_.end());
    const auto result = protocol::step_result_from(reply.at("result"), blobs);
    ASSERT_TRUE(result.has_value()) << result.error().detail;
    EXPECT_EQ(result->evidence.at(0).octets.size(), 300'000U);
}

TEST_F(HostTest, AProofIsAnswered) {
    configure();
    protocol::ProofContext context;
    context.step = context_with_deadline(std::chrono::seconds(5));
    context.effect = tests::an_effect();
    protocol::Blobs blobs;
    bj::object frame;
    frame["op"] = "prove";
    frame["id"] = 8;
    frame["context"] = protocol::to_json(context, "8", blobs);

    const bj::object reply = ask(bj::serialize(frame));

    ASSERT_EQ(reply.at("op"), "proof") << bj::serialize(reply);
    EXPECT_EQ(reply.at("proof").at("verdict"), "not_done");
    EXPECT_EQ(reply.at("proof").at("detail").as_string(), context.effect.summary);
}

TEST_F(HostTest, AnAdapterThatIsNotConfiguredIsMisconfigured) {
    configure();
    protocol::StepContext context = context_with_deadline(std::chrono::seconds(5));
    context.adapter = "wrong";

    const bj::object reply = ask(step_frame(7, context));

    EXPECT_EQ(reply.at("result").at("answer").at("type"), "misconfigured");
}

TEST_F(HostTest, AStepThatCannotBeReadReachesNobodyAndSaysNothingOfTheSupplier) {
    configure();

    const bj::object reply = ask(R"({"op":"advance","id":7,"context":{"adapter":"portal"}})");

    EXPECT_EQ(reply.at("result").at("answer").at("type"), "misconfigured");
    EXPECT_EQ(script_.begun, 0);
}

TEST_F(HostTest, AnAdapterThatDoesNotEndIsCancelledAfterItsDeadline) {
    configure();
    script_.step = answer_never;

    const bj::object reply =
        ask(step_frame(7, context_with_deadline(std::chrono::milliseconds(20))));

    EXPECT_EQ(reply.at("op"), "error");
    EXPECT_EQ(reply.at("code"), "no_answer");
    EXPECT_EQ(script_.begun, 1);
}

TEST_F(HostTest, AnAdaptersBugCostsOneStep) {
    configure();
    script_.step = answer_with_a_bug;
    EXPECT_EQ(ask(step_frame(7, context_with_deadline(std::chrono::seconds(5)))).at("code"),
              "no_answer");

    script_.step = answer_done;

    EXPECT_EQ(ask(step_frame(8, context_with_deadline(std::chrono::seconds(5)))).at("op"),
              "result");
}

TEST_F(HostTest, AnAnswerThatIsTooLargeIsNoAnswer) {
    configure();
    script_.step = answer_too_large;

    const bj::object reply = ask(step_frame(7, context_with_deadline(std::chrono::seconds(5))));

    EXPECT_EQ(reply.at("op"), "error");
    EXPECT_EQ(reply.at("code"), "no_answer");
}

TEST_F(HostTest, LeaveCountsFromWhenTheCoreGaveIt) {
    configure();
    protocol::StepContext context = context_with_deadline(std::chrono::seconds(60));
    context.leave = protocol::Leave{tests::an_effect().id, std::chrono::seconds(30)};

    EXPECT_EQ(ask(step_frame(7, context, 20'000)).at("op"), "result");

    ASSERT_TRUE(script_.act_for.has_value());
    EXPECT_LE(script_.act_for->count(), 10'000);
    EXPECT_GT(script_.act_for->count(), 5'000);
}

TEST_F(HostTest, LeaveThatLayTooLongInTheSocketIsNotUsed) {
    configure();
    protocol::StepContext context = context_with_deadline(std::chrono::seconds(60));
    context.leave = protocol::Leave{tests::an_effect().id, std::chrono::seconds(30)};

    const bj::object reply = ask(step_frame(7, context, 31'000));

    EXPECT_EQ(reply.at("op"), "error");
    EXPECT_EQ(reply.at("code"), "unreachable") << "nothing was sent";
    EXPECT_EQ(script_.begun, 0);
}

TEST_F(HostTest, AnEffectIsCutOffWhenItsTimeIsOver) {
    configure();
    script_.step = answer_never;
    protocol::StepContext context = context_with_deadline(std::chrono::seconds(60));
    context.leave = protocol::Leave{tests::an_effect().id, std::chrono::milliseconds(40)};

    const bj::object reply = ask(step_frame(7, context));

    EXPECT_EQ(reply.at("code"), "no_answer");
    EXPECT_EQ(script_.begun, 1);
    EXPECT_EQ(script_.ended, 0);
}

TEST_F(HostTest, ASlowStepDoesNotHoldUpOthers) {
    configure();
    script_.step = answer_never;
    ASSERT_TRUE(run(wire_.io,
                    peer_.say(step_frame(7, context_with_deadline(std::chrono::hours(1))) + "\n")));
    ASSERT_TRUE(turn_until(wire_.io, [&] { return script_.begun == 1; }));

    EXPECT_EQ(ask(R"({"op":"ping","id":8})").at("op"), "pong");
}

TEST_F(HostTest, ALostLinkEndsTheServingWhileAStepRuns) {
    configure();
    script_.step = answer_never;
    ASSERT_TRUE(run(wire_.io,
                    peer_.say(step_frame(7, context_with_deadline(std::chrono::hours(1))) + "\n")));
    ASSERT_TRUE(turn_until(wire_.io, [&] { return script_.begun == 1; }));

    peer_.hang_up();

    EXPECT_TRUE(turn_until(wire_.io, [&] { return served_; }));
    EXPECT_EQ(script_.ended, 0);
}

TEST_F(HostTest, NonsenseEndsTheServing) {
    EXPECT_TRUE(run(wire_.io, peer_.say("GET / HTTP/1.1\r\n")));

    EXPECT_TRUE(turn_until(wire_.io, [&] { return served_; }));
    EXPECT_TRUE(run(wire_.io, peer_.hear()).empty());
}

}  // namespace
}  // namespace cabroker::adapters::host
