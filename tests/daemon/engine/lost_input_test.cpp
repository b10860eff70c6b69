// An input whose call had no answer: the adapter is told so, whoever lost it.
#include "tests/daemon/engine/engine_world.hpp"

namespace cabroker::engine {
namespace {

using domain::Error;
using domain::ErrorCode;
using domain::State;

class LostInputTest : public EngineWorld {
  protected:
    static ScriptedOutside::Step fails(ErrorCode code) {
        return [code](const protocol::StepContext&) {
            return domain::Result<protocol::StepResult>(Error(code, "lost"));
        };
    }
    domain::RequestId waiting_for_code() {
        domain::Need need;
        need.name = "access_code";
        need.expires_at = clock_.now() + std::chrono::hours(2);
        outside_.script.push_back(answers(protocol::NeedInput{{need}}, "access_code"));
        const auto id = create(domain::StatusParams{});
        turn_until_state(id, State::needs_input);
        return id;
    }
    void give_code(const domain::RequestId& id) {
        const auto given = wait(engine_->give_input(
            id, "access_code", domain::Secret(std::string_view("493817")), {}, {}));
        ASSERT_TRUE(given) << given.error().detail;
    }
};

TEST_F(LostInputTest, TheNextCallSaysThatTheInputsWereToldBefore) {
    const auto id = waiting_for_code();
    outside_.script.push_back(fails(ErrorCode::no_answer));
    give_code(id);
    turn_until_state(id, State::backoff);
    EXPECT_FALSE(outside_.told_before.back());

    outside_.script.push_back(answers(protocol::Wait{}, "polling"));
    advance(std::chrono::minutes(1));
    turn_until_state(id, State::waiting_ca);

    EXPECT_TRUE(outside_.told_before.back());
    EXPECT_EQ(outside_.inputs_seen.back(), "493817");
}

TEST_F(LostInputTest, WhatCertainlyDidNotLeaveWasNotTold) {
    const auto id = waiting_for_code();
    outside_.script.push_back(fails(ErrorCode::not_sent));
    give_code(id);
    turn_until_state(id, State::backoff);

    outside_.script.push_back(answers(protocol::Wait{}, "polling"));
    advance(std::chrono::minutes(1));
    turn_until_state(id, State::waiting_ca);

    EXPECT_FALSE(outside_.told_before.back());
}

TEST_F(LostInputTest, AnAnswerThatKeepsTheInputsMakesThemFreshAgain) {
    const auto id = waiting_for_code();
    outside_.script.push_back(answers(protocol::Unreachable{std::nullopt, "down"}, "connect"));
    give_code(id);
    turn_until_state(id, State::backoff);

    outside_.script.push_back(answers(protocol::Wait{}, "polling"));
    advance(std::chrono::minutes(1));
    turn_until_state(id, State::waiting_ca);

    EXPECT_FALSE(outside_.told_before.back());
}

TEST_F(LostInputTest, TheMarkIsOnDiskBeforeTheInputsLeave) {
    const auto id = waiting_for_code();
    bool marked = false;
    outside_.script.push_back([&](const protocol::StepContext& context) {
        const auto inputs = store_->reader().inputs().list(context.request);
        marked = !inputs.empty() && inputs.front().told;
        return domain::Result<protocol::StepResult>(Error(ErrorCode::no_answer, "killed"));
    });

    give_code(id);
    turn_until_state(id, State::backoff);

    EXPECT_TRUE(marked) << "a crash here must be recognised";
}

}  // namespace
}  // namespace cabroker::engine
