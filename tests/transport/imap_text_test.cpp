#include "transport/imap_text.hpp"

#include <gtest/gtest.h>

namespace cabroker::transport {
namespace {

TEST(ImapTextTest, DatesAreRead) {
    const auto date = imap_date("17-Jul-1996 02:44:25 -0700");

    ASSERT_TRUE(date.has_value());
    EXPECT_EQ(date->time_since_epoch().count(), 837'596'665'000);
    EXPECT_FALSE(imap_date("soon").has_value());
}

TEST(ImapTextTest, QuotesAndBackslashesAreEscapedInAQuotedString) {
    EXPECT_EQ(imap_quoted(R"(No such"one\)"), R"("No such\"one\\")");
}

TEST(ImapTextTest, NumbersAreFoundBehindTheirWordInAnyCase) {
    EXPECT_EQ(imap_number_after("* 3 fetch (uid 17 RFC822.SIZE 4)", "UID "), 17U);
    EXPECT_FALSE(imap_number_after("* 3 FETCH (UID x)", "UID ").has_value());
    EXPECT_FALSE(imap_number_after("* 3 FETCH (FLAGS ())", "UID ").has_value());
}

TEST(ImapTextTest, OnlyACountInBracesAtTheEndOfALineIsALiteral) {
    EXPECT_EQ(imap_literal_size("* 1 FETCH (BODY[] {42}"), 42U);
    EXPECT_FALSE(imap_literal_size("last {3} line").has_value());
    EXPECT_FALSE(imap_literal_size("{}").has_value());
    EXPECT_FALSE(imap_literal_size("{4x}").has_value());
    EXPECT_FALSE(imap_literal_size("{-1}").has_value());
    EXPECT_FALSE(imap_literal_size("}").has_value());
}

}  // namespace
}  // namespace cabroker::transport
