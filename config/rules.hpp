// Routing and brands as data: the dated rules and the catalogue that policy/ decides by.
#pragma once

#include <boost/json/fwd.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/order.hpp"
#include "domain/words.hpp"
#include "json/reader.hpp"

namespace cabroker::config {

/// What a rule asks of order and request. An empty list asks nothing; within a list any one
/// suffices.
struct RouteMatch {
    std::vector<domain::Brand> brands;
    std::vector<domain::Kind> kinds;
    std::vector<domain::Supplier> suppliers;
    /// Product names, compared case-blind; a trailing `*` stands for any rest.
    std::vector<std::string> products;
    std::vector<domain::OrderStatus> statuses;
    std::vector<std::string> accounts;
    /// Labels that the order must have, with these values.
    domain::Labels labels;
};

/// One ordered rule: the first that matches decides.
struct RouteRule {
    std::string name;
    RouteMatch match;
    /// The adapter by name, or by type: then the first configured one (in name order) of that type.
    /// One of the two.
    std::optional<std::string> adapter;
    std::optional<std::string> adapter_type;
    domain::Channel channel = domain::Channel::portal;
    /// In force from this instant (inclusive) until that one (exclusive); absent: without end.
    std::optional<domain::Time> valid_from;
    std::optional<domain::Time> valid_until;
};

/// Products of a brand that came to an end.
struct DiscontinuedLine {
    std::string name;
    /// Products of the line, as in RouteMatch::products; empty: all products of the brand.
    std::vector<std::string> products;
    domain::Time since{};
    std::string detail;
};

struct BrandEntry {
    domain::Brand brand = domain::Brand::digicert;
    domain::Supplier supplier = domain::Supplier::digicert;
    std::vector<std::string> product_lines;
    std::vector<DiscontinuedLine> discontinued;
};

/// Brand → what is published about it. Brands without an entry have supplier_of(brand) and nothing
/// discontinued.
using BrandCatalogue = std::map<domain::Brand, BrandEntry>;

/// When money comes back after a revoke: a dated rule. The last one whose `valid_from` has passed
/// holds.
struct RefundRule {
    enum class Start { issued, ordered };
    std::string name;
    std::optional<domain::Time> valid_from;
    domain::Duration window = std::chrono::hours(24 * 30);
    Start start = Start::issued;
    /// When to look whether the money came.
    domain::Duration billing_cycle = std::chrono::hours(24 * 31);
    struct Never {
        std::vector<domain::Brand> brands;
        std::vector<std::string> products;
    };
    /// Combinations of brand and product that are never refunded.
    std::vector<Never> never;
};

enum class LegacyReissue { warn, approve, block };

struct PolicySettings {
    LegacyReissue legacy_reissue = LegacyReissue::warn;
    std::vector<RefundRule> refunds;
};

[[nodiscard]] std::vector<RouteRule> decode_routes(const boost::json::value& value,
                                                   const std::string& pointer,
                                                   json::Problems& problems);
[[nodiscard]] BrandCatalogue decode_brands(const boost::json::value& value,
                                           const std::string& pointer, json::Problems& problems);
[[nodiscard]] PolicySettings decode_policy(const boost::json::value& value,
                                           const std::string& pointer, json::Problems& problems);

/// Case-blind; a trailing `*` in `pattern` stands for any rest.
[[nodiscard]] bool product_matches(std::string_view pattern, std::string_view product);

}  // namespace cabroker::config
