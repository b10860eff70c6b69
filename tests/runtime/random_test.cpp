#include "runtime/random.hpp"

#include <gtest/gtest.h>

#include "runtime/clock.hpp"

namespace cabroker::runtime {
namespace {

TEST(IdMakerTest, IdsOfOneMillisecondAndOfAClockGoneBackStillSort) {
    SeededRandom random(7);
    IdMaker maker(random);
    const domain::Time now(domain::Duration(1'700'000'000'000));

    const auto first = maker.make<domain::RequestId>(now);
    const auto second = maker.make<domain::RequestId>(now);
    const auto third = maker.make<domain::RequestId>(now - domain::Duration(5000));

    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
}

TEST(RandomTest, FractionsStayBelowOne) {
    SeededRandom random(3);
    for (int i = 0; i < 1000; ++i) {
        const double fraction = random.fraction();
        EXPECT_GE(fraction, 0.0);
        EXPECT_LT(fraction, 1.0);
    }
}

}  // namespace
}  // namespace cabroker::runtime
