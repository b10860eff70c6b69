#include "policy/refund.hpp"

#include <algorithm>

namespace cabroker::policy {
namespace {

using config::RefundRule;
using domain::RefundStatus;

const RefundRule* rule_in_force(const std::vector<RefundRule>& rules, domain::Time at) {
    const RefundRule* found = nullptr;
    for (const RefundRule& rule : rules) {
        if (!rule.valid_from || *rule.valid_from <= at) found = &rule;
    }
    return found;
}

enum class Excluded { no, yes, cannot_tell };

Excluded is_excluded(const RefundRule& rule, const domain::Order& order) {
    Excluded verdict = Excluded::no;
    for (const RefundRule::Never& never : rule.never) {
        const bool brand_fits =
            never.brands.empty() ||
            std::find(never.brands.begin(), never.brands.end(), order.brand) != never.brands.end();
        if (!brand_fits) continue;
        if (never.products.empty()) return Excluded::yes;
        if (!order.product) {
            verdict = Excluded::cannot_tell;
            continue;
        }
        const bool product_fits = std::any_of(
            never.products.begin(), never.products.end(), [&](const std::string& pattern) {
                return config::product_matches(pattern, *order.product);
            });
        if (product_fits) return Excluded::yes;
    }
    return verdict;
}

}  // namespace

domain::Refund refund_for(const domain::Order& order, domain::RevokeScope scope, domain::Time at,
                          const std::vector<RefundRule>& rules) {
    domain::Refund refund;
    const RefundRule* rule = rule_in_force(rules, at);
    if (scope == domain::RevokeScope::certificate) {
        refund.status = RefundStatus::not_eligible;
        refund.rule = "only-whole-orders";
        return refund;
    }
    if (rule == nullptr) {
        refund.rule = "no-rule";
        return refund;
    }
    refund.rule = rule->name;
    const std::optional<domain::Time> start =
        rule->start == RefundRule::Start::issued ? order.issued_at : order.ordered_at;
    if (start) refund.until = *start + rule->window;
    const Excluded excluded = is_excluded(*rule, order);
    if (excluded == Excluded::yes) {
        refund.status = RefundStatus::not_eligible;
        refund.until.reset();
        return refund;
    }
    if (!refund.until || excluded == Excluded::cannot_tell) return refund;
    refund.status = at <= *refund.until ? RefundStatus::expected : RefundStatus::not_eligible;
    if (refund.status == RefundStatus::expected) refund.check_after = at + rule->billing_cycle;
    return refund;
}

}  // namespace cabroker::policy
