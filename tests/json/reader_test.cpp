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

TEST(ObjectReaderTest, NothingThatTurnsTheDirectionOfWritingGetsIn) {
    for (const std::string mark : {"061c", "200e", "200f", "202a", "202b", "202c", "202d", "202e",
                                   "2066", "2067", "2068", "2069"}) {
        const std::string text = "\"a\\u" + mark + "b\"";
        const auto body = parse(R"({"reason": )" + text + R"(, "product": )" + text +
                                R"(, "tags": [)" + text + R"(], "labels": {"k": )" + text + "}}");
        ASSERT_TRUE(body) << mark;
        Problems problems;
        ObjectReader reader(*body, "", problems);

        EXPECT_FALSE(reader.text("reason")) << mark;
        EXPECT_FALSE(reader.line("product")) << mark;
        reader.lines("tags");
        reader.string_map("labels");
        std::string where;
        for (const domain::FieldProblem& problem : problems)
            where += problem.pointer + ' ' + problem.code + ' ';
        EXPECT_EQ(
            where,
            "/reason bad_format /product bad_format /tags/0 bad_format /labels/k bad_format ");

        Problems none;
        ObjectReader of_a_page(*body, "", none, Marks::taken);
        EXPECT_TRUE(of_a_page.text("reason")) << mark;
        EXPECT_TRUE(of_a_page.string_map("labels")) << mark;
        EXPECT_TRUE(none.empty()) << mark;
    }
}

TEST(ObjectReaderTest, WritingFromRightToLeftAndJoinersAreFine) {
    const auto body = parse(
        "{\"reason\": \"\xD7\xA9\xD7\xA8\xD7\xAA \\u200d\\u200c\\u2065\\u202f \xF0\x9F\x98\x80\"}");
    ASSERT_TRUE(body);
    Problems problems;
    ObjectReader reader(*body, "", problems);

    EXPECT_TRUE(reader.text("reason"));
    EXPECT_TRUE(problems.empty());
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

TEST(ObjectReaderTest, UnknownMembersOfALargeObjectAreFound) {
    std::string text = "{";
    for (int i = 0; i < 130; ++i)
        text += "\"m" + std::to_string(i) + "\":\"" + std::to_string(i) + "\",";
    text.back() = '}';
    const auto body = parse(text);
    ASSERT_TRUE(body);
    std::vector<std::string> names;
    for (int i = 0; i < 130; ++i) names.push_back("m" + std::to_string(i));
    Problems problems;
    ObjectReader reader(*body, "", problems);

    for (int i = 0; i < 130; ++i) {
        if (i == 7 || i == 100) continue;
        EXPECT_EQ(reader.line(names[static_cast<std::size_t>(i)]), std::to_string(i));
    }
    EXPECT_FALSE(reader.line("m130"));
    reader.finish();

    ASSERT_EQ(problems.size(), 2U);
    EXPECT_EQ(problems[0].pointer, "/m7");
    EXPECT_EQ(problems[1].pointer, "/m100");
}

}  // namespace
}  // namespace cabroker::json
