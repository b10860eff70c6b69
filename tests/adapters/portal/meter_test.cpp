#include "adapters/portal/meter.hpp"

#include <gtest/gtest.h>

namespace cabroker::adapters::portal {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class MeterTest : public testing::Test {
  protected:
    using Windows = std::vector<config::RateWindow>;

    Meter meter(Windows whole, Windows each) { return {std::move(whole), std::move(each), clock_}; }
    /// How many requests go through at once.
    static int burst(Meter& meter, const std::string& account) {
        int taken = 0;
        while (taken < 1000 && !meter.take(account)) ++taken;
        return taken;
    }

    runtime::FakeClock clock_{domain::Time()};
};

TEST_F(MeterTest, BothWindowsHoldAndRefill) {
    Meter meter = this->meter({{10, seconds(1)}, {15, minutes(1)}}, {});

    EXPECT_EQ(burst(meter, "a"), 10);
    EXPECT_EQ(meter.take("a"), milliseconds(100));
    clock_.advance(seconds(1));
    EXPECT_EQ(burst(meter, "a"), 5) << "the long window is empty before the short one";
    EXPECT_GT(meter.take("a").value(), seconds(2));
    clock_.advance(minutes(1));
    EXPECT_EQ(burst(meter, "a"), 10);
}

TEST_F(MeterTest, EachAccountHasItsShareAndTheWholeItsLimit) {
    Meter meter = this->meter({{5, seconds(1)}}, {{3, seconds(1)}});

    EXPECT_EQ(burst(meter, "a"), 3);
    EXPECT_EQ(burst(meter, "b"), 2) << "the adapter's five are used up";
}

TEST_F(MeterTest, ARefusalTakesNoToken) {
    Meter meter = this->meter({{2, seconds(1)}}, {{1, seconds(1)}});
    EXPECT_FALSE(meter.take("a").has_value());

    for (int again = 0; again < 10; ++again) EXPECT_TRUE(meter.take("a").has_value());

    EXPECT_FALSE(meter.take("b").has_value());
}

TEST_F(MeterTest, StaysAwayAsLongAsThePortalSays) {
    Meter meter = this->meter({}, {});
    meter.stay_away("a", seconds(7));

    EXPECT_EQ(meter.take("a"), seconds(7));
    EXPECT_FALSE(meter.take("b").has_value()) << "only that account";
    clock_.advance(seconds(7));
    EXPECT_FALSE(meter.take("a").has_value());
}

TEST_F(MeterTest, RemembersNoMoreAccountsThanItMay) {
    Meter meter = this->meter({}, {{1, seconds(1)}});

    for (int account = 0; account < 30'000; ++account) {
        EXPECT_FALSE(meter.take(std::to_string(account)).has_value());
    }
}

}  // namespace
}  // namespace cabroker::adapters::portal
