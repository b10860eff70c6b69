#include "policy/router.hpp"

#include <algorithm>

#include "json/time_text.hpp"
#include "policy/capability.hpp"

namespace cabroker::policy {
namespace {

using config::RouteMatch;
using config::RouteRule;

template <class Enum>
std::string list_of(const std::vector<Enum>& values) {
    std::string list;
    for (const Enum value : values)
        list += (list.empty() ? "" : ", ") + std::string(domain::name_of(value));
    return list;
}

std::string list_of(const std::vector<std::string>& values) {
    std::string list;
    for (const std::string& value : values) list += (list.empty() ? "" : ", ") + value;
    return list;
}

// What keeps a value from matching a list, or nothing. An empty list asks nothing.
template <class Enum>
std::string unlike(std::string_view what, const std::vector<Enum>& wanted, Enum value) {
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end()) return {};
    return std::string(what) + " is " + std::string(domain::name_of(value)) + ", the rule is for " +
           list_of(wanted);
}

std::string unlike_product(const RouteMatch& match, const std::optional<std::string>& product) {
    if (match.products.empty()) return {};
    if (!product)
        return "the order's product is not known, the rule is for " + list_of(match.products);
    const bool fits = std::any_of(
        match.products.begin(), match.products.end(),
        [&](const std::string& pattern) { return config::product_matches(pattern, *product); });
    return fits ? std::string()
                : "product is " + *product + ", the rule is for " + list_of(match.products);
}

std::string unlike_labels(const RouteMatch& match, const domain::Labels& labels) {
    for (const auto& [name, value] : match.labels) {
        const auto found = labels.find(name);
        if (found == labels.end() || found->second != value)
            return "the order has no label " + name + "=" + value;
    }
    return {};
}

// Why the rule is not meant for this request, or nothing.
std::string mismatch(const RouteMatch& match, const domain::Order& order, domain::Kind kind) {
    std::string why = unlike("kind", match.kinds, kind);
    if (why.empty()) why = unlike("brand", match.brands, order.brand);
    if (why.empty()) why = unlike("supplier", match.suppliers, order.supplier);
    if (why.empty()) why = unlike("status", match.statuses, order.status);
    if (why.empty()) why = unlike_product(match, order.product);
    if (why.empty() && !match.accounts.empty()) {
        const bool fits = order.account && std::find(match.accounts.begin(), match.accounts.end(),
                                                     *order.account) != match.accounts.end();
        if (!fits) why = "the order's account is not one of " + list_of(match.accounts);
    }
    if (why.empty()) why = unlike_labels(match, order.labels);
    return why;
}

std::string out_of_force(const RouteRule& rule, domain::Time at) {
    if (rule.valid_from && at < *rule.valid_from)
        return "in force only from " + json::time_text(*rule.valid_from);
    if (rule.valid_until && at >= *rule.valid_until)
        return "in force only until " + json::time_text(*rule.valid_until);
    return {};
}

std::string matching_words(const RouteRule& rule, const domain::Order& order, domain::Kind kind) {
    std::string words;
    const auto add = [&](const std::string& word) { words += (words.empty() ? "" : ", ") + word; };
    if (!rule.match.kinds.empty()) add("kind is " + std::string(domain::name_of(kind)));
    if (!rule.match.brands.empty()) add("brand is " + std::string(domain::name_of(order.brand)));
    if (!rule.match.suppliers.empty())
        add("supplier is " + std::string(domain::name_of(order.supplier)));
    if (!rule.match.statuses.empty())
        add("status is " + std::string(domain::name_of(order.status)));
    if (!rule.match.products.empty()) add("product is " + order.product.value_or(""));
    return words.empty() ? "matches every request" : words;
}

/// The adapter a rule means for this request, or why there is none.
struct Candidate {
    const config::AdapterSettings* adapter = nullptr;
    std::string why;
    bool configured = true;
};

Candidate named_adapter(const std::string& name, const domain::Order& order, domain::Kind kind,
                        const config::Settings& settings, const KnownSkills& skills) {
    Candidate made;
    const auto found = settings.adapters.find(name);
    if (found == settings.adapters.end()) {
        made.configured = false;
        made.why = "adapter " + name + " is not configured";
    } else if (!adapter_does(found->second, kind, order.brand, skills)) {
        made.why = "adapter " + name + " does not do " + std::string(domain::name_of(kind));
        if (skills.contains(name)) made.why += " for " + std::string(domain::name_of(order.brand));
    } else {
        made.adapter = &found->second;
    }
    return made;
}

// Several of one type: a ticket adapter whose template is made for the supplier comes first, then
// the order of names.
Candidate adapter_of_type(const std::string& type, const domain::Order& order, domain::Kind kind,
                          const config::Settings& settings, const KnownSkills& skills) {
    Candidate made;
    bool exists = false;
    for (const auto& [name, adapter] : settings.adapters) {
        if (adapter.type != type) continue;
        exists = true;
        if (!adapter_does(adapter, kind, order.brand, skills)) continue;
        if (made.adapter == nullptr) made.adapter = &adapter;
        const auto* ticket = std::get_if<config::EmailTicketSettings>(&adapter.details);
        if (ticket != nullptr && ticket->template_name == domain::name_of(order.supplier)) {
            made.adapter = &adapter;
            break;
        }
    }
    if (made.adapter != nullptr) return made;
    made.configured = exists;
    made.why = exists ? "no adapter of type " + type + " does " + std::string(domain::name_of(kind))
                      : "no adapter of type " + type + " is configured";
    return made;
}

}  // namespace

Routing route(const domain::Order& order, domain::Kind kind, domain::Time at,
              const config::Settings& settings, const KnownSkills& skills) {
    Routing routing;
    std::string decided_by;
    for (const RouteRule& rule : settings.routes) {
        RuleExplanation told;
        told.name = rule.name;
        told.adapter = rule.adapter;
        told.valid_from = rule.valid_from;
        told.valid_until = rule.valid_until;
        told.why = mismatch(rule.match, order, kind);
        if (told.why.empty()) told.why = out_of_force(rule, at);
        if (told.why.empty()) {
            const Candidate candidate =
                rule.adapter ? named_adapter(*rule.adapter, order, kind, settings, skills)
                             : adapter_of_type(rule.adapter_type.value_or(""), order, kind,
                                               settings, skills);
            if (candidate.adapter == nullptr) {
                told.why = candidate.why;
                if (!candidate.configured && !routing.missing_adapter)
                    routing.missing_adapter = rule.adapter ? rule.adapter : rule.adapter_type;
            } else if (routing.adapter) {
                told.adapter = candidate.adapter->name;
                told.why = "would match, but rule " + decided_by + " comes first";
            } else {
                told.adapter = candidate.adapter->name;
                told.matched = true;
                told.why = matching_words(rule, order, kind);
                routing.adapter = candidate.adapter->name;
                routing.channel = rule.channel;
                decided_by = rule.name;
            }
        }
        routing.rules.push_back(std::move(told));
    }
    return routing;
}

}  // namespace cabroker::policy
