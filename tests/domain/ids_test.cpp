#include "domain/ids.hpp"

#include <gtest/gtest.h>

namespace cabroker::domain {
namespace {

TEST(IdTest, LaterTimeSortsAfterEarlierTime) {
    const RequestId earlier(Time(Duration(1'700'000'000'000)),
                            {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF});
    const RequestId later(Time(Duration(1'700'000'000'001)), {});

    EXPECT_LT(earlier, later);
}

TEST(IdTest, TextIsPrefixAndUlidAndReadsBack) {
    const RequestId id(Time(Duration(1'469'918'176'385)), {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});

    EXPECT_EQ(id.text().substr(0, 14), "req_01ARYZ6S41")
        << "the specification's own example of a time";
    EXPECT_EQ(RequestId::parse(id.text()), id);
}

TEST(IdTest, ForeignPrefixesAndForgedFormsAreNoIds) {
    const std::string good = OrderId(Time(Duration(1)), {}).text();

    EXPECT_FALSE(RequestId::parse(good));
    EXPECT_FALSE(OrderId::parse(good + "0"));
    EXPECT_FALSE(OrderId::parse("ord_"));
    EXPECT_FALSE(OrderId::parse("ord_0000000000000000000000000U")) << "U is not in the alphabet";
    EXPECT_FALSE(OrderId::parse("ord_80000000000000000000000000")) << "beyond 48 bits of time";
    EXPECT_FALSE(OrderId::parse("ord_'; DROP TABLE orders; --xx"));
}

}  // namespace
}  // namespace cabroker::domain
