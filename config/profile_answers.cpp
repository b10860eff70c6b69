// What is done with an answer: expectations and extractions, and the notations in them.
#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "config/decode_tools.hpp"
#include "config/profile_decode.hpp"

namespace cabroker::config {
namespace {

namespace bj = boost::json;
using json::ObjectReader;
using json::Problems;

void read_source(ObjectReader& reader, Extraction& extraction, Problems& problems) {
    int sources = 0;
    if (const auto xpath = reader.line("xpath", 2048)) {
        ++sources;
        extraction.expression = *xpath;
        check_xpath(*xpath, reader.at("xpath"), problems);
    }
    if (const auto pointer = reader.line("json")) {
        ++sources;
        extraction.source = Extraction::Source::json_pointer;
        extraction.expression = *pointer;
        check_json_pointer(*pointer, reader.at("json"), problems);
    }
    if (const auto header = reader.line("header", 128)) {
        ++sources;
        extraction.source = Extraction::Source::header;
        extraction.expression = *header;
    }
    if (reader.boolean("url").value_or(false)) {
        ++sources;
        extraction.source = Extraction::Source::url;
    }
    if (reader.boolean("body").value_or(false)) {
        ++sources;
        extraction.source = Extraction::Source::body;
    }
    if (sources != 1)
        reader.complain("xpath", "required",
                        "give exactly one of xpath, json, header, url and body");
}

// Which elements of a list of objects count, and what is taken of each.
void read_elements(ObjectReader& reader, Extraction& extraction, Problems& problems) {
    if (const auto item = reader.line("item")) {
        extraction.item = *item;
        check_json_pointer(*item, reader.at("item"), problems);
    }
    if (const bj::value* where = reader.member("where")) {
        ObjectReader inner(*where, reader.at("where"), problems);
        if (inner.require("json")) extraction.where_pointer = inner.line("json").value_or("");
        if (!extraction.where_pointer.empty())
            check_json_pointer(extraction.where_pointer, inner.at("json"), problems);
        if (inner.require("equals")) extraction.where_equals = inner.line("equals").value_or("");
        inner.finish();
        if (extraction.item.empty())
            reader.complain("where", "bad_format", "goes with `item` only");
    }
    const bool list = extraction.all && extraction.source == Extraction::Source::json_pointer;
    if (!extraction.item.empty() && !list)
        reader.complain("item", "bad_format", "goes with `json` and `all` only");
}

}  // namespace

void check_json_pointer(const std::string& expression, const std::string& pointer,
                        Problems& problems) {
    bool good = expression.starts_with('/');
    for (std::size_t at = 0; at < expression.size(); ++at) {
        if (expression[at] != '~') continue;
        good = good && at + 1 < expression.size() &&
               (expression[at + 1] == '0' || expression[at + 1] == '1');
    }
    if (!good)
        problems.emplace_back(pointer, "bad_format",
                              "must be a JSON pointer such as /order/status");
}

namespace {

/// Rows that are counted and compared: the first alone would be taken for all.
bool is_rows(std::string_view name) {
    constexpr std::array<std::string_view, 9> kNames{
        "reissue_state",      "reissue_reason",    "reissue_serial",
        "reissue_note",       "revoke_state",      "revoke_reason",
        "certificate_serial", "certificate_state", "certificate_reason"};
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

Extraction decode_extraction(const std::string& name, const bj::value& value, const std::string& at,
                             Problems& problems) {
    Extraction extraction;
    extraction.name = name;
    std::string why;
    if (!TextTemplate::parse("{{" + name + "}}", why))
        problems.emplace_back(at, "bad_format",
                              "a variable's name is lower-case letters, digits and `_`");
    if (is_given_variable(name) && name != "common_name" && name != "serial" &&
        name != "supplier_order_id")
        problems.emplace_back(at, "bad_format",
                              "this variable is given already: choose another name");
    const auto rows_without_all = [&] {
        problems.emplace_back(at, "bad_format", "these are rows: say `all: true`");
    };
    if (value.is_string()) {
        if (is_rows(name)) rows_without_all();
        extraction.expression = std::string(value.get_string().data(), value.get_string().size());
        check_xpath(extraction.expression, at, problems);
        return extraction;
    }
    ObjectReader reader(value, at, problems);
    read_source(reader, extraction, problems);
    extraction.all = reader.boolean("all").value_or(false);
    if (is_rows(name) && !extraction.all) rows_without_all();
    extraction.required = reader.boolean("required").value_or(false);
    extraction.keep = reader.boolean("keep").value_or(false);
    extraction.after = reader.line("after").value_or("");
    extraction.before = reader.line("before").value_or("");
    read_elements(reader, extraction, problems);
    reader.finish();
    return extraction;
}

Expectation decode_expectation(const bj::value& value, const std::string& pointer,
                               const PortalProfile& profile, const std::vector<std::string>& steps,
                               std::size_t own, Problems& problems) {
    using Then = Expectation::Then;
    Expectation made;
    ObjectReader reader(value, pointer, problems);
    if (reader.require("page")) made.page = reader.line("page", 64).value_or("");
    if (!made.page.empty() && profile.page(made.page) == nullptr)
        reader.complain("page", "unknown_value", "`pages` has no page of this name");
    int ways = 0;
    if (const auto then = reader.line("then", 16)) {
        ++ways;
        made.then = *then == "done" ? Then::done : Then::next_step;
        if (*then != "done" && *then != "next")
            reader.complain("then", "unknown_value", "use one of: next, done");
    }
    if (const auto target = reader.line("skip_to", 64)) {
        ++ways;
        made.then = Then::skip_to;
        const auto found = std::find(steps.begin(), steps.end(), *target);
        made.step = static_cast<std::size_t>(found - steps.begin());
        if (found == steps.end() || made.step <= own)
            reader.complain("skip_to", "unknown_value", "must name a later step of this operation");
    }
    const auto outcome = reader.word("outcome", parse_page_outcome, page_outcome_words());
    if (outcome || reader.has("outcome")) {
        ++ways;
        made.then = Then::outcome;
        made.outcome = outcome.value_or(made.outcome);
    }
    if (const auto code = reader.line("rejected", 64)) {
        ++ways;
        made.then = Then::rejected;
        made.code = *code;
        if (code->find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos ||
            code->empty())
            reader.complain("rejected", "bad_format",
                            "a code is lower-case letters, digits and `_`");
    }
    if (ways > 1)
        problems.emplace_back(pointer, "bad_format",
                              "give one of then, skip_to, outcome and rejected");
    if (const auto detail = reader.line("detail", 2048)) {
        made.detail = *detail;
        check_xpath(*detail, reader.at("detail"), problems);
    }
    if (const auto detail = reader.line("detail_json")) {
        made.detail_pointer = *detail;
        check_json_pointer(*detail, reader.at("detail_json"), problems);
    }
    made.retry_after = reader.duration("retry_after");
    const bool stays_away =
        made.then == Then::outcome &&
        (made.outcome == PageOutcome::rate_limited || made.outcome == PageOutcome::maintenance);
    if (made.retry_after && !stays_away)
        reader.complain("retry_after", "bad_format",
                        "goes with `outcome: rate_limited` and `outcome: maintenance` only");
    reader.finish();
    if (ways == 0 && own + 1 == steps.size()) made.then = Then::done;
    return made;
}

}  // namespace cabroker::config
