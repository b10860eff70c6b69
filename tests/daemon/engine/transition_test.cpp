#include "daemon/engine/transition.hpp"

#include <gtest/gtest.h>

#include "domain/states.hpp"

namespace cabroker::engine {
namespace {

using domain::EffectClass;
using domain::State;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const domain::Time kNow{domain::Duration(1'790'000'000'000)};

class TransitionTest : public ::testing::Test {
  protected:
    TransitionTest() {
        request_.state = State::running;
        request_.kind = domain::Kind::reissue;
        request_.params = domain::ReissueParams{};
        request_.step = "submit";
        request_.attempt = 1;
        request_.deadline_at = kNow + hours(24 * 7);
    }
    Situation situation() {
        return Situation{request_,
                         effect_,
                         kNow,
                         0.5,
                         Pace{seconds(5), minutes(15)},
                         Pace{seconds(30), minutes(30)},
                         minutes(2)};
    }
    void effect_out(EffectClass effect_class) {
        EffectInPlay effect;
        effect.effect.effect_class = effect_class;
        effect.effect.summary = "submit the reissue";
        effect.act_until = kNow + seconds(30);
        effect_ = effect;
    }
    static protocol::StepResult answer(protocol::Answer what, std::string step = "submit") {
        protocol::StepResult result;
        result.answer = std::move(what);
        result.step = std::move(step);
        return result;
    }

