#include "transport/cookie_jar.hpp"

#include <gtest/gtest.h>

namespace cabroker::transport {
namespace {

using domain::ErrorCode;

const std::string kSession = "#HttpOnly_portal.example\tFALSE\t/\tTRUE\t0\tsid\tabc";

Origin portal() { return *Origin::parse("https://portal.example/"); }

TEST(CookieJarTest, TextBringsTheJarBack) {
    CookieJar jar;
    ASSERT_TRUE(jar.replace(portal(), {kSession}).has_value());

    const auto again = CookieJar::parse(jar.text().reveal());

    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->lines(), jar.lines());
    EXPECT_EQ(again->origin(), portal());
    EXPECT_EQ(again->value("sid"), "abc");
}

TEST(CookieJarTest, EmptyTextIsAnEmptyJar) {
    EXPECT_TRUE(CookieJar::parse("")->empty());
    EXPECT_TRUE(CookieJar().text().empty());
    EXPECT_TRUE(CookieJar::parse(CookieJar(portal()).text().reveal())->empty());
}

TEST(CookieJarTest, OnlyCookiesForTheHostAreKept) {
    CookieJar jar;

    const auto kept = jar.replace(
        portal(), {kSession, "evil.example\tFALSE\t/\tTRUE\t0\ta\t1",
                   ".portal.example\tTRUE\t/\tTRUE\t0\tb\t1", ".example\tTRUE\t/\tTRUE\t0\tc\t1",
                   "example\tFALSE\t/\tTRUE\t0\td\t1", "tal.example\tTRUE\t/\tTRUE\t0\te\t1",
                   "portal.example\tFALSE\t/\tTRUE\t1\tover\t1", "nonsense",
                   "portal.example\tFALSE\t/\tTRUE\t0\tf\t1\textra"});

    ASSERT_TRUE(kept.has_value());
    EXPECT_EQ(jar.size(), 3U);
    EXPECT_TRUE(jar.value("sid") && jar.value("b") && jar.value("c"));
}

TEST(CookieJarTest, TooManyCookiesAreRefused) {
    CookieJar jar;
    const std::vector<std::string> many(CookieJar::kMaxCookies + 1, kSession);
    const std::vector<std::string> large(1, kSession + std::string(CookieJar::kMaxBytes, 'x'));

    EXPECT_EQ(jar.replace(portal(), many).error().code, ErrorCode::limit_exceeded);
    EXPECT_EQ(jar.replace(portal(), large).error().code, ErrorCode::limit_exceeded);
    EXPECT_TRUE(jar.empty());
}

TEST(CookieJarTest, OtherTextIsNoJar) {
    for (const std::string text : {"x", "http://portal.example", "https://portal.example\nx",
                                   "https://portal.example\n", "\n\n"}) {
        EXPECT_EQ(CookieJar::parse(text).error().code, ErrorCode::bad_answer) << text;
    }
}

}  // namespace
}  // namespace cabroker::transport
