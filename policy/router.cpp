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

/// What of a request a rule is not meant for.
enum class Aspect { kind, brand, supplier, status, product, account, label };

// An empty list asks nothing.
template <class T>
bool allows(const std::vector<T>& wanted, const T& value) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool allows_product(const RouteMatch& match, const std::optional<std::string>& product) {
    if (match.products.empty()) return true;
    return product && std::any_of(match.products.begin(), match.products.end(),
                                  [&](const std::string& pattern) {
                                      return config::product_matches(pattern, *product);
                                  });
}

bool allows_account(const RouteMatch& match, const std::optional<std::string>& account) {
    return match.accounts.empty() || (account && allows(match.accounts, *account));
}

// The first label that the rule wants and the order has not, as name=value; or nothing.
std::string missing_label(const RouteMatch& match, const domain::Labels& labels) {
    for (const auto& [name, value] : match.labels) {
        const auto found = labels.find(name);
        if (found == labels.end() || found->second != value) return name + "=" + value;
    }
    return {};
}

std::optional<Aspect> misfit(const RouteMatch& match, const domain::Order& order,
                             domain::Kind kind) {
    if (!allows(match.kinds, kind)) return Aspect::kind;
    if (!allows(match.brands, order.brand)) return Aspect::brand;
    if (!allows(match.suppliers, order.supplier)) return Aspect::supplier;
    if (!allows(match.statuses, order.status)) return Aspect::status;
    if (!allows_product(match, order.product)) return Aspect::product;
    if (!allows_account(match, order.account)) return Aspect::account;
    if (!missing_label(match, order.labels).empty()) return Aspect::label;
    return std::nullopt;
}

template <class Enum>
std::string unlike(std::string_view what, const std::vector<Enum>& wanted, Enum value) {
    return std::string(what) + " is " + std::string(domain::name_of(value)) + ", the rule is for " +
           list_of(wanted);
}

std::string words_of(Aspect aspect, const RouteMatch& match, const domain::Order& order,
                     domain::Kind kind) {
    switch (aspect) {
        case Aspect::kind:
            return unlike("kind", match.kinds, kind);
        case Aspect::brand:
            return unlike("brand", match.brands, order.brand);
        case Aspect::supplier:
            return unlike("supplier", match.suppliers, order.supplier);
        case Aspect::status:
            return unlike("status", match.statuses, order.status);
        case Aspect::product:
            return (order.product ? "product is " + *order.product
                                  : std::string("the order's product is not known")) +
                   ", the rule is for " + list_of(match.products);
        case Aspect::account:
            return "the order's account is not one of " + list_of(match.accounts);
        case Aspect::label:
            break;
    }
    return "the order has no label " + missing_label(match, order.labels);
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
              const config::Settings& settings, const KnownSkills& skills, Explain explain) {
    Routing routing;
    std::string decided_by;
    for (const RouteRule& rule : settings.routes) {
        if (routing.adapter && explain == Explain::nothing) break;
        const std::optional<Aspect> aspect = misfit(rule.match, order, kind);
        if (aspect && explain == Explain::nothing) continue;
        RuleExplanation told;
        told.name = rule.name;
        told.adapter = rule.adapter;
        told.valid_from = rule.valid_from;
        told.valid_until = rule.valid_until;
        told.why = aspect ? words_of(*aspect, rule.match, order, kind) : out_of_force(rule, at);
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
        if (explain == Explain::every_rule) routing.rules.push_back(std::move(told));
    }
    return routing;
}

}  // namespace cabroker::policy
