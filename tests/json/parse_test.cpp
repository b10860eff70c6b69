#include "json/parse.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace cabroker::json {
namespace {

TEST(ParseTest, ReadsADocument) {
    const auto value = parse(R"({"a": [1, -2, 3.5, "x\n\u00e9", true, null], "b": {}})");

    ASSERT_TRUE(value) << value.error().detail;
    EXPECT_EQ(boost::json::serialize(*value),
              "{\"a\":[1,-2,3.5E0,\"x\\n\xC3\xA9\",true,null],\"b\":{}}");
}

TEST(ParseTest, DuplicateKeysAreRefusedAtEveryDepthEvenWhenWrittenDifferently) {
    EXPECT_FALSE(parse(R"({"a":1,"a":2})"));
    EXPECT_FALSE(parse(R"({"x":{"a":1,"\u0061":2}})"));
    EXPECT_TRUE(parse(R"({"a":{"a":1},"b":{"a":2}})"));
}

TEST(ParseTest, ManyKeysAreComparedLikeFew) {
    for (const int count : {2, 24, 25, 26, 300}) {
        std::string text = "{\"inner\":{\"key 0\":0}";
        for (int i = 0; i < count; ++i) text += ",\"key " + std::to_string(i) + "\":0";
        EXPECT_TRUE(parse(text + "}")) << count;
        for (const int again : {0, count - 1}) {
            EXPECT_FALSE(parse(text + ",\"key " + std::to_string(again) + "\":1}")) << count;
        }
    }
}

TEST(ParseTest, TakesMemoryFromTheGivenStorage) {
    boost::json::monotonic_resource memory;

    const auto value =
        json::parse(R"({"a": ["a string that is not short enough for a small one"]})", &memory);

    ASSERT_TRUE(value) << value.error().detail;
    EXPECT_EQ(value->storage().get(), &memory);
    EXPECT_EQ(value->at("a").at(0).storage().get(), &memory);
}

TEST(ParseTest, NumbersThatWouldLoseDigitsAreRefused) {
    EXPECT_FALSE(parse("18446744073709551616"));
    EXPECT_FALSE(parse("1e400"));
    EXPECT_FALSE(parse("[123456789012345678901234567890]"));
    EXPECT_TRUE(parse("18446744073709551615"));
}

TEST(ParseTest, RefusesWhatIsNotOneDocument) {
    for (const char* text : {"", " ", "{", "{}{}", "{} x", "nul", "'a'", "{a:1}", "[1,]", "// c\n1",
                             "\"\xff\"", "NaN", "01"}) {
        EXPECT_FALSE(parse(text)) << text;
    }
}

TEST(ParseTest, DepthIsBounded) {
    EXPECT_TRUE(parse(std::string(30, '[') + std::string(30, ']')));
    EXPECT_FALSE(parse(std::string(100'000, '[')));
}

TEST(ParseTest, TellsWhereTheProblemIs) {
    const auto value = parse("{\n  \"a\": tru\n}");

    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code, domain::ErrorCode::malformed_request);
    EXPECT_NE(value.error().detail.find("line 2"), std::string::npos) << value.error().detail;
}

}  // namespace
}  // namespace cabroker::json
