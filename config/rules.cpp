#include "config/rules.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <set>

#include "config/decode_tools.hpp"

namespace cabroker::config {
namespace {

namespace bj = boost::json;
using json::ObjectReader;
using json::Problems;

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

std::vector<std::string> lines_or_none(ObjectReader& reader, std::string_view key) {
    return reader.lines(key).value_or(std::vector<std::string>());
}

RouteMatch decode_match(const bj::value& value, const std::string& pointer, Problems& problems) {
    RouteMatch match;
    ObjectReader reader(value, pointer, problems);
    match.brands = word_list(reader, "brand", problems, domain::parse_brand,
                             domain::list_of_words<domain::Brand>());
    match.kinds = word_list(reader, "kind", problems, domain::parse<domain::Kind>,
                            domain::list_of_words<domain::Kind>());
    match.suppliers = word_list(reader, "supplier", problems, domain::parse<domain::Supplier>,
                                domain::list_of_words<domain::Supplier>());
    match.statuses = word_list(reader, "status", problems, domain::parse<domain::OrderStatus>,
                               domain::list_of_words<domain::OrderStatus>());
    match.products = lines_or_none(reader, "product");
    match.accounts = lines_or_none(reader, "account");
    if (auto labels = reader.string_map("label")) match.labels = std::move(*labels);
    reader.finish();
    return match;
}

domain::Channel usual_channel(std::string_view adapter_type) {
    if (adapter_type == "email_ticket") return domain::Channel::mail;
    if (adapter_type == "webform_ticket") return domain::Channel::webform;
    if (adapter_type == "human" || adapter_type == "trust_center") return domain::Channel::human;
    if (adapter_type == "opensrs") return domain::Channel::api;
    if (adapter_type == "program") return domain::Channel::program;
    return domain::Channel::portal;
}

void check_dates(const RouteRule& rule, ObjectReader& reader) {
    if (rule.valid_from && rule.valid_until && *rule.valid_until <= *rule.valid_from)
        reader.complain("valid_until", "out_of_range",
                        "must be later than valid_from; the rule is never in force");
}

RouteRule decode_rule(const bj::value& value, const std::string& pointer, Problems& problems) {
    RouteRule rule;
    ObjectReader reader(value, pointer, problems);
    if (reader.require("name")) rule.name = reader.line("name", 128).value_or("");
    if (const bj::value* match = reader.member("match")) {
        rule.match = decode_match(*match, reader.at("match"), problems);
    }
    rule.adapter = reader.line("adapter", 64);
    rule.adapter_type = reader.line("adapter_type", 64);
    if (reader.has("adapter") == reader.has("adapter_type"))
        reader.complain(reader.has("adapter") ? "adapter_type" : "adapter", "required",
                        "give one of adapter and adapter_type");
    rule.channel = usual_channel(rule.adapter_type.value_or(""));
    const auto channel = reader.word("channel", domain::parse<domain::Channel>,
                                     domain::list_of_words<domain::Channel>());
    if (channel) rule.channel = *channel;
    if (!reader.has("channel") && rule.adapter) reader.require("channel");
    rule.valid_from = reader.time("valid_from");
    rule.valid_until = reader.time("valid_until");
    check_dates(rule, reader);
    reader.finish();
    return rule;
}

DiscontinuedLine decode_discontinued(const bj::value& value, const std::string& pointer,
                                     Problems& problems) {
    DiscontinuedLine line;
    ObjectReader reader(value, pointer, problems);
    if (reader.require("name")) line.name = reader.line("name", 128).value_or("");
    line.products = lines_or_none(reader, "products");
    if (reader.require("since")) line.since = reader.time("since").value_or(domain::Time{});
    line.detail = reader.line("detail").value_or("");
    reader.finish();
    return line;
}

BrandEntry decode_brand(domain::Brand brand, const bj::value& value, const std::string& pointer,
                        Problems& problems) {
    BrandEntry entry;
    entry.brand = brand;
    entry.supplier = domain::supplier_of(brand);
    ObjectReader reader(value, pointer, problems);
    const auto supplier = reader.word("supplier", domain::parse<domain::Supplier>,
                                      domain::list_of_words<domain::Supplier>());
    if (supplier) entry.supplier = *supplier;
    entry.product_lines = lines_or_none(reader, "product_lines");
    if (const bj::value* lines = reader.member("discontinued")) {
        for_each_entry(*lines, reader.at("discontinued"), 100, problems,
                       [&](const bj::value& line, const std::string& where) {
                           entry.discontinued.push_back(decode_discontinued(line, where, problems));
                       });
    }
    reader.finish();
    return entry;
}

RefundRule decode_refund(const bj::value& value, const std::string& pointer, Problems& problems) {
    RefundRule rule;
    ObjectReader reader(value, pointer, problems);
    if (reader.require("name")) rule.name = reader.line("name", 128).value_or("");
    rule.valid_from = reader.time("valid_from");
    rule.window = reader.duration("window").value_or(rule.window);
    rule.billing_cycle = reader.duration("billing_cycle").value_or(rule.billing_cycle);
    const auto start = reader.word(
        "start",
        [](std::string_view word) -> std::optional<RefundRule::Start> {
            if (word == "issued") return RefundRule::Start::issued;
            if (word == "ordered") return RefundRule::Start::ordered;
            return std::nullopt;
        },
        "issued, ordered");
    if (start) rule.start = *start;
    if (const bj::value* never = reader.member("never")) {
        for_each_entry(*never, reader.at("never"), 100, problems,
                       [&](const bj::value& entry, const std::string& where) {
                           RefundRule::Never exclusion;
                           ObjectReader inner(entry, where, problems);
                           exclusion.brands =
                               word_list(inner, "brand", problems, domain::parse_brand,
                                         domain::list_of_words<domain::Brand>());
                           exclusion.products = lines_or_none(inner, "product");
                           inner.finish();
                           rule.never.push_back(std::move(exclusion));
                       });
    }
    reader.finish();
    return rule;
}

}  // namespace

std::vector<RouteRule> decode_routes(const bj::value& value, const std::string& pointer,
                                     Problems& problems) {
    std::vector<RouteRule> rules;
    std::set<std::string> names;
    for_each_entry(value, pointer, 1000, problems,
                   [&](const bj::value& entry, const std::string& where) {
                       RouteRule rule = decode_rule(entry, where, problems);
                       if (!rule.name.empty() && !names.insert(rule.name).second)
                           problems.emplace_back(where + "/name", "bad_format",
                                                 "a rule before has this name already");
                       rules.push_back(std::move(rule));
                   });
    return rules;
}

BrandCatalogue decode_brands(const bj::value& value, const std::string& pointer,
                             Problems& problems) {
    BrandCatalogue catalogue;
    if (!value.is_object()) {
        problems.emplace_back(pointer, "wrong_type", "must be a map of brands");
        return catalogue;
    }
    for (const auto& member : value.get_object()) {
        const std::string name(member.key().data(), member.key().size());
        const std::string where = pointer + "/" + json::pointer_segment(name);
        const std::optional<domain::Brand> brand = domain::parse<domain::Brand>(name);
        if (!brand) {
            problems.emplace_back(where, "unknown_field",
                                  "brands are: " + domain::list_of_words<domain::Brand>());
            continue;
        }
        catalogue.emplace(*brand, decode_brand(*brand, member.value(), where, problems));
    }
    return catalogue;
}

PolicySettings decode_policy(const bj::value& value, const std::string& pointer,
                             Problems& problems) {
    PolicySettings policy;
    ObjectReader reader(value, pointer, problems);
    const auto legacy = reader.word(
        "legacy_reissue",
        [](std::string_view word) -> std::optional<LegacyReissue> {
            if (word == "warn") return LegacyReissue::warn;
            if (word == "approve") return LegacyReissue::approve;
            if (word == "block") return LegacyReissue::block;
            return std::nullopt;
        },
        "warn, approve, block");
    if (legacy) policy.legacy_reissue = *legacy;
    if (const bj::value* refunds = reader.member("refunds")) {
        for_each_entry(*refunds, reader.at("refunds"), 100, problems,
                       [&](const bj::value& rule, const std::string& where) {
                           policy.refunds.push_back(decode_refund(rule, where, problems));
                       });
    }
    reader.finish();
    return policy;
}

bool product_matches(std::string_view pattern, std::string_view product) {
    const bool open_end = pattern.ends_with('*');
    if (open_end) pattern.remove_suffix(1);
    if (open_end ? product.size() < pattern.size() : product.size() != pattern.size()) return false;
    return std::equal(pattern.begin(), pattern.end(), product.begin(),
                      [](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace cabroker::config
