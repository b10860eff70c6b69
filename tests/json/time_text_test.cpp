#include "json/time_text.hpp"

#include <gtest/gtest.h>

namespace cabroker::json {
namespace {

TEST(TimeTextTest, ReadsAndWritesRfc3339) {
    const auto time = parse_time("2026-11-22T03:14:03.5Z");

    ASSERT_TRUE(time);
    EXPECT_EQ(time_text(*time), "2026-11-22T03:14:03.500Z");
    EXPECT_EQ(parse_time("2026-11-22T05:14:03.500999+02:00"), time);
    EXPECT_EQ(time_text(*parse_date_or_time("2020-10-01")), "2020-10-01T00:00:00Z");
}

TEST(TimeTextTest, RefusesEverythingElse) {
    for (const char* text : {"", "2026-11-22", "2026-11-22T03:14:03", "2026-13-22T03:14:03Z",
                             "yesterday", "2026-02-30T03:14:03Z", "2026-11-22T25:14:03Z",
                             "2026-11-22T03:14:03Zx", "2026-11-22T03:14:03.Z"}) {
        EXPECT_FALSE(parse_time(text)) << text;
    }
}

}  // namespace
}  // namespace cabroker::json
