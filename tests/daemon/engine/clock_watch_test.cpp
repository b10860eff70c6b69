// The date is set back while requests wait for their next attempt.
#include "daemon/engine/clock_watch.hpp"

#include "tests/daemon/engine/engine_world.hpp"

namespace cabroker::engine {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(ClockWatchTest, TellsOnceHowFarTheDateWasSetBack) {
    runtime::FakeClock clock{domain::Time(hours(400'000))};
    ClockWatch watch(clock);

    clock.advance(minutes(5));
    EXPECT_EQ(watch.set_back(), seconds(0));
    clock.advance(minutes(5));
    clock.step_wall(-hours(3));
    EXPECT_EQ(watch.set_back(), hours(3));
    EXPECT_EQ(watch.set_back(), seconds(0));
}

TEST(ClockWatchTest, ForwardAndSmallStepsAreNoMatter) {
    runtime::FakeClock clock{domain::Time(hours(400'000))};
    ClockWatch watch(clock);

    clock.step_wall(hours(3));
    EXPECT_EQ(watch.set_back(), seconds(0));
    clock.step_wall(-std::chrono::milliseconds(1'500));
    EXPECT_EQ(watch.set_back(), seconds(0));
}

class SetBackTest : public EngineWorld {
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

TEST_F(SetBackTest, WhatWasDueInAMomentDoesNotWaitForHours) {
    const domain::RequestId id = waiting();
    const domain::Time planned = *get(id).next_attempt_at;

    clock_.step_wall(-hours(3));
    engine_->kick();
    turn_until([&] { return get(id).next_attempt_at == planned - hours(3); });

    then_it_is_asked_soon(id);
}

TEST_F(SetBackTest, NeitherAfterARestart) {
    const domain::RequestId id = waiting();
    close();
    clock_.step_wall(-hours(3));

    open();

    then_it_is_asked_soon(id);
}

TEST_F(SetBackTest, DatesThatMeanADateStay) {
    const domain::RequestId id = waiting();
    const domain::Time deadline = get(id).deadline_at;
    const domain::Time planned = *get(id).next_attempt_at;

    clock_.step_wall(-hours(3));
    engine_->kick();
    turn_until([&] { return get(id).next_attempt_at != planned; });

    EXPECT_EQ(get(id).deadline_at, deadline);
}

}  // namespace
}  // namespace cabroker::engine
