#include "config/rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace cabroker::config {
namespace {

std::vector<std::string> texts(const json::Problems& problems) {
    std::vector<std::string> lines;
    for (const auto& problem : problems) lines.push_back(problem.pointer + " " + problem.code);
    return lines;
}

TEST(RulesTest, EveryPartOfAMatchIsRead) {
    json::Problems problems;

    const auto rules = decode_routes(
        boost::json::parse(
            R"([{"name":"r","match":{"brand":["RapidSSL"],"kind":["reissue"],"supplier":["digicert"],
            "product":["EV*"],"status":["issued"],"account":["a"],"label":{"team":"web"}},"adapter_type":"email_ticket",
            "valid_from":"2020-10-01","valid_until":"2021-01-01T12:00:00+01:00"}])"),
        "/routes", problems);

    EXPECT_THAT(texts(problems), ::testing::IsEmpty());
    ASSERT_EQ(rules.size(), 1U);
    EXPECT_EQ(rules[0].match.brands.front(), domain::Brand::rapidssl);
    EXPECT_EQ(rules[0].match.statuses.front(), domain::OrderStatus::issued);
    EXPECT_EQ(rules[0].match.labels.at("team"), "web");
    EXPECT_EQ(rules[0].channel, domain::Channel::mail) << "the usual one of the type";
}

TEST(RulesTest, ContradictionsAreFound) {
    json::Problems problems;

    (void)decode_routes(boost::json::parse(R"([
        {"name":"a","match":{"brand":["rapid"],"knd":["x"]},"adapter":"p","channel":"fax"},
        {"name":"a","adapter":"p","adapter_type":"human","channel":"portal"},
        {"name":"c","adapter":"p"},
        {"name":"d"},
        {"name":"e","adapter":"p","channel":"portal","valid_from":"2021-01-01","valid_until":"2020-01-01"},
        {"adapter":"p","channel":"portal","valid_from":"soon"}])"),
                        "/routes", problems);

    EXPECT_THAT(texts(problems),
                ::testing::UnorderedElementsAre(
                    "/routes/0/match/brand/0 unknown_value", "/routes/0/match/knd unknown_field",
                    "/routes/0/channel unknown_value", "/routes/1/name bad_format",
                    "/routes/1/adapter_type required", "/routes/2/channel required",
                    "/routes/3/adapter required", "/routes/4/valid_until out_of_range",
                    "/routes/5/name required", "/routes/5/valid_from bad_format"));
}

TEST(RulesTest, PolicyAndBrandsComplainWithPointers) {
    json::Problems problems;

    (void)decode_policy(
        boost::json::parse(R"({"legacy_reissue":"maybe","refunds":[{"name":"x","start":"now"}]})"),
        "/policy", problems);
    (void)decode_brands(
        boost::json::parse(R"({"RapidSSL":{},"thawte":{"discontinued":[{"name":"x"}]}})"),
        "/brands", problems);

    EXPECT_THAT(texts(problems),
                ::testing::UnorderedElementsAre("/policy/legacy_reissue unknown_value",
                                                "/policy/refunds/0/start unknown_value",
                                                "/brands/RapidSSL unknown_field",
                                                "/brands/thawte/discontinued/0/since required"));
}

TEST(RulesTest, ProductPatternsAreCaseBlindWithAnOpenEnd) {
    EXPECT_TRUE(product_matches("RapidSSL", "rapidssl"));
    EXPECT_FALSE(product_matches("RapidSSL", "rapidssl wildcard"));
    EXPECT_TRUE(product_matches("rapidssl*", "RapidSSL Wildcard"));
    EXPECT_TRUE(product_matches("*", ""));
    EXPECT_FALSE(product_matches("", "x"));
}

}  // namespace
}  // namespace cabroker::config
