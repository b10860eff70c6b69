#include "policy/decide.hpp"

#include <algorithm>

#include "json/time_text.hpp"
#include "pki/name_match.hpp"
#include "policy/capability.hpp"
#include "policy/facts.hpp"
#include "policy/moves.hpp"
#include "policy/refund.hpp"

namespace cabroker::policy {
namespace {

using domain::Kind;

void reject(Decision& decision, std::string code, std::string detail, std::string hint) {
    decision.verdict = Decision::Verdict::reject;
    domain::Outcome outcome;
    outcome.code = std::move(code);
    outcome.detail = std::move(detail);
    outcome.hint = std::move(hint);
    decision.outcome = std::move(outcome);
}

const config::DiscontinuedLine* ended_line(const DecisionInput& input) {
    const auto entry = input.settings.brands.find(input.order.brand);
    if (entry == input.settings.brands.end()) return nullptr;
    for (const config::DiscontinuedLine& line : entry->second.discontinued) {
        if (input.at < line.since) continue;
        if (line.products.empty()) return &line;
        const bool fits =
            input.order.product &&
            std::any_of(line.products.begin(), line.products.end(),
                        [&](const std::string& pattern) {
                            return config::product_matches(pattern, *input.order.product);
                        });
        if (fits) return &line;
    }
    return nullptr;
}

// Status, revoke and download always pass; a reissue warns, wants an approver or ends, as set.
void judge_brand(const DecisionInput& input, Kind kind, Decision& decision) {
    if (kind != Kind::reissue) return;
    const config::DiscontinuedLine* line = ended_line(input);
    if (line == nullptr) return;
    const std::string detail = line->detail.empty() ? line->name + " was discontinued on " +
                                                          json::time_text(line->since).substr(0, 10)
                                                    : line->detail;
    const std::string hint =
        "Order a current product of another brand; status, revoke and download still work.";
    switch (input.settings.policy.legacy_reissue) {
        case config::LegacyReissue::warn:
            decision.warnings.push_back(Warning{"brand_discontinued", detail});
            break;
        case config::LegacyReissue::approve: {
            decision.warnings.push_back(Warning{"brand_discontinued", detail});
            decision.verdict = Decision::Verdict::needs_approval;
            domain::Outcome why;
            why.code = "brand_discontinued";
            why.detail = detail;
            why.hint = "An approver decides; " + hint;
            decision.outcome = std::move(why);
            break;
        }
        case config::LegacyReissue::block:
            reject(decision, "brand_discontinued", detail, hint);
            break;
    }
}

std::string brand_text(const domain::Order& order) {
    return std::string(domain::name_of(order.brand));
}

void reject_unrouted(const DecisionInput& input, Kind kind, Decision& decision) {
    const std::string verb(domain::name_of(kind));
    std::string detail = "no channel serves " + verb + " for " + brand_text(input.order);
    std::string hint;
    if (decision.routing.missing_adapter)
        detail += "; the rule for it needs the adapter " + *decision.routing.missing_adapter +
                  ", which is not configured";
    if (kind == Kind::cancel) {
        hint = control_panel_steps(input.order);
        if (input.order.status == domain::OrderStatus::unknown)
            hint =
                "Send a status request first: where a reissue is pending, the portal takes back "
                "that alone. To cancel the whole order: " +
                hint;
    } else if (kind == Kind::transfer) {
        hint =
            "Have the Corporate or Technical contact of the order mail the Trust Center's support "
            "with order number, "
            "common name and target account, or configure an adapter of type human.";
    } else if (decision.routing.missing_adapter) {
        hint = "Configure that adapter, or do it by hand in the Reseller Control Panel.";
    } else if (kind == Kind::revoke) {
        hint =
            "Ask the platform's support to revoke it, with common name and supplier order ID; to "
            "send that as a ticket, "
            "add a route to an adapter of type email_ticket.";
    } else {
        hint = "Look the order up in the Reseller Control Panel.";
    }
    reject(decision, "not_supported_by_channel", std::move(detail), std::move(hint));
}

void find_adapter(const DecisionInput& input, Kind kind, Decision& decision) {
    decision.routing =
        route(input.order, kind, input.at, input.settings, input.skills, input.explain);
    if (!input.adapter) {
        decision.adapter = decision.routing.adapter;
        decision.channel = decision.routing.channel;
        return;
    }
    const auto found = input.settings.adapters.find(*input.adapter);
    if (found == input.settings.adapters.end()) return;
    decision.adapter = found->first;
    decision.channel = found->second.channel;
}

void judge_adapter(const DecisionInput& input, Kind kind, Decision& decision) {
    const auto found = input.settings.adapters.find(decision.adapter.value_or(""));
    if (found == input.settings.adapters.end()) {
        reject_unrouted(input, kind, decision);
        return;
    }
    if (!adapter_does(found->second, kind, input.order.brand, input.skills)) {
        reject(decision, "not_supported_by_channel",
               "adapter " + found->first + " does not do " + std::string(domain::name_of(kind)),
               "Choose another adapter.");
        return;
    }
    std::optional<domain::Outcome> refusal =
        refused_by_channel(found->second, input.order, input.params);
    if (!refusal) refusal = refused_for_facts(found->second, input.order, input.params);
    if (refusal) {
        decision.verdict = Decision::Verdict::reject;
        decision.outcome = std::move(refusal);
        return;
    }
    decision.needs = expected_inputs(found->second, input.params);
}

void judge_csr(const DecisionInput& input, Decision& decision) {
    if (input.csr == nullptr) return;
    const pki::NameVerdict verdict =
        pki::csr_fits_order(*input.csr, input.order.common_name, input.order.dns_names);
    if (!verdict.fits) {
        reject(decision, "csr_name_mismatch", verdict.detail,
               "Make a CSR for the names of the order, or name the right order.");
        return;
    }
    for (const std::string& note : verdict.notes)
        decision.warnings.push_back(Warning{"csr_names", note});
}

void warn_of_refund(const DecisionInput& input, Decision& decision) {
    const auto* revoke = std::get_if<domain::RevokeParams>(&input.params);
    if (revoke == nullptr) return;
    if (revoke->scope == domain::RevokeScope::order)
        decision.warnings.push_back(
            Warning{"revokes_whole_order",
                    "every certificate of the order ends, duplicates and reissues included"});
    const domain::Refund refund =
        refund_for(input.order, revoke->scope, input.at, input.settings.policy.refunds);
    const std::string until =
        refund.until ? " until " + json::time_text(*refund.until) : std::string();
    switch (refund.status) {
        case domain::RefundStatus::expected:
            decision.warnings.push_back(Warning{
                "refund_expected", "a refund is expected" + until + " by rule " + refund.rule});
            break;
        case domain::RefundStatus::not_eligible:
            decision.warnings.push_back(
                Warning{"refund_not_eligible", "there will be no refund, by rule " + refund.rule});
            break;
        case domain::RefundStatus::ask_support:
            decision.warnings.push_back(
                Warning{"refund_ask_support",
                        "whether a refund is due cannot be told here; ask the platform's support"});
            break;
    }
}

}  // namespace

Decision decide(const DecisionInput& input) {
    const Kind kind = domain::kind_of(input.params);
    Decision decision;
    find_adapter(input, kind, decision);
    if (doubts_status(input.order, kind, input.at))
        decision.warnings.push_back(
            Warning{"status_may_be_old",
                    "the order was " + std::string(domain::name_of(input.order.status)) + " at " +
                        json::time_text(*input.order.status_at) + "; that may have changed"});
    if (auto refusal = refused_by_status(input.order, kind, input.at)) {
        decision.verdict = Decision::Verdict::reject;
        decision.outcome = std::move(refusal);
        return decision;
    }
    judge_brand(input, kind, decision);
    if (decision.verdict != Decision::Verdict::reject) judge_adapter(input, kind, decision);
    if (decision.verdict != Decision::Verdict::reject) judge_csr(input, decision);
    if (decision.verdict != Decision::Verdict::reject) warn_of_refund(input, decision);
    if (decision.verdict == Decision::Verdict::reject) decision.needs.clear();
    return decision;
}

std::string_view name_of(Decision::Verdict verdict) {
    switch (verdict) {
        case Decision::Verdict::accept:
            return "accept";
        case Decision::Verdict::reject:
            return "reject";
        case Decision::Verdict::needs_approval:
            return "needs_approval";
    }
    return "reject";
}

std::string control_panel_steps(const domain::Order& order) {
    std::string which = "the trust order";
    if (order.platform_order_id) {
        which += " " + *order.platform_order_id;
    } else if (order.common_name) {
        which += " for " + *order.common_name;
    } else if (order.supplier_order_id) {
        which += " with supplier order ID " + *order.supplier_order_id;
    }
    return "Sign in to the Reseller Control Panel, go to " + which +
           " and click Cancel at the bottom right of the page.";
}

}  // namespace cabroker::policy
