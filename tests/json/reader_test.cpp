#include "json/reader.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "json/parse.hpp"

namespace cabroker::json {
namespace {

TEST(ObjectReaderTest, CollectsEveryProblemWithItsPointer) {
    const auto body =
        parse(R"({"name": 5, "count": 99, "extra/x": 1, "tags": ["a", 2, "b\nc"], "at": "noon"})");
    ASSERT_TRUE(body);
    Problems problems;

    ObjectReader reader(*body, "/order", problems);
    reader.line("name");
    reader.integer("count", 0, 10);
    reader.lines("tags");
    reader.time("at");
    reader.require("csr");
    reader.finish();

    const Problems expected{
        {"/order/name", "wrong_type", "must be a string"},
        {"/order/count", "out_of_range", "must be from 0 to 10"},
        {"/order/tags/1", "wrong_type", "must be a string"},
        {"/order/tags/2", "bad_format", "must be one line of at most 1024 octets"},
        {"/order/at", "bad_format", "must be an RFC 3339 time such as 2026-11-22T08:30:00Z"},
        {"/order/csr", "required", "give this member"},
        {"/order/extra~1x", "unknown_field", "remove this member: it is not known here"}};
    EXPECT_EQ(problems, expected);
}

TEST(ObjectReaderTest, NoLineEndGetsIntoOneLine) {
    for (const char* text :
         {"a\\nb", "a\\rb", "a\\u0000b", "a\\u2028b", "a\\u0085b", "a\\u007fb"}) {
        const auto body = parse(std::string(R"({"cn": ")") + text + "\"}");
        ASSERT_TRUE(body) << text;
        Problems problems;

        ObjectReader reader(*body, "", problems);

        EXPECT_FALSE(reader.line("cn")) << text;
        EXPECT_EQ(problems.size(), 1U);
    }
}

TEST(ObjectReaderTest, WhatIsNoObjectIsOneProblem) {
    const auto body = parse("[1]");
    ASSERT_TRUE(body);
    Problems problems;

    ObjectReader reader(*body, "", problems);
    EXPECT_FALSE(reader.line("a"));
    reader.require("a");
    reader.finish();

    EXPECT_EQ(problems.size(), 1U);
}

}  // namespace
}  // namespace cabroker::json
