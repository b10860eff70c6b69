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
    EXPECT_FALSE(parse_date_or_time("-999-01-01")) << "it could not be written";
}

TEST(TimeTextTest, ItsOwnTextsAreReadBackAndOnesThatAreNoTimesAreNot) {
    for (const char* text :
         {"1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "2026-11-22T03:14:03.007Z",
          "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "1969-12-31T23:59:59.001Z"}) {
        const auto time = parse_time(text);
        ASSERT_TRUE(time) << text;
        EXPECT_EQ(time_text(*time), text);
    }
    EXPECT_EQ(parse_time("2026-11-22T03:14:03.100Z"), parse_time("2026-11-22t04:14:03.1+01:00"));
    EXPECT_EQ(parse_time("1970-01-01T23:59:00-23:59"), parse_time("1970-01-02T23:58:00Z"));
    EXPECT_EQ(parse_time("1970-01-02T00:00:00Z")->time_since_epoch(), std::chrono::hours(24));
    for (const char* text : {"2023-02-29T00:00:00Z", "2026-00-22T03:14:03Z", "2026-11-22T24:00:00Z",
                             "2026-11-22T03:60:03Z", "2026-11-22T03:14:61Z", "2026-11-22 03:14:03Z",
                             "2026-11-22T03:14:03.12Zx", "2026-11-22T03:14:03,123Z"}) {
        EXPECT_FALSE(parse_time(text)) << text;
    }
}

TEST(TimeTextTest, RefusesEverythingElse) {
    for (const char* text :
         {"", "2026-11-22", "2026-11-22T03:14:03", "2026-13-22T03:14:03Z", "yesterday",
          "2026-02-30T03:14:03Z", "2026-11-22T25:14:03Z", "2026-11-22T03:14:03Zx",
          "2026-11-22T03:14:03.Z", "2026-01-01T00:00:00+99:99", "2026-01-01T00:00:00+24:00",
          "2026-01-01T00:00:00+00:60", "2026-01-01T00:00:00+2:00", "2026-01-01T00:00:00+0200",
          "9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+00:01", "10000-01-01T00:00:00Z"}) {
        EXPECT_FALSE(parse_time(text)) << text;
    }
}

}  // namespace
}  // namespace cabroker::json
