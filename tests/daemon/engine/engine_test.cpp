#include <fstream>

#include "tests/daemon/engine/engine_world.hpp"

namespace cabroker::engine {
namespace {

using domain::EffectClass;
using domain::Error;
using domain::ErrorCode;
using domain::State;

class EngineTest : public EngineWorld {
  protected:
    static ScriptedOutside::Step silence() {
        return [](const protocol::StepContext&) {
            return domain::Result<protocol::StepResult>(
                Error(ErrorCode::no_answer, "the link was lost"));
        };
    }
    static protocol::NeedInput access_code(domain::Time expires) {
        domain::Need need;
        need.name = "access_code";
        need.hint = "look into the mailbox";
        need.expires_at = expires;
        need.attempts_left = 3;
        return protocol::NeedInput{{need}};
    }
    static ScriptedOutside::Step status_read() {
        return [](const protocol::StepContext&) {
            protocol::StepResult result;
            result.answer = protocol::Done{"status_read", "", std::nullopt};
            result.step = "read_order";
            result.status = protocol::StatusReading{domain::OrderStatus::issued, "Issued"};
            return domain::Result<protocol::StepResult>(std::move(result));
        };
    }
};

TEST_F(EngineTest, AStatusRequestAsksForTheCodeUsesItOnceAndSucceeds) {
    outside_.script.push_back(answers(intent(EffectClass::repeatable, "sign in"), "sign_in"));
    outside_.script.push_back(
        answers(access_code(clock_.now() + std::chrono::hours(2)), "access_code"));
    outside_.script.push_back(status_read());

    const auto id = create(domain::StatusParams{});
    turn_until_state(id, State::needs_input);
    const auto given = wait(
        engine_->give_input(id, "access_code", domain::Secret(std::string_view("493817")), {}, {}));
    ASSERT_TRUE(given) << given.error().detail;
    turn_until_state(id, State::succeeded);

    EXPECT_EQ(outside_.inputs_seen.back(), "493817");
    EXPECT_TRUE(store_->reader().inputs().list(id).empty()) << "used inputs are deleted";
    const auto result = std::get<domain::StatusResult>(*get(id).result);
    EXPECT_EQ(result.order_status, domain::OrderStatus::issued);
    EXPECT_EQ(result.order_status_raw, "Issued");
    EXPECT_EQ(store_->reader().orders().get(order_.id)->status, domain::OrderStatus::issued);
}

TEST_F(EngineTest, TheIntentIsOnDiskBeforeTheEffectGetsLeave) {
    outside_.script.push_back(answers(intent(EffectClass::once, "submit the reissue"), "submit"));
    outside_.script.push_back([this](const protocol::StepContext& context) {
        const auto open = store_->reader().effects().open_once_for_order(context.order.id);
        EXPECT_TRUE(open);
        EXPECT_TRUE(context.leave && open && open->effect.id == context.leave->effect);
        protocol::StepResult result;
        result.answer = protocol::Wait{};
        result.step = "polling";
        return domain::Result<protocol::StepResult>(std::move(result));
    });

    const auto id = create(domain::ReissueParams{});
    turn_until_state(id, State::waiting_ca);

    EXPECT_FALSE(store_->reader().effects().open_once_for_order(order_.id))
        << "answered, so closed";
}

TEST_F(EngineTest, ALostAnswerIsProvenAndNotRepeated) {
    outside_.script.push_back(answers(intent(EffectClass::once, "submit the reissue"), "submit"));
    outside_.script.push_back(silence());
    const auto id = create(domain::ReissueParams{});
    turn_until_state(id, State::outcome_unknown);
    EXPECT_EQ(outside_.leaves, 1);

    outside_.looks.push_back([](const protocol::ProofContext& context) {
        EXPECT_EQ(context.effect.summary, "submit the reissue");
        protocol::Proof proof;
        proof.verdict = protocol::ProofVerdict::done;
        return domain::Result<protocol::Proof>(std::move(proof));
    });
    outside_.script.push_back(answers(protocol::Wait{}, "polling"));
    advance(std::chrono::minutes(1));
    turn_until_state(id, State::waiting_ca);

    EXPECT_EQ(outside_.leaves, 1) << "never sent again";
}

TEST_F(EngineTest, ANotDoneProofAllowsTheEffectAgainOnlyAfterTheSettlingTime) {
    outside_.script.push_back(answers(intent(EffectClass::once, "submit the reissue"), "submit"));
    outside_.script.push_back(silence());
    const auto id = create(domain::ReissueParams{});
    turn_until_state(id, State::outcome_unknown);
    const auto not_done = [](const protocol::ProofContext&) {
        protocol::Proof proof;
        proof.verdict = protocol::ProofVerdict::not_done;
        return domain::Result<protocol::Proof>(std::move(proof));
    };

    outside_.looks.push_back(not_done);
    advance(std::chrono::seconds(40));
    turn_until([this] { return outside_.proofs == 1 && engine_->idle(); });
    EXPECT_EQ(get(id).state, State::outcome_unknown) << "the supplier may still be at it";

    outside_.looks.push_back(not_done);
    outside_.script.push_back(answers(intent(EffectClass::once, "submit the reissue"), "submit"));
    outside_.script.push_back(answers(protocol::Wait{}, "polling"));
    advance(std::chrono::minutes(10));
    turn_until_state(id, State::waiting_ca);
    EXPECT_EQ(outside_.leaves, 2);
}

TEST_F(EngineTest, ACrashWithAnEffectOutIsInDoubtAfterTheRestart) {
    outside_.script.push_back(answers(intent(EffectClass::once, "submit the reissue"), "submit"));
    bool asked = false;
    outside_.script.push_back([&](const protocol::StepContext&) {
        asked = true;
        return domain::Result<protocol::StepResult>(Error(ErrorCode::no_answer, "killed"));
    });
    const auto id = create(domain::ReissueParams{});
    turn_until([&] { return asked; });
    close();

    open();

    EXPECT_EQ(get(id).state, State::outcome_unknown);
    EXPECT_EQ(outside_.leaves, 1);
}

TEST_F(EngineTest, ASecondActiveRequestOfTheSameKindIsAConflict) {
    outside_.script.push_back(answers(protocol::Wait{}, "polling"));
    const auto id = create(domain::ReissueParams{});

    const auto second = create_as(request_for(domain::ReissueParams{}));

    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::duplicate_active_request);
    EXPECT_EQ(second.error().facts.at("existing_request_id"), id.text());
    Creation wanted = request_for(domain::ReissueParams{});
    wanted.allow_duplicate = true;
    EXPECT_TRUE(create_as(std::move(wanted)));
}

TEST_F(EngineTest, CancelBeforeAnEffectCancelsAndAfterItNeedsAbandon) {
    outside_.script.push_back(
        answers(access_code(clock_.now() + std::chrono::hours(2)), "access_code"));
    const auto early = create(domain::StatusParams{});
    turn_until_state(early, State::needs_input);
    ASSERT_TRUE(wait(engine_->cancel(early, {}, {}, {})));
    EXPECT_EQ(get(early).state, State::canceled);

    outside_.script.push_back(answers(intent(EffectClass::once, "submit"), "submit"));
    outside_.script.push_back(answers(protocol::Wait{}, "polling"));
    const auto late = create(domain::ReissueParams{});
    turn_until_state(late, State::waiting_ca);
    const auto refused = wait(engine_->cancel(late, {}, {}, {}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::state_conflict);
    Cancellation abandon;
    abandon.abandon = true;
    ASSERT_TRUE(wait(engine_->cancel(late, abandon, {}, {})));
    EXPECT_EQ(get(late).outcome->code, "abandoned");
}

TEST_F(EngineTest, AnInputNobodyAskedForIsRefusedAndCostsNothing) {
    outside_.script.push_back(
        answers(access_code(clock_.now() + std::chrono::hours(2)), "access_code"));
    const auto id = create(domain::StatusParams{});
    turn_until_state(id, State::needs_input);

    const auto wrong_name = wait(
        engine_->give_input(id, "challenge_phrase", domain::Secret(std::string_view("x")), {}, {}));
    const auto empty = wait(engine_->give_input(id, "access_code", domain::Secret(), {}, {}));

    EXPECT_EQ(wrong_name.error().code, ErrorCode::input_not_needed);
    EXPECT_EQ(empty.error().code, ErrorCode::invalid_body);
    EXPECT_EQ(get(id).state, State::needs_input);
}

TEST_F(EngineTest, WhoReadsTheRequestAfterGivingTheCodeIsNotAskedForItAgain) {
    outside_.script.push_back(
        answers(access_code(clock_.now() + std::chrono::hours(2)), "access_code"));
    const auto id = create(domain::StatusParams{});
    turn_until_state(id, State::needs_input);

    const auto given = wait(
        engine_->give_input(id, "access_code", domain::Secret(std::string_view("493817")), {}, {}));

    ASSERT_TRUE(given.has_value()) << given.error().detail;
    EXPECT_EQ(given->state, State::queued);
    EXPECT_EQ(given->next_actor, domain::NextActor::broker);
    EXPECT_TRUE(given->needs.empty());
}

TEST_F(EngineTest, TheCodeThatNobodyGivesExpiresTheRequest) {
    outside_.script.push_back(
        answers(access_code(clock_.now() + std::chrono::hours(2)), "access_code"));
    const auto id = create(domain::StatusParams{});
    turn_until_state(id, State::needs_input);

    advance(std::chrono::hours(2));
    turn_until_state(id, State::expired);

    EXPECT_EQ(get(id).outcome->code, "access_code_expired");
}

TEST_F(EngineTest, SecretsAreNowhereInTheFilesOfTheStore) {
    outside_.script.push_back(
        answers(access_code(clock_.now() + std::chrono::hours(2)), "access_code"));
    const auto id = create(domain::StatusParams{});
    turn_until_state(id, State::needs_input);
    outside_.script.push_back([](const protocol::StepContext&) {
        protocol::StepResult result;
        result.answer = protocol::Wait{};
        result.step = "polling";
        result.cookie = domain::Secret(std::string_view("canary-cookie-1b2c"));
        result.session = protocol::Session{"", std::nullopt,
                                           domain::Secret(std::string_view("canary-jar-3d4e"))};
        return domain::Result<protocol::StepResult>(std::move(result));
    });
    ASSERT_TRUE(wait(engine_->give_input(
        id, "access_code", domain::Secret(std::string_view("canary-code-5f6a")), {}, {})));
    turn_until_state(id, State::waiting_ca);

    for (const auto& file : std::filesystem::recursive_directory_iterator(directory_)) {
        if (!file.is_regular_file()) continue;
        std::ifstream in(file.path(), std::ios::binary);
        const std::string octets((std::istreambuf_iterator<char>(in)), {});
        EXPECT_EQ(octets.find("canary-"), std::string::npos) << file.path();
    }
    EXPECT_EQ(engine_->sessions("portal").size(), 1U);
}

TEST_F(EngineTest, WhatIsNotSentWaitsAndIsTriedAgain) {
    outside_.script.push_back([](const protocol::StepContext&) {
        return domain::Result<protocol::StepResult>(Error(ErrorCode::not_sent, "link down"));
    });
    const auto id = create(domain::StatusParams{});
    turn_until_state(id, State::backoff);
    EXPECT_EQ(get(id).last_problem->code, "outside_down");

    outside_.script.push_back(status_read());
    advance(std::chrono::minutes(1));
    turn_until_state(id, State::succeeded);
}

TEST_F(EngineTest, AnOperatorResolvesWhatNobodyCanProve) {
    outside_.script.push_back(answers(intent(EffectClass::once, "submit"), "submit"));
    outside_.script.push_back(silence());
    const auto id = create(domain::ReissueParams{});
    turn_until_state(id, State::outcome_unknown);
    Resolution word;
    word.succeeded = true;
    word.note = "seen in the control panel";
    domain::Person who;
    who.name = "olga";

    ASSERT_TRUE(wait(engine_->resolve(id, word, who, {})));

    const domain::Request request = get(id);
    EXPECT_EQ(request.state, State::succeeded);
    EXPECT_EQ(request.outcome->code, "resolved_by_operator");
    EXPECT_EQ(request.outcome->evidence.front().type, domain::EvidenceType::operator_);
    EXPECT_FALSE(store_->reader().effects().open_once_for_order(order_.id));
}

}  // namespace
}  // namespace cabroker::engine
