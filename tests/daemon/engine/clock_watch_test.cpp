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
    config::AdapterSettings portal;
    portal.name = "portal";
    config::GuestPortalSettings details;
    details.profile.access_code.ttl = hours(2);
    portal.details = details;
    settings_->adapters["portal"] = portal;
    domain::Need need;
    need.name = "access_code";
    need.expires_at = clock_.now() + hours(2);
    outside_.script.push_back(answers(protocol::NeedInput{{need}}, "access_code"));
    const domain::RequestId id = create(domain::StatusParams{});
    turn_until_state(id, domain::State::needs_input);

    clock_.step_wall(-hours(3));
    engine_->kick();

    turn_until([&] { return get(id).needs.at(0).expires_at == clock_.now() + hours(2); });
    EXPECT_EQ(store_->reader().requests().get(id)->due_at, clock_.now() + hours(2));
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
    domain::Need need;
    need.name = "access_code";
    need.expires_at = clock_.now() + hours(2);
    outside_.script.push_back(answers(protocol::NeedInput{{need}}, "access_code"));
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
