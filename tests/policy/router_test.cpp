#include "policy/router.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/policy/settings_for_tests.hpp"

namespace cabroker::policy {
namespace {

using domain::Brand;
using domain::Kind;

const char* const kMoment = "2026-11-22T08:00:00Z";

const RuleExplanation& rule(const Routing& routing, std::string_view name) {
    for (const RuleExplanation& told : routing.rules) {
        if (told.name == name) return told;
    }
    throw std::runtime_error("no such rule");
}

TEST(RouterTest, ShippedRulesSendEachBrandWhereItIsPublished) {
    const auto settings = settings_with(std::string(kPortal) + kTickets + kTrustwave + kHuman);
    for (const Brand brand : {Brand::digicert, Brand::geotrust, Brand::thawte, Brand::rapidssl}) {
        for (const Kind kind : {Kind::status, Kind::reissue, Kind::revoke, Kind::download}) {
            const Routing routing = route(an_order(brand), kind, at(kMoment), *settings);
            EXPECT_EQ(routing.adapter, "portal") << domain::name_of(brand) << domain::name_of(kind);
            EXPECT_EQ(routing.channel, domain::Channel::portal);
        }
    }
    EXPECT_EQ(route(an_order(Brand::sectigo), Kind::reissue, at(kMoment), *settings).adapter,
              "tickets");
    EXPECT_EQ(route(an_order(Brand::positivessl), Kind::reissue, at(kMoment), *settings).adapter,
              "tickets");
    EXPECT_EQ(route(an_order(Brand::trustwave), Kind::reissue, at(kMoment), *settings).adapter,
              "wave");
    EXPECT_EQ(route(an_order(Brand::trustwave), Kind::reissue, at(kMoment), *settings).channel,
              domain::Channel::mail);
    for (const Brand brand : {Brand::sectigo, Brand::positivessl, Brand::trustwave}) {
        for (const Kind kind : {Kind::status, Kind::revoke, Kind::download})
            EXPECT_EQ(route(an_order(brand), kind, at(kMoment), *settings).adapter, std::nullopt);
    }
    EXPECT_EQ(route(an_order(Brand::sectigo), Kind::cancel, at(kMoment), *settings).adapter,
              "panel");
    EXPECT_EQ(route(an_order(Brand::rapidssl), Kind::transfer, at(kMoment), *settings).channel,
              domain::Channel::human);
    EXPECT_EQ(route(an_order(Brand::rapidssl, domain::OrderStatus::reissue_pending), Kind::cancel,
                    at(kMoment), *settings)
                  .adapter,
              "portal");
}

TEST(RouterTest, OneTicketAdapterServesEverySupplier) {
    const auto settings = settings_with(kTickets);

    EXPECT_EQ(route(an_order(Brand::trustwave), Kind::reissue, at(kMoment), *settings).adapter,
              "tickets");
}

TEST(RouterTest, AProgramIsRoutedByWhatItSaidOfItself) {
    const auto settings =
        settings_with("  other: {type: program, command: [/bin/other]}\n  panel: {type: human}\n",
                      "routes:\n"
                      "  - {name: first, match: {}, adapter: other, channel: program}\n"
                      "  - {name: rest, match: {}, adapter_type: human}\n");
    const auto adapter_for = [&](Brand brand, Kind kind, const KnownSkills& skills) {
        return route(an_order(brand), kind, at(kMoment), *settings, skills).adapter;
    };
    KnownSkills skills;
    skills["other"].kinds = {Kind::status};
    skills["other"].brands = {Brand::sectigo};

    EXPECT_EQ(adapter_for(Brand::thawte, Kind::cancel, {}), "other") << "it has said nothing yet";
    EXPECT_EQ(adapter_for(Brand::sectigo, Kind::status, skills), "other");
    EXPECT_EQ(adapter_for(Brand::sectigo, Kind::cancel, skills), "panel");
    EXPECT_EQ(adapter_for(Brand::thawte, Kind::status, skills), "panel");
    skills["other"].brands.clear();
    EXPECT_EQ(adapter_for(Brand::thawte, Kind::status, skills), "other");
}

TEST(RouterTest, EveryRuleSaysWhy) {
    const auto settings = settings_with(std::string(kPortal) + kTickets);

    const Routing routing = route(an_order(Brand::rapidssl), Kind::reissue, at(kMoment), *settings);

    EXPECT_EQ(routing.rules.size(), settings->routes.size());
    EXPECT_TRUE(rule(routing, "digicert-guest-portal").matched);
    EXPECT_EQ(rule(routing, "digicert-guest-portal").why, "kind is reissue, brand is rapidssl");
    EXPECT_EQ(rule(routing, "digicert-guest-portal").adapter, "portal");
    EXPECT_EQ(rule(routing, "sectigo-support-mail").why,
              "brand is rapidssl, the rule is for sectigo, positivessl");
    EXPECT_EQ(rule(routing, "cancel-in-control-panel").why,
              "kind is reissue, the rule is for cancel");
}

TEST(RouterTest, RuleWithoutItsAdapterMatchesNothingAndSaysSo) {
    const auto settings = settings_with("");

    const Routing routing = route(an_order(Brand::rapidssl), Kind::reissue, at(kMoment), *settings);

    EXPECT_EQ(routing.adapter, std::nullopt);
    EXPECT_EQ(routing.channel, std::nullopt);
    EXPECT_EQ(routing.missing_adapter, "guest_portal");
    EXPECT_FALSE(rule(routing, "digicert-guest-portal").matched);
    EXPECT_EQ(rule(routing, "digicert-guest-portal").why,
              "no adapter of type guest_portal is configured");
}

constexpr const char* kDated =
    "routes:\n"
    "  - {name: old, match: {kind: [reissue]}, adapter: tickets, channel: mail, valid_until: "
    "2026-12-01}\n"
    "  - {name: new, match: {kind: [reissue]}, adapter: portal, channel: portal, valid_from: "
    "2026-12-01}\n"
    "  - {name: ev, match: {product: [\"EV*\"], label: {team: web}, account: [main]}, adapter: "
    "panel, channel: human}\n"
    "  - {name: last, match: {}, adapter: nobody, channel: portal}\n"
    "  - {name: never, match: {kind: [download]}, adapter: tickets, channel: mail}\n"
    "  - {name: all, match: {}, adapter: panel, channel: human}\n";

TEST(RouterTest, DatesDecideToTheMillisecond) {
    const auto settings = settings_with(std::string(kPortal) + kTickets + kHuman, kDated);
    const auto adapter_at = [&](const char* when) {
        return route(an_order(Brand::sectigo), Kind::reissue, at(when), *settings).adapter;
    };

    EXPECT_EQ(adapter_at("2026-11-30T23:59:59.999Z"), "tickets");
    EXPECT_EQ(adapter_at("2026-12-01T00:00:00Z"), "portal");
    const Routing later =
        route(an_order(Brand::sectigo), Kind::reissue, at("2026-12-02"), *settings);
    EXPECT_EQ(rule(later, "old").why, "in force only until 2026-12-01T00:00:00Z");
    EXPECT_EQ(rule(later, "all").why, "would match, but rule new comes first");
    EXPECT_FALSE(rule(later, "all").matched);
}

TEST(RouterTest, ProductAccountAndLabelNarrowARule) {
    const auto settings = settings_with(std::string(kPortal) + kTickets + kHuman, kDated);
    domain::Order order = an_order(Brand::sectigo);
    const auto why = [&] {
        return rule(route(order, Kind::download, at(kMoment), *settings), "ev").why;
    };

    EXPECT_EQ(why(), "the order's product is not known, the rule is for EV*");
    order.product = "DV SSL";
    EXPECT_EQ(why(), "product is DV SSL, the rule is for EV*");
    order.product = "ev ssl";
    EXPECT_EQ(why(), "the order's account is not one of main");
    order.account = "main";
    EXPECT_EQ(why(), "the order has no label team=web");
    order.labels["team"] = "web";
    EXPECT_EQ(why(), "product is ev ssl");
    const Routing routing = route(order, Kind::download, at(kMoment), *settings);
    EXPECT_EQ(routing.adapter, "panel");
    EXPECT_EQ(rule(routing, "last").why, "adapter nobody is not configured");
    EXPECT_EQ(rule(routing, "never").why, "adapter tickets does not do download");
}

TEST(RouterTest, RoutingIsTotalAndDeterministic) {
    const auto settings =
        settings_with(std::string(kPortal) + kTickets + kTrustwave + kHuman, kDated);
    const bool held =
        rc::check([&](unsigned brand, unsigned kind, unsigned status, std::int32_t days) {
            const auto brands = domain::words<Brand>();
            const auto kinds = domain::words<Kind>();
            const auto statuses = domain::words<domain::OrderStatus>();
            const domain::Order order = an_order(brands[brand % brands.size()].value,
                                                 statuses[status % statuses.size()].value);
            const Kind asked = kinds[kind % kinds.size()].value;
            const domain::Time when = at(kMoment) + std::chrono::hours(24) * (days % 100000);

            const Routing one = route(order, asked, when, *settings);
            const Routing two = route(order, asked, when, *settings);

            const Routing bare = route(order, asked, when, *settings, {}, Explain::nothing);

            RC_ASSERT(one.adapter == two.adapter);
            RC_ASSERT(one.adapter == bare.adapter);
            RC_ASSERT(one.channel == bare.channel);
            RC_ASSERT(one.adapter || one.missing_adapter == bare.missing_adapter);
            RC_ASSERT(bare.rules.empty());
            RC_ASSERT(one.adapter.has_value() == one.channel.has_value());
            RC_ASSERT(!one.adapter || settings->adapters.contains(*one.adapter));
            RC_ASSERT(one.rules.size() == settings->routes.size());
            std::size_t matched = 0;
            for (const RuleExplanation& told : one.rules) {
                RC_ASSERT(!told.why.empty());
                if (told.matched) ++matched;
            }
            RC_ASSERT(matched == (one.adapter ? 1U : 0U));
        });
    EXPECT_TRUE(held);
}

}  // namespace
}  // namespace cabroker::policy
