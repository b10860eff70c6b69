#include "daemon/engine/breaker.hpp"

#include <gtest/gtest.h>

namespace cabroker::engine {
namespace {

using std::chrono::seconds;

class BreakerTest : public ::testing::Test {
  protected:
    bool shows(Sign sign, const domain::RequestId& id) {
        return breaker_.shows(id, sign, pace_, now_, fraction_);
    }
    void open() {
        for (int i = 0; i < pace_.failures; ++i) (void)shows(Sign::silent, one_);
    }

    Breaker breaker_;
    BreakerPace pace_{3, seconds(30), seconds(100)};
    domain::Time now_{seconds(1'790'000'000)};
    double fraction_ = 0;
    domain::RequestId one_{now_, {1}};
    domain::RequestId other_{now_, {2}};
};

TEST_F(BreakerTest, ItOpensAfterSoManyFailuresInARow) {
    EXPECT_FALSE(shows(Sign::silent, one_));
    EXPECT_FALSE(shows(Sign::silent, one_));
    EXPECT_FALSE(shows(Sign::alive, one_)) << "it was closed and is";
    EXPECT_FALSE(shows(Sign::silent, one_));
    EXPECT_FALSE(shows(Sign::none, one_));
    EXPECT_FALSE(shows(Sign::silent, one_));
    EXPECT_TRUE(breaker_.lets_through(now_));

    EXPECT_TRUE(shows(Sign::silent, other_));

    EXPECT_EQ(breaker_.state(now_), BreakerState::open);
    EXPECT_FALSE(breaker_.lets_through(now_));
    EXPECT_EQ(breaker_.open_until(), now_ + seconds(30));
}

TEST_F(BreakerTest, OneStepProbesAndItsAnswerClosesIt) {
    open();
    now_ += seconds(30);
    ASSERT_EQ(breaker_.state(now_), BreakerState::half_open);
    ASSERT_TRUE(breaker_.lets_through(now_));

    breaker_.started(one_, now_);
    EXPECT_FALSE(breaker_.lets_through(now_)) << "exactly one";
    EXPECT_TRUE(shows(Sign::alive, one_));

    EXPECT_EQ(breaker_.state(now_), BreakerState::closed);
    EXPECT_EQ(breaker_.failures(), 0);
}

TEST_F(BreakerTest, AFailedProbeOpensItForLongerUpToTheCap) {
    open();
    for (const int length : {60, 100, 100}) {
        now_ = *breaker_.open_until();
        breaker_.started(one_, now_);
        EXPECT_FALSE(shows(Sign::silent, one_)) << "it was not closed in between";
        EXPECT_EQ(*breaker_.open_until(), now_ + seconds(length));
    }
}

TEST_F(BreakerTest, JitterAddsAtMostAQuarter) {
    fraction_ = 0.999;
    open();

    EXPECT_GT(*breaker_.open_until(), now_ + seconds(37));
    EXPECT_LE(*breaker_.open_until(), now_ + seconds(38));
}

TEST_F(BreakerTest, FailuresOfStepsThatBeganBeforeDoNotProlongIt) {
    open();
    const auto until = breaker_.open_until();

    EXPECT_FALSE(shows(Sign::silent, other_));

    EXPECT_EQ(breaker_.open_until(), until);
}

TEST_F(BreakerTest, AProbeThatShowsNothingLeavesThePlaceToAnother) {
    open();
    now_ += seconds(30);
    breaker_.started(one_, now_);
    EXPECT_FALSE(shows(Sign::none, one_));

    breaker_.ended(one_);

    EXPECT_TRUE(breaker_.lets_through(now_));
}

TEST_F(BreakerTest, ProbesAsSoonAsBeforeWhenTheDateIsSetBack) {
    open();
    now_ -= std::chrono::hours(3);

    breaker_.date_set(-std::chrono::hours(3));

    EXPECT_EQ(breaker_.state(now_ + seconds(29)), BreakerState::open);
    EXPECT_EQ(breaker_.state(now_ + seconds(38)), BreakerState::half_open);
}

}  // namespace
}  // namespace cabroker::engine
