#include "config/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace cabroker::config {
namespace {

using ::testing::HasSubstr;

std::string json_of(std::string_view yaml) {
    std::vector<Problem> problems;
    const YamlDocument document = read_yaml(yaml, "f", "", problems);
    return problems.empty() ? boost::json::serialize(document.value) : problems.front().text();
}

TEST(YamlTest, OnlyJsonWordsAndDecimalIntegersAreTyped) {
    EXPECT_EQ(json_of("{a: true, b: false, c: null, d: ~, e: -12, f: 0, g: }"),
              R"({"a":true,"b":false,"c":null,"d":null,"e":-12,"f":0,"g":null})");
    EXPECT_EQ(
        json_of("{a: yes, b: 08, c: 2020-10-01, d: 1.5, e: True, f: 0x10, g: +1, h: "
                "99999999999999999999}"),
        R"({"a":"yes","b":"08","c":"2020-10-01","d":"1.5","e":"True","f":"0x10","g":"+1","h":"99999999999999999999"})");
    EXPECT_EQ(json_of("{a: 'true', b: \"12\", c: 'null'}"), R"({"a":"true","b":"12","c":"null"})");
}

TEST(YamlTest, BlockTextKeepsItsLines) {
    EXPECT_EQ(json_of("a: |\n  one\n  two\n"), R"({"a":"one\ntwo\n"})");
}

TEST(YamlTest, EmptyDocumentIsNull) {
    EXPECT_EQ(json_of(""), "null");
    EXPECT_EQ(json_of("# nothing\n"), "null");
}

TEST(YamlTest, WhatHidesIsRefused) {
    EXPECT_EQ(json_of("a: &x 1\nb: *x\n"), "f:1:4: anchors are not allowed: write the value out");
    EXPECT_THAT(json_of("a: !!str 1\n"), HasSubstr("f:1:4: tags are not allowed"));
    EXPECT_THAT(json_of("a: !!binary x\n"), HasSubstr("tags are not allowed"));
    EXPECT_THAT(json_of("a: 1\n---\nb: 2\n"), HasSubstr("a second document"));
    EXPECT_THAT(json_of("[1]: 2\n"), HasSubstr("a key must be a plain text"));
    EXPECT_THAT(json_of("~: 2\n"), HasSubstr("a key must not be empty"));
}

TEST(YamlTest, DuplicatesAreAllFoundAndTheFirstStays) {
    std::vector<Problem> problems;

    const YamlDocument document =
        read_yaml("a: 1\nb:\n  c: 1\n  c: {d: [1, 2], d: 3}\na: 2\n", "f", "", problems);

    ASSERT_EQ(problems.size(), 3U);
    EXPECT_EQ(problems[0].text(), "f:4:3: duplicate key \"c\": it stands already in line 3");
    EXPECT_EQ(problems[2].text(), "f:5:1: duplicate key \"a\": it stands already in line 1");
    EXPECT_EQ(boost::json::serialize(document.value), R"({"a":1,"b":{"c":1}})");
}

TEST(YamlTest, BadOctetsAndTabsHaveTheirLine) {
    EXPECT_EQ(json_of("a: 1\n\tb: 2\n"), "f:2:1: tab in the indentation: indent with spaces");
    EXPECT_EQ(json_of(std::string_view("a: x\0y\n", 7)), "f:1:5: control character");
    EXPECT_EQ(json_of("a: 1\nb: \xC3(\n"), "f:2:1: not valid UTF-8");
    EXPECT_EQ(json_of("a: \xF5\x80\x80\x80"), "f:1:1: not valid UTF-8");
    EXPECT_EQ(json_of("a: \xED\xA0\x80"), "f:1:1: not valid UTF-8");
    EXPECT_EQ(json_of("a: \xE2\x82"), "f:1:1: not valid UTF-8");
    EXPECT_EQ(json_of("a: gr\xC3\xBC\xC3\x9F"), "{\"a\":\"gr\xC3\xBC\xC3\x9F\"}");
}

TEST(YamlTest, SizeAndDepthAreBounded) {
    EXPECT_EQ(json_of(std::string(kMaxYamlBytes + 1, '#')), "f: larger than 1 MiB");
    EXPECT_THAT(json_of(std::string(40, '[') + std::string(40, ']')),
                HasSubstr("nested deeper than 32"));
    EXPECT_THAT(json_of(std::string(100000, '[')), HasSubstr("f:1:"));
    EXPECT_THAT(json_of(std::string(100000, '{')), HasSubstr("f:1:"));
}

TEST(YamlTest, PlacesCountFromOneAndFallBackToParents) {
    std::vector<Problem> problems;
    const YamlDocument document =
        read_yaml("a:\n  b/c: 1\n  list: [1, x]\n", "f", "/root", problems);

    EXPECT_EQ(document.places.find("/root/a/b~1c", true).line, 2U);
    EXPECT_EQ(document.places.find("/root/a/b~1c", true).column, 3U);
    EXPECT_EQ(document.places.find("/root/a/b~1c", false).column, 8U);
    EXPECT_EQ(document.places.find("/root/a/list/1", false).column, 13U);
    EXPECT_EQ(document.places.find("/root/a/none/deeper", false).line, 1U);
}

TEST(YamlTest, MergeTakesPlacesAlong) {
    std::vector<Problem> problems;
    YamlDocument into = read_yaml("a: {x: [1, 2, 3], y: 1}\nb: 1\n", "one", "", problems);

    merge(into, read_yaml("\na: {x: [9]}\nc: {d: 1}\n", "two", "", problems));

    EXPECT_EQ(boost::json::serialize(into.value), R"({"a":{"x":[9],"y":1},"b":1,"c":{"d":1}})");
    EXPECT_EQ(into.places.find("/a/x/0", false).file, "two");
    EXPECT_EQ(into.places.find("/a/x/2", false).file, "two")
        << "the old list's places must be gone";
    EXPECT_EQ(into.places.find("/a/y", false).file, "one");
    EXPECT_EQ(into.places.find("/c/d", false).line, 3U);
}

}  // namespace
}  // namespace cabroker::config
