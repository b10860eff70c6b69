#include "daemon/engine/schedule.hpp"

#include <gtest/gtest.h>

namespace cabroker::engine {
namespace {

using std::chrono::seconds;

TEST(ScheduleTest, BackoffDoublesIsCappedAndNeverZero) {
    const Pace pace{seconds(5), seconds(900)};

    EXPECT_EQ(backoff_delay(pace, 1, 1.0), seconds(5));
    EXPECT_EQ(backoff_delay(pace, 2, 1.0), seconds(10));
    EXPECT_EQ(backoff_delay(pace, 1000, 1.0), seconds(900));
    EXPECT_GT(backoff_delay(Pace{domain::Duration(1), seconds(1)}, 1, 0.0),
              domain::Duration::zero());
}

TEST(ScheduleTest, PollsSpreadByATenth) {
    const Pace pace{seconds(30), seconds(1800)};

    EXPECT_EQ(poll_delay(pace, 1, 0.0), seconds(27));
    EXPECT_EQ(poll_delay(pace, 1, 1.0), seconds(33));
}

}  // namespace
}  // namespace cabroker::engine
