// The date is set while requests wait: for their next attempt, or for a code.
#include "daemon/engine/clock_watch.hpp"

#include "tests/daemon/engine/engine_world.hpp"

namespace cabroker::engine {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(ClockWatchTest, TellsOnceHowFarTheDateWasSet) {
    runtime::FakeClock clock{domain::Time(hours(400'000))};
    ClockWatch watch(clock);

    clock.advance(minutes(5));
    EXPECT_EQ(watch.jump(), seconds(0));
    clock.advance(minutes(5));
    clock.step_wall(-hours(3));
    EXPECT_EQ(watch.jump(), -hours(3));
    EXPECT_EQ(watch.jump(), seconds(0));
    clock.step_wall(hours(2));
    EXPECT_EQ(watch.jump(), hours(2));
}

TEST(ClockWatchTest, SmallStepsAreNoMatter) {
    runtime::FakeClock clock{domain::Time(hours(400'000))};
    ClockWatch watch(clock);

    clock.step_wall(std::chrono::milliseconds(1'500));
    EXPECT_EQ(watch.jump(), seconds(0));
    clock.step_wall(-std::chrono::milliseconds(1'500));
    EXPECT_EQ(watch.jump(), seconds(0));
}

class DateSetTest : public EngineWorld {
  protected:
    /// A request whose first attempt had no answer.
    domain::RequestId waiting() {
        const domain::RequestId id = create(domain::StatusParams{});
        turn_until_state(id, domain::State::backoff);
        return id;
    }
    void portal_with_codes_of(domain::Duration ttl) {
        config::AdapterSettings portal;
        portal.name = "portal";
        config::GuestPortalSettings details;
        details.profile.access_code.ttl = ttl;
        portal.details = details;
        settings_->adapters["portal"] = portal;
    }
    static domain::Need code_need(domain::Time end) {
        domain::Need need;
        need.name = "access_code";
        need.expires_at = end;
        return need;
    }
    void then_it_is_asked_soon(const domain::RequestId& id) {
        const int before = outside_.calls;
        advance(settings_->engine.retry.max);
        turn_until([&] { return outside_.calls > before; });
        EXPECT_LT(get(id).updated_at, clock_.now() + seconds(1));
    }
};

TEST_F(DateSetTest, WhatWasDueInAMomentDoesNotWaitForHours) {
    const domain::RequestId id = waiting();
    const domain::Time planned = *get(id).next_attempt_at;

    clock_.step_wall(-hours(3));
    engine_->kick();
    turn_until([&] { return get(id).next_attempt_at == planned - hours(3); });

    then_it_is_asked_soon(id);
}

TEST_F(DateSetTest, NeitherAfterARestart) {
    const domain::RequestId id = waiting();
    close();
    clock_.step_wall(-hours(3));

    open();

    then_it_is_asked_soon(id);
}

TEST_F(DateSetTest, ASecondRestartChangesNothing) {
    const domain::RequestId id = waiting();
    close();
    clock_.step_wall(-hours(3));
    open();
    const auto due = store_->reader().requests().get(id)->due_at;
    close();

    open();

    EXPECT_EQ(store_->reader().requests().get(id)->due_at, due);
}

TEST_F(DateSetTest, CodeLivesNoLongerThanCodesDoWhenTheDateIsSetBack) {
    portal_with_codes_of(hours(2));
    outside_.script.push_back(
        answers(protocol::NeedInput{{code_need(clock_.now() + hours(2))}}, "access_code"));
    const domain::RequestId id = create(domain::StatusParams{});
    turn_until_state(id, domain::State::needs_input);

    clock_.step_wall(-hours(3));
    engine_->kick();

    turn_until([&] { return get(id).needs.at(0).expires_at == clock_.now() + hours(2); });
    EXPECT_EQ(store_->reader().requests().get(id)->due_at, clock_.now() + hours(2));
}

TEST_F(DateSetTest, CodeThatIsAskedForAgainIsNotOverBecauseTheDateWasSetMeanwhile) {
    portal_with_codes_of(hours(2));
    const domain::Time old_end = clock_.now() + hours(2);
    outside_.script.push_back([&](const protocol::StepContext&) {
        clock_.step_wall(hours(3));
        protocol::StepResult result;
        result.answer = protocol::NeedInput{{code_need(old_end)}};
        result.step = "access_code";
        return result;
    });
    const domain::RequestId id = create(domain::StatusParams{});

    turn_until_state(id, domain::State::needs_input);
    engine_->kick();
    for (int turns = 0; turns < 20; ++turns) io_.poll();

    EXPECT_EQ(get(id).state, domain::State::needs_input);
    EXPECT_EQ(get(id).needs.at(0).expires_at, clock_.now() + hours(2));
}

TEST_F(DateSetTest, ProofCountsAsOfItsAsking) {
    outside_.script.push_back(
        answers(intent(domain::EffectClass::once, "submit the reissue"), "submit"));
    const auto id = create(domain::ReissueParams{});
    turn_until_state(id, domain::State::outcome_unknown);
    const auto not_done = [](const protocol::ProofContext&) {
        protocol::Proof proof;
        proof.verdict = protocol::ProofVerdict::not_done;
        return domain::Result<protocol::Proof>(std::move(proof));
    };
    // The date is set forward while the first proof is read: neither the leave nor the time to
    // settle is over by that, for this proof or the next.
    outside_.looks.push_back([&](const protocol::ProofContext& context) {
        clock_.step_wall(hours(3));
        return not_done(context);
    });
    outside_.looks.push_back(not_done);

    advance(seconds(40));
    turn_until([&] { return outside_.proofs == 2 && engine_->idle(); });

    EXPECT_EQ(get(id).state, domain::State::outcome_unknown);
    EXPECT_EQ(outside_.leaves, 1);
}

TEST_F(DateSetTest, DatesThatMeanADateStay) {
    const domain::RequestId id = waiting();
    const domain::Time deadline = get(id).deadline_at;
    const domain::Time planned = *get(id).next_attempt_at;

    clock_.step_wall(-hours(3));
    engine_->kick();
    turn_until([&] { return get(id).next_attempt_at != planned; });

    EXPECT_EQ(get(id).deadline_at, deadline);
}

TEST_F(DateSetTest, CodeThatAPersonTypesKeepsItsTimeWhenTheDateIsSetForward) {
    outside_.script.push_back(
        answers(protocol::NeedInput{{code_need(clock_.now() + hours(2))}}, "access_code"));
    const domain::RequestId id = create(domain::StatusParams{});
    turn_until_state(id, domain::State::needs_input);
    advance(hours(1));

    clock_.step_wall(hours(3));
    engine_->kick();
    turn_until([&] { return get(id).needs.at(0).expires_at == clock_.now() + hours(1); });
    EXPECT_EQ(get(id).state, domain::State::needs_input);

    // And no longer than that.
    advance(hours(1) + seconds(1));
    turn_until([&] { return get(id).state != domain::State::needs_input; });
}

}  // namespace
}  // namespace cabroker::engine
