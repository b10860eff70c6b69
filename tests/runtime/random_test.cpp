#include "runtime/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

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

TEST(RandomTest, TheSystemGivesNoOctetsTwice) {
    SystemRandom random;
    std::set<std::string> seen;
    constexpr std::size_t kOctets = 12;
    constexpr std::size_t kLongerThanABlock = 300;

    for (int i = 0; i < 1000; ++i) seen.insert(random.hex(kOctets));
    std::array<std::uint8_t, kLongerThanABlock> large{};
    random.fill(large);

    EXPECT_EQ(seen.size(), 1000U);
    EXPECT_GT(std::set<std::uint8_t>(large.end() - 100, large.end()).size(), 10U)
        << "the end of a large piece must be filled too";
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