    domain::Request request_;
    std::optional<EffectInPlay> effect_;
};

TEST_F(TransitionTest, SilenceAfterLeaveForAOnceEffectIsAnUnknownOutcomeAndNeverARepetition) {
    effect_out(EffectClass::once);

    for (const auto code : {domain::ErrorCode::no_answer, domain::ErrorCode::bad_answer}) {
        const Transition next =
            after_silence(situation(), domain::Error(code, "the link was lost"));

        EXPECT_EQ(next.state, State::outcome_unknown);
        EXPECT_EQ(next.effect, EffectMove::keep);
        EXPECT_FALSE(next.go_on);
        EXPECT_TRUE(next.due_at);
    }
}

TEST_F(TransitionTest, SilenceWithoutAOnceEffectBacksOff) {
    const Transition without =
        after_silence(situation(), domain::Error(domain::ErrorCode::no_answer, "x"));
    EXPECT_EQ(without.state, State::backoff);

    effect_out(EffectClass::repeatable);
    const Transition repeatable =
        after_silence(situation(), domain::Error(domain::ErrorCode::no_answer, "x"));
    EXPECT_EQ(repeatable.state, State::backoff);
    EXPECT_EQ(repeatable.effect, EffectMove::keep) << "the same octets go out again";
    EXPECT_FALSE(repeatable.inputs_used);
}

TEST_F(TransitionTest, ACallThatNeverLeftClosesItsOnceEffectAsNotDone) {
    effect_out(EffectClass::once);

    const Transition next =
        after_silence(situation(), domain::Error(domain::ErrorCode::not_sent, "link down"));

    EXPECT_EQ(next.state, State::backoff);
    EXPECT_EQ(next.effect, EffectMove::not_done);
}

TEST_F(TransitionTest, DoneThatIsNotBelievedKeepsWaitingAndSaysWhy) {
    const auto done = answer(protocol::Done{"issued", "", std::nullopt});

    const Transition next =
        after_answer(situation(), done, Judgement{false, "key_mismatch", "other key"});

    EXPECT_EQ(next.state, State::waiting_ca);
    ASSERT_TRUE(next.last_problem);
    EXPECT_EQ(next.last_problem->code, "key_mismatch");
}

TEST_F(TransitionTest, DoneThatIsBelievedSucceedsWithTheKindsWord) {
    const Transition next = after_answer(
        situation(), answer(protocol::Done{"issued", "", std::nullopt}), Judgement{true, "", ""});

    EXPECT_EQ(next.state, State::succeeded);
    EXPECT_EQ(next.outcome->code, "issued");
    EXPECT_FALSE(next.due_at);
}

TEST_F(TransitionTest, ANotDoneProofCountsOnlyAfterTheSettlingTime) {
    effect_out(EffectClass::once);
    request_.state = State::outcome_unknown;
    protocol::Proof proof;
    proof.verdict = protocol::ProofVerdict::not_done;

    const Transition early = after_proof(situation(), proof);
    EXPECT_EQ(early.state, State::outcome_unknown);
    EXPECT_EQ(early.due_at, kNow + seconds(30) + minutes(2));

    effect_->act_until = kNow - minutes(3);
    const Transition late = after_proof(situation(), proof);
    EXPECT_EQ(late.state, State::queued);
    EXPECT_EQ(late.effect, EffectMove::not_done);
}

TEST_F(TransitionTest, ADoneProofCountsAtOnce) {
    effect_out(EffectClass::once);
    request_.state = State::outcome_unknown;
    protocol::Proof proof;
    proof.verdict = protocol::ProofVerdict::done;

    const Transition next = after_proof(situation(), proof);

    EXPECT_EQ(next.state, State::waiting_ca);
    EXPECT_EQ(next.effect, EffectMove::done);
    EXPECT_EQ(next.due_at, kNow);
}

TEST_F(TransitionTest, AProofThatCannotTellLeavesItToAnOperatorOnceItSettled) {
    effect_out(EffectClass::once);
    request_.state = State::outcome_unknown;

    const Transition early = after_proof(situation(), protocol::Proof{});
    EXPECT_EQ(early.next_actor, domain::NextActor::broker);
    EXPECT_EQ(early.due_at, kNow + seconds(30) + minutes(2)) << "what shows late may tell";

    effect_->act_until = kNow - minutes(3);
    const Transition next = after_proof(situation(), protocol::Proof{});

    EXPECT_EQ(next.state, State::outcome_unknown);
    EXPECT_EQ(next.next_actor, domain::NextActor::operator_);
}

TEST_F(TransitionTest, UnknownOutcomeNeverExpiresByItself) {
    effect_out(EffectClass::once);
    request_.state = State::outcome_unknown;
    request_.deadline_at = kNow;

    const auto next = when_over(situation());

    ASSERT_TRUE(next);
    EXPECT_EQ(next->state, State::outcome_unknown);
    EXPECT_EQ(next->next_actor, domain::NextActor::operator_);
    EXPECT_FALSE(next->due_at);
}

TEST_F(TransitionTest, AnAccessCodeNotGivenInTimeExpiresTheRequest) {
    request_.state = State::needs_input;
    domain::Need need;
    need.name = "access_code";
    need.expires_at = kNow;
    request_.needs = {need};

    const auto next = when_over(situation());

    ASSERT_TRUE(next);
    EXPECT_EQ(next->state, State::expired);
    EXPECT_EQ(next->outcome->code, "access_code_expired");
}

TEST_F(TransitionTest, WhatIsPolledForMeanwhileFailsWithItsTroubleAndNotForTheInput) {
    request_.state = State::needs_input;
    request_.deadline_at = kNow;
    domain::Need need;
    need.name = "dcv_publication";
    request_.needs = {need};
    Situation now = situation();
    now.submitted = true;

    const auto unpublished = when_over(now);
    ASSERT_TRUE(unpublished);
    EXPECT_EQ(unpublished->outcome->code, "input_expired");
    EXPECT_NE(unpublished->outcome->hint.find("goes on at the CA"), std::string::npos);

    request_.last_problem = domain::Trouble{"adapter_misconfigured", "no such file", kNow};
    const auto unread = when_over(situation());
    ASSERT_TRUE(unread);
    EXPECT_EQ(unread->state, State::failed);
    EXPECT_EQ(unread->outcome->code, "adapter_misconfigured");

    need.name = "access_code";
    request_.needs = {need};
    const auto typed = when_over(situation());
    ASSERT_TRUE(typed);
    EXPECT_EQ(typed->outcome->code, "input_expired");
}

TEST_F(TransitionTest, ADownloadEndsWithItsCertificateAndNotWithTheChains) {
    request_.kind = domain::Kind::download;
    protocol::Done done;
    done.code = "downloaded";
    Judgement doubted;
    doubted.reason = "chain_expired";
    const Transition waits = after_answer(situation(), answer(done), doubted);
    EXPECT_EQ(waits.state, State::waiting_ca);
    EXPECT_EQ(waits.last_problem->code, "chain_expired");

    doubted.reason = "certificate_expired";
    const Transition ends = after_answer(situation(), answer(done), doubted);
    EXPECT_EQ(ends.state, State::failed);
    EXPECT_EQ(ends.outcome->code, "certificate_rejected");
}

TEST_F(TransitionTest, NothingIsOverBeforeItsTime) {
    for (const auto& word : domain::words<State>()) {
        request_.state = word.value;
        EXPECT_FALSE(when_over(situation())) << word.name;
    }
}

TEST_F(TransitionTest, BackoffAtTheDeadlineFailsWithTheReasonItWaitedFor) {
    request_.state = State::backoff;
    request_.deadline_at = kNow;
    request_.last_problem = domain::Trouble{"adapter_misconfigured", "no such mailer", kNow};

    const auto next = when_over(situation());

    ASSERT_TRUE(next);
    EXPECT_EQ(next->state, State::failed);
    EXPECT_EQ(next->outcome->code, "adapter_misconfigured");
}

TEST_F(TransitionTest, AttemptsThatAreUsedUpFailAndRefusalsReject) {
    const auto used_up = answer(protocol::Rejected{"access_code_attempts_exhausted", "", ""});
    const auto refused = answer(protocol::Rejected{"wrong_contact", "", ""});
    const auto too_late = answer(protocol::Rejected{"access_code_expired", "", ""});

    EXPECT_EQ(after_answer(situation(), used_up, {}).state, State::failed);
    EXPECT_EQ(after_answer(situation(), refused, {}).state, State::rejected);
    EXPECT_EQ(after_answer(situation(), too_late, {}).state, State::expired);
}

TEST_F(TransitionTest, PollingGrowsAndStaysUnderItsCap) {
    request_.state = State::waiting_ca;
    request_.step = "polling";
    domain::Duration last{};
    for (int attempt = 1; attempt < 30; ++attempt) {
        request_.attempt = attempt;
        const Transition next = after_answer(situation(), answer(protocol::Wait{}, "polling"), {});
        const domain::Duration delay = *next.due_at - kNow;
        EXPECT_GE(delay, last);
        EXPECT_LE(delay, minutes(30));
        EXPECT_EQ(next.attempt, attempt + 1);
        last = delay;
    }
}

TEST_F(TransitionTest, RetryAfterOfTheSupplierIsHonoured) {
    const Transition next =
        after_answer(situation(), answer(protocol::Unreachable{minutes(20), "busy"}), {});

    EXPECT_EQ(next.state, State::backoff);
    EXPECT_GE(*next.due_at, kNow + minutes(20));
}

TEST_F(TransitionTest, AnIntentAsksToBeCommittedAndCalledAgain) {
    protocol::Intend intend;
    intend.effect.effect_class = EffectClass::once;
    intend.effect.summary = "submit the reissue";

    const Transition next = after_answer(situation(), answer(std::move(intend)), {});

    EXPECT_EQ(next.effect, EffectMove::open);
    EXPECT_EQ(next.state, State::running);
    EXPECT_TRUE(next.go_on);
}

TEST_F(TransitionTest, ACrashWithAOnceEffectOutIsInDoubtAndEverythingElseGoesOn) {
    EXPECT_EQ(after_crash(situation())->state, State::queued);

    effect_out(EffectClass::repeatable);
    EXPECT_EQ(after_crash(situation())->state, State::queued);

    effect_out(EffectClass::once);
    EXPECT_EQ(after_crash(situation())->state, State::outcome_unknown);

    request_.state = State::waiting_ca;
    EXPECT_FALSE(after_crash(situation()));
}

TEST_F(TransitionTest, EveryMoveIsInTheTableOfAllowedMoves) {
    protocol::Intend intend;
    intend.effect.effect_class = EffectClass::once;
    const std::vector<protocol::Answer> answers = [] {
        std::vector<protocol::Answer> list;
        list.emplace_back(protocol::Done{});
        list.emplace_back(protocol::Wait{});
        list.emplace_back(protocol::NeedInput{});
        list.emplace_back(protocol::Rejected{});
        list.emplace_back(protocol::Unreachable{});
        list.emplace_back(protocol::Misconfigured{});
        list.emplace_back(protocol::Unsupported{});
        list.emplace_back(protocol::UnknownOutcome{});
        list.emplace_back(protocol::Intend{});
        return list;
    }();
    for (const State from : {State::running, State::waiting_ca, State::needs_input}) {
        request_.state = from;
        for (const auto& what : answers) {
            const Transition next = after_answer(situation(), answer(what), {});
            EXPECT_TRUE(next.state == from || domain::may_move(from, next.state))
                << domain::name_of(from) << " to " << domain::name_of(next.state);
        }
    }
}

}  // namespace
}  // namespace cabroker::engine
