#include "daemon/app/arguments.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cabroker::app {
namespace {

std::optional<Arguments> read(std::vector<std::string> words) {
    words.insert(words.begin(), "cabrokerd");
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    return read_arguments(static_cast<int>(pointers.size()), pointers.data());
}

TEST(ArgumentsTest, WithoutAnyTheSystemsConfigurationIsRead) {
    const auto arguments = read({});

    ASSERT_TRUE(arguments.has_value());
    EXPECT_EQ(arguments->config, "/etc/cabroker/cabroker.yaml");
    EXPECT_FALSE(arguments->check_config);
}

TEST(ArgumentsTest, ValuesComeAsTheNextWordOrAfterAnEqualsSign) {
    EXPECT_EQ(read({"--config", "a.yaml"})->config, "a.yaml");
    EXPECT_EQ(read({"--config=a.yaml"})->config, "a.yaml");
    EXPECT_EQ(read({"-c", "a.yaml"})->config, "a.yaml");
    EXPECT_EQ(read({"--check-profile=p.yaml"})->check_profile, "p.yaml");
    EXPECT_EQ(read({"--trace-portal", "t.jsonl"})->trace_portal, "t.jsonl");
    EXPECT_TRUE(read({"--config", "a.yaml", "--check-config"})->check_config);
    EXPECT_TRUE(read({"--version"})->version);
    EXPECT_TRUE(read({"-h"})->help);
}

TEST(ArgumentsTest, WhatIsNoFlagIsRefused) {
    EXPECT_FALSE(read({"--conf", "a.yaml"}).has_value());
    EXPECT_FALSE(read({"a.yaml"}).has_value());
    EXPECT_FALSE(read({"--config"}).has_value()) << "without its value";
    EXPECT_FALSE(read({"--trace-portal="}).has_value()) << "an empty name";
    EXPECT_FALSE(read({"--version=1"}).has_value()) << "with a value it does not take";
}

}  // namespace
}  // namespace cabroker::app
