#include "cli/text.hpp"

#include <gtest/gtest.h>

namespace cabroker::cli {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(CleanTest, ControlCharactersBecomeVisible) {
    EXPECT_EQ(clean("a\x1b[31mb\x07"), "a\\x1b[31mb\\x07");
    EXPECT_EQ(clean("a\nb\tc\r"), "a\\nb c\\x0d");
    EXPECT_EQ(clean(std::string_view("a\0b", 3)), "a\\x00b");
    EXPECT_EQ(clean("\u009b2J\u202e\u2028\u200f"), "\\u009b2J\\u202e\\u2028\\u200f");
    EXPECT_EQ(clean("M\u00fcnchen \u65e5\u672c"), "M\u00fcnchen \u65e5\u672c");
}

TEST(CleanTest, BrokenUtf8BecomesVisible) {
    EXPECT_EQ(clean("\xff"), "\\xff");
    EXPECT_EQ(clean("\xc3"), "\\xc3");
    EXPECT_EQ(clean("\xc0\x9b"), "\\xc0\\x9b") << "overlong forms hide control characters";
    EXPECT_EQ(clean("\xed\xa0\x80"), "\\xed\\xa0\\x80");
    EXPECT_EQ(clean("\xf8\x88\x80\x80\x80").find('\xf8'), std::string::npos);
}

TEST(CleanTest, LinesStayWhereTheyMay) {
    EXPECT_EQ(clean_lines("a\n\tb\x1b\rc\r\n"), "a\n\tb\\x1b\\x0dc\n");
}

TEST(CleanTest, JsonMeansTheSameAfterwards) {
    EXPECT_EQ(clean_json("{\"a\":\n\"x\u009b\x7f\"}"), "{\"a\":\n\"x\\u009b\\u007f\"}");
    EXPECT_EQ(clean_json("\"plain \u00fc\""), "\"plain \u00fc\"");
}

TEST(WidthTest, CountsColumnsNotOctets) {
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("\u00fc"), 1U);
    EXPECT_EQ(display_width("\u65e5\u672c"), 4U);
    EXPECT_EQ(cut("abcdefgh", 6), "abc...");
    EXPECT_EQ(cut("\u65e5\u672c\u65e5\u672c", 7), "\u65e5\u672c...");
    EXPECT_EQ(cut("short", 6), "short");
}

TEST(CsvFieldTest, QuotesAndDisarmsFormulas) {
    EXPECT_EQ(csv_field("plain"), "plain");
    EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
    EXPECT_EQ(csv_field("a\"b\n"), "\"a\"\"b\n\"");
    for (const std::string start : {"=", "+", "-", "@", "\t"}) {
        EXPECT_EQ(csv_field(start + "1"), "'" + start + "1");
    }
    EXPECT_EQ(csv_field("\r1"), "\"'\r1\"");
    EXPECT_EQ(csv_field(""), "");
}

TEST(ShellWordTest, QuotesWhatAShellWouldRead) {
    EXPECT_EQ(shell_word("req_1"), "req_1");
    EXPECT_EQ(shell_word("a b"), "'a b'");
    EXPECT_EQ(shell_word("it's $(x)"), "'it'\\''s $(x)'");
    EXPECT_EQ(shell_word(""), "''");
}

TEST(AgeTest, SaysHowLongAgoOrAhead) {
    const domain::Time now{hours(1000)};
    EXPECT_EQ(age_text(now, now), "now");
    EXPECT_EQ(age_text(now - seconds(5), now), "5s ago");
    EXPECT_EQ(age_text(now - minutes(3), now), "3m ago");
    EXPECT_EQ(age_text(now + hours(2) + minutes(5), now), "in 2h 5m");
    EXPECT_EQ(age_text(now - hours(75), now), "3d 3h ago");
}

}  // namespace
}  // namespace cabroker::cli
