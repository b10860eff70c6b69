#include "policy/refund.hpp"

#include <gtest/gtest.h>

#include "tests/policy/settings_for_tests.hpp"

namespace cabroker::policy {
namespace {

using domain::Brand;
using domain::RefundStatus;
using domain::RevokeScope;

class RefundTest : public ::testing::Test {
  protected:
    RefundTest() : rules_(settings_with("")->policy.refunds) {
        order_.issued_at = at("2026-10-01");
    }
    [[nodiscard]] domain::Refund at_time(const char* when,
                                         RevokeScope scope = RevokeScope::order) const {
        return refund_for(order_, scope, at(when), rules_);
    }
    domain::Order order_ = an_order(Brand::rapidssl);
    std::vector<config::RefundRule> rules_;
};

TEST_F(RefundTest, WindowEndsThirtyDaysAfterIssue) {
    EXPECT_EQ(at_time("2026-10-02").status, RefundStatus::expected);
    EXPECT_EQ(at_time("2026-10-31").status, RefundStatus::expected);
    EXPECT_EQ(at_time("2026-10-31T00:00:00.001Z").status, RefundStatus::not_eligible);
    EXPECT_EQ(at_time("2026-10-02").until, at("2026-10-31"));
    EXPECT_EQ(at_time("2026-10-02").check_after, at("2026-11-02"));
    EXPECT_EQ(at_time("2026-10-02").rule, "revoked-within-30-days");
}

TEST_F(RefundTest, OneCertificateIsNeverRefunded) {
    EXPECT_EQ(at_time("2026-10-02", RevokeScope::certificate).status, RefundStatus::not_eligible);
}

TEST_F(RefundTest, UnknownStartMustBeAskedFor) {
    order_.issued_at.reset();

    EXPECT_EQ(at_time("2026-10-02").status, RefundStatus::ask_support);
}

TEST_F(RefundTest, TrustwaveEvIsNeverRefunded) {
    order_.brand = Brand::trustwave;
    order_.product = "Trustwave EV";
    EXPECT_EQ(at_time("2026-10-02").status, RefundStatus::not_eligible);
    order_.product = "trustwave_ev";
    EXPECT_EQ(at_time("2026-10-02").status, RefundStatus::not_eligible);
    order_.product = "Trustwave DV";
    EXPECT_EQ(at_time("2026-10-02").status, RefundStatus::expected);
    order_.product.reset();
    EXPECT_EQ(at_time("2026-10-02").status, RefundStatus::ask_support) << "it may be an EV";
}

TEST_F(RefundTest, LastRuleInForceDecides) {
    config::RefundRule later = rules_.front();
    later.name = "fourteen-days";
    later.valid_from = at("2026-10-20");
    later.window = std::chrono::hours(24 * 14);
    rules_.push_back(later);

    EXPECT_EQ(at_time("2026-10-19").rule, "revoked-within-30-days");
    EXPECT_EQ(at_time("2026-10-20").rule, "fourteen-days");
    EXPECT_EQ(at_time("2026-10-20").status, RefundStatus::not_eligible);
    rules_.clear();
    EXPECT_EQ(at_time("2026-10-20").status, RefundStatus::ask_support);
}

}  // namespace
}  // namespace cabroker::policy
