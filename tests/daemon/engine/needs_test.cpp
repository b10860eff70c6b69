// What requests ask people for: several needs, what only informs, and what was submitted already.
#include "tests/daemon/engine/engine_world.hpp"

namespace cabroker::engine {
namespace {

using domain::EffectClass;
using domain::ErrorCode;
using domain::NextActor;
using domain::State;

class NeedsTest : public EngineWorld {
  protected:
    static domain::Need need(const std::string& name, const std::string& domain_name = "") {
        domain::Need made;
        made.name = name;
        made.details["domain"] = domain_name;
        return made;
    }
    domain::Need code() {
        domain::Need made = need("access_code");
        made.expires_at = clock_.now() + std::chrono::hours(2);
        return made;
    }
    auto give(const domain::RequestId& id, const std::string& name, const std::string& value) {
        return wait(engine_->give_input(id, name, domain::Secret(std::string_view(value)), {}, {}));
    }
    domain::RequestId submitted(protocol::Answer then, const std::string& step) {
        outside_.script.push_back(answers(intent(EffectClass::once, "submit"), "submit"));
        outside_.script.push_back(answers(std::move(then), step));
        return create(domain::ReissueParams{});
    }
    ScriptedOutside::Step publication(int tokens) {
        protocol::NeedInput needs;
        for (int i = 0; i < tokens; ++i) {
            domain::Need one = need("dcv_publication", std::to_string(i) + ".example.com");
            one.expires_at = clock_.now() + std::chrono::hours(1);
            needs.needs.push_back(one);
        }
        return answers(needs, "dcv_publication");
    }
};

TEST_F(NeedsTest, PollingGoesOnWhileSomethingIsToBePublished) {
    const auto id = submitted(protocol::Wait{}, "polling");
    turn_until_state(id, State::waiting_ca);
    for (int polls = 0; polls < 3; ++polls) {
        outside_.script.push_back(publication(1));
        const int before = outside_.calls;
        advance(std::chrono::hours(1));
        turn_until([&] { return outside_.calls == before + 1 && engine_->idle(); });
        EXPECT_EQ(get(id).state, State::needs_input) << "also behind the token's own end";
        EXPECT_EQ(get(id).next_actor, NextActor::requester);
        EXPECT_TRUE(get(id).next_attempt_at.has_value()) << "the next look is announced";
    }

    advance(std::chrono::hours(24 * 8));
    turn_until_state(id, State::expired);
}

TEST_F(NeedsTest, TheWordThatItIsPublishedMakesTheNextLookDueNow) {
    const auto id = submitted(protocol::Wait{}, "polling");
    turn_until_state(id, State::waiting_ca);
    outside_.script.push_back(publication(2));
    advance(std::chrono::hours(1));
    turn_until_state(id, State::needs_input);
    ASSERT_EQ(get(id).needs.size(), 2U);

    outside_.script.push_back(publication(1));
    const int before = outside_.calls;
    ASSERT_TRUE(give(id, "dcv_publication", "done"));
    turn_until([&] { return outside_.calls == before + 1 && engine_->idle(); });
    EXPECT_EQ(outside_.inputs_seen.back(), "done");
    EXPECT_EQ(get(id).state, State::needs_input);

    outside_.script.push_back(answers(protocol::Wait{}, "polling"));
    ASSERT_TRUE(give(id, "dcv_publication", "done"));
    turn_until_state(id, State::waiting_ca);
}

TEST_F(NeedsTest, NeedsOfOneNameAreAnsweredOneByOne) {
    outside_.script.push_back(
        answers(protocol::NeedInput{{need("ca_question", "a"), need("ca_question", "b")}}, "ask"));
    const auto id = create(domain::StatusParams{});
    turn_until_state(id, State::needs_input);
    const int before = outside_.calls;

    const auto first = give(id, "ca_question", "yes");
    ASSERT_TRUE(first) << first.error().detail;
    EXPECT_EQ(first->state, State::needs_input);
    ASSERT_EQ(first->needs.size(), 1U);
    EXPECT_EQ(first->needs[0].details.at("domain"), "b");
    turn_until([&] { return engine_->idle(); });
    EXPECT_EQ(outside_.calls, before) << "not before all are answered";

    std::vector<std::string> told;
    outside_.script.push_back([&](const protocol::StepContext& context) {
        for (const auto& input : context.inputs) told.emplace_back(input.value.reveal());
        protocol::StepResult result;
        result.answer = protocol::Wait{};
        return domain::Result<protocol::StepResult>(std::move(result));
    });
    ASSERT_TRUE(give(id, "ca_question", "no"));
    turn_until_state(id, State::waiting_ca);
    EXPECT_EQ(told, (std::vector<std::string>{"yes", "no"}));
    EXPECT_EQ(give(id, "ca_question", "more").error().code, ErrorCode::input_not_needed);
}

TEST_F(NeedsTest, ASubmittedReissueDoesNotExpireBecauseNobodyTypedACode) {
    const auto id = submitted(protocol::Wait{}, "polling");
    turn_until_state(id, State::waiting_ca);
    outside_.script.push_back(answers(protocol::NeedInput{{code()}}, "access_code"));
    advance(std::chrono::hours(1));
    turn_until_state(id, State::needs_input);

    advance(std::chrono::hours(3));
    turn_until([&] { return get(id).needs.front().last_error.has_value(); });
    const domain::Request waiting = get(id);
    EXPECT_EQ(waiting.state, State::needs_input);
    EXPECT_FALSE(waiting.needs.front().expires_at.has_value());
    EXPECT_EQ(waiting.needs.front().last_error->code, "access_code_expired");

    outside_.script.push_back(answers(protocol::NeedInput{{code()}}, "access_code"));
    const int before = outside_.calls;
    ASSERT_TRUE(wait(engine_->retry_now(id, {}, {})));
    turn_until([&] { return outside_.calls == before + 1 && engine_->idle(); });
    EXPECT_EQ(get(id).state, State::needs_input);
    EXPECT_TRUE(get(id).needs.front().expires_at.has_value()) << "a new code was mailed";
}

TEST_F(NeedsTest, ASubmittedReissueOutlivesACodeThatTheCaCallsExpired) {
    const auto id = submitted(protocol::Wait{}, "polling");
    turn_until_state(id, State::waiting_ca);
    outside_.script.push_back(
        answers(protocol::Rejected{"access_code_expired", "the second time", ""}, "rejected"));

    advance(std::chrono::hours(1));
    turn_until_state(id, State::backoff);

    EXPECT_EQ(get(id).last_problem->code, "access_code_expired");
}

TEST_F(NeedsTest, RetryIsAConflictWhileSomethingElseIsAskedFor) {
    outside_.script.push_back(answers(protocol::NeedInput{{code()}}, "access_code"));
    const auto id = create(domain::StatusParams{});
    turn_until_state(id, State::needs_input);

    EXPECT_EQ(wait(engine_->retry_now(id, {}, {})).error().code, ErrorCode::state_conflict);
}

TEST_F(NeedsTest, EveryBackoffSaysWhyInTheTimeline) {
    for (int i = 0; i < 2; ++i)
        outside_.script.push_back(
            answers(protocol::Unreachable{std::nullopt, "the portal is closed"}, "connect"));
    const auto id = create(domain::StatusParams{});
    turn_until_state(id, State::backoff);
    advance(std::chrono::minutes(1));
    turn_until([&] { return get(id).attempt == 3 && engine_->idle(); });

    int said = 0;
    for (const auto& entry : store_->reader().timeline().list(id)) {
        if (entry.state != State::backoff) continue;
        EXPECT_EQ(entry.text, "the portal is closed");
        ++said;
    }
    EXPECT_EQ(said, 2);
}

TEST_F(NeedsTest, NoteAndReferenceCanBeTakenAway) {
    outside_.script.push_back(answers(protocol::Wait{}, "polling"));
    const auto id = create(domain::StatusParams{});
    turn_until_state(id, State::waiting_ca);
    Amendment set;
    set.note = std::optional<std::string>("asked by phone");
    set.external_ref = std::optional<domain::ExternalRef>(domain::ExternalRef{"rt", "4711"});
    ASSERT_TRUE(wait(engine_->amend(id, set, {}, {})));
    ASSERT_EQ(get(id).note, "asked by phone");

    Amendment none;
    none.note = std::optional<std::string>();
    none.external_ref = std::optional<domain::ExternalRef>();
    ASSERT_TRUE(wait(engine_->amend(id, none, {}, {})));

    EXPECT_FALSE(get(id).note.has_value());
    EXPECT_FALSE(get(id).external_ref.has_value());
}

TEST_F(NeedsTest, AnotherPersonApprovesAndTheRequestRuns) {
    outside_.script.push_back(answers(protocol::Wait{}, "polling"));
    Creation wanted = request_for(domain::StatusParams{});
    wanted.approval_reason = "policy";
    wanted.request.created_by.uid = 1000;
    const auto id = wanted.request.id;
    ASSERT_TRUE(create_as(std::move(wanted)));
    ASSERT_EQ(get(id).state, State::needs_approval);
    domain::Person self;
    self.uid = 1000;
    domain::Person other;
    other.uid = 1001;
    other.name = "olga";

    EXPECT_EQ(wait(engine_->approve(id, "", self, {})).error().code, ErrorCode::forbidden);
    ASSERT_TRUE(wait(engine_->approve(id, "fine", other, {})));
    turn_until_state(id, State::waiting_ca);

    EXPECT_EQ(wait(engine_->reject(id, "late", other, {})).error().code, ErrorCode::state_conflict);
}

TEST_F(NeedsTest, AnotherPersonDeniesAndTheRequestEndsRejected) {
    Creation wanted = request_for(domain::StatusParams{});
    wanted.approval_reason = "policy";
    const auto id = wanted.request.id;
    ASSERT_TRUE(create_as(std::move(wanted)));
    domain::Person other;
    other.uid = 1001;
    other.name = "olga";

    ASSERT_TRUE(wait(engine_->reject(id, "not this week", other, {})));

    EXPECT_EQ(get(id).state, State::rejected);
    EXPECT_EQ(get(id).outcome->code, "approval_denied");
    EXPECT_EQ(get(id).outcome->detail, "not this week");
    EXPECT_EQ(outside_.calls, 0);
}

}  // namespace
}  // namespace cabroker::engine
