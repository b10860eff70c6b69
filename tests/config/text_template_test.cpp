#include "config/text_template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cabroker::config {
namespace {

std::optional<std::string> lookup(std::string_view name) {
    if (name == "cn") return "a b&c/\"ü\r\n";
    if (name == "id") return "42";
    return std::nullopt;
}

TextTemplate parsed(std::string_view text) {
    std::string why;
    const auto made = TextTemplate::parse(text, why);
    EXPECT_TRUE(made.has_value()) << why;
    return made.value_or(TextTemplate());
}

TEST(TextTemplateTest, VariablesArePutIn) {
    EXPECT_EQ(parsed("x {{id}} y {{ id }}{{id}}").render(lookup), "x 42 y 4242");
    EXPECT_EQ(parsed("plain { } text").render(lookup), "plain { } text");
    EXPECT_EQ(parsed("").render(lookup), "");
    EXPECT_THAT(parsed("{{id}}-{{cn}}").variables(), ::testing::ElementsAre("id", "cn"));
}

TEST(TextTemplateTest, UnknownVariableMakesRenderingFail) {
    EXPECT_EQ(parsed("{{nobody}}").render(lookup), std::nullopt);
}

TEST(TextTemplateTest, ValuesCannotLeaveTheirPlaceInAUrl) {
    EXPECT_EQ(parsed("/o/{{cn}}?x={{id}}").render_url(lookup),
              "/o/a%20b%26c%2F%22%C3%BC%0D%0A?x=42");
}

TEST(TextTemplateTest, ValuesCannotLeaveTheirPlaceInJson) {
    EXPECT_EQ(render_json(R"({"a":["{{cn}}",{"b":"{{id}}"}],"n":1})", lookup),
              "{\"a\":[\"a b&c/\\\"ü\\r\\n\",{\"b\":\"42\"}],\"n\":1}");
    EXPECT_EQ(render_json(R"({"a":"no {{nobody}}"})", lookup), std::nullopt);
    EXPECT_EQ(render_json("{", lookup), std::nullopt);
}

TEST(TextTemplateTest, AMemberThatIsAVariableWithoutValueIsLeftOutOfJson) {
    EXPECT_EQ(render_json(R"({"a":"{{nobody}}","b":{"c":"{{nobody}}","d":"{{id}}"}})", lookup),
              R"({"b":{"d":"42"}})");
}

TEST(TextTemplateTest, AnElementThatIsAListBecomesItsValues) {
    const ListLookup lists = [](std::string_view name) {
        return name == "names" ? std::vector<std::string>{"a\nb", "c"} : std::vector<std::string>();
    };

    EXPECT_EQ(
        render_json(R"({"n":["{{names}}"],"e":["{{nobody}}"],"t":["x{{id}}"]})", lookup, lists),
        R"({"n":["a\nb","c"],"e":[],"t":["x42"]})");
}

TEST(TextTemplateTest, BracesMustPairAndNamesBePlain) {
    for (const std::string_view text :
         {"{{", "{{id", "id}}", "{{Id}}", "{{}}", "{{a b}}", "{{{id}}}", "{{#id}}"}) {
        std::string why;
        EXPECT_FALSE(TextTemplate::parse(text, why).has_value()) << text;
        EXPECT_FALSE(why.empty()) << text;
    }
}

}  // namespace
}  // namespace cabroker::config
