#include "domain/time.hpp"

#include <gtest/gtest.h>

namespace cabroker::domain {
namespace {

TEST(DurationTest, EveryUnitReadsAndWritesBack) {
    for (const char* text : {"500ms", "30s", "5m", "2h", "7d"}) {
        const auto duration = parse_duration(text);
        ASSERT_TRUE(duration) << text;
        EXPECT_EQ(duration_text(*duration), text);
    }
}

TEST(DurationTest, AnythingElseIsRefused) {
    for (const char* text : {"", "5", "s", "-5s", "5 s", "5S", "1.5h", "5sm",
                             "99999999999999999999s", "9223372036854775807d", "-0s"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

}  // namespace
}  // namespace cabroker::domain
