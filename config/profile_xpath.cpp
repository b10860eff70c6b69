// The XPath of a profile, as far as it can be judged by its text. Whether an expression can be
// evaluated, cabroker-adapters knows, which has the library for it.
#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "config/profile_decode.hpp"

namespace cabroker::config {
namespace {

namespace bj = boost::json;
using json::Problems;

/// XPath 1.0: its functions, its node tests, and the operators that a bracket may follow.
constexpr std::array<std::string_view, 34> kBeforeBracket{"last",
                                                          "position",
                                                          "count",
                                                          "id",
                                                          "local-name",
                                                          "namespace-uri",
                                                          "name",
                                                          "string",
                                                          "concat",
                                                          "starts-with",
                                                          "contains",
                                                          "substring-before",
                                                          "substring-after",
                                                          "substring",
                                                          "string-length",
                                                          "normalize-space",
                                                          "translate",
                                                          "boolean",
                                                          "not",
                                                          "true",
                                                          "false",
                                                          "lang",
                                                          "number",
                                                          "sum",
                                                          "floor",
                                                          "ceiling",
                                                          "round",
                                                          "comment",
                                                          "text",
                                                          "processing-instruction",
                                                          "node",
                                                          "and",
                                                          "or",
                                                          "div"};

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

/// The expression with blanks in place of what is quoted.
std::string without_quoted(const std::string& xpath) {
    std::string out = xpath;
    char quote = 0;
    for (char& c : out) {
        const bool ends = quote != 0 && c == quote;
        if (quote == 0 && (c == '\'' || c == '"')) {
            quote = c;
        } else if (quote != 0) {
            c = ' ';
        }
        if (ends) quote = 0;
    }
    return out;
}

std::string name_before(const std::string& text, std::size_t end) {
    while (end > 0 && text[end - 1] == ' ') --end;
    std::size_t begin = end;
    while (begin > 0 && is_name(text[begin - 1])) --begin;
    return text.substr(begin, end - begin);
}

/// What the expression asks for and a page never has; empty: nothing.
std::string unknown_in(const std::string& xpath) {
    const std::string text = without_quoted(xpath);
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '$') return "the XPath names a variable: there are none";
        if (text[at] == ':' && at + 1 < text.size() && text[at + 1] == ':') {
            ++at;
        } else if (text[at] == ':') {
            return "the XPath names a prefix: a page's elements have none";
        } else if (text[at] == '(') {
            const std::string name = name_before(text, at);
            const bool known = name.empty() || name == "mod" ||
                               std::find(kBeforeBracket.begin(), kBeforeBracket.end(), name) !=
                                   kBeforeBracket.end();
            if (!known) return "XPath 1.0 has no function `" + name + "`";
        }
    }
    return {};
}

/// What stands under `key`, when that is a text.
void take(const bj::object& from, std::string_view key, const std::string& pointer,
          std::vector<ProfileXPath>& into) {
    const bj::value* found = from.if_contains(key);
    if (found == nullptr || !found->is_string()) return;
    into.push_back({pointer + "/" + std::string(key), std::string(found->get_string())});
}

void take_entries(const bj::object& from, std::string_view key, std::string_view member,
                  const std::string& pointer, std::vector<ProfileXPath>& into) {
    const bj::value* list = from.if_contains(key);
    if (list == nullptr || !list->is_array()) return;
    std::size_t index = 0;
    for (const bj::value& entry : list->get_array()) {
        const std::string at = pointer + "/" + std::string(key) + "/" + std::to_string(index++);
        if (entry.is_object()) take(entry.get_object(), member, at, into);
    }
}

void take_extractions(const bj::object& step, const std::string& pointer,
                      std::vector<ProfileXPath>& into) {
    const bj::value* extract = step.if_contains("extract");
    if (extract == nullptr || !extract->is_object()) return;
    for (const auto& entry : extract->get_object()) {
        const std::string name(entry.key());
        const std::string at = pointer + "/extract";
        if (entry.value().is_string()) take(extract->get_object(), name, at, into);
        if (entry.value().is_object()) {
            take(entry.value().get_object(), "xpath", at + "/" + json::pointer_segment(name), into);
        }
    }
}

}  // namespace

void check_xpath(const std::string& xpath, const std::string& pointer, Problems& problems) {
    std::string open;
    char quote = 0;
    for (const char c : xpath) {
        if (quote != 0) {
            if (c == quote) quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '(' || c == '[') {
            open += c;
        } else if (c == ')' || c == ']') {
            if (open.empty() || open.back() != (c == ')' ? '(' : '[')) {
                problems.emplace_back(pointer, "bad_format",
                                      std::string("the XPath has a `") + c + "` too many");
                return;
            }
            open.pop_back();
        }
    }
    const std::string unknown = unknown_in(xpath);
    if (quote != 0) {
        problems.emplace_back(pointer, "bad_format", "the XPath has a quote that does not end");
    } else if (!open.empty()) {
        problems.emplace_back(pointer, "bad_format",
                              "the XPath has a `" + open + "` that is not closed");
    } else if (!unknown.empty()) {
        problems.emplace_back(pointer, "bad_format", unknown);
    }
    if (xpath.empty()) problems.emplace_back(pointer, "bad_format", "the XPath is empty");
}

std::vector<ProfileXPath> xpaths_of(const bj::value& profile) {
    std::vector<ProfileXPath> found;
    if (!profile.is_object()) return found;
    const bj::object& all = profile.get_object();
    const bj::value* pages = all.if_contains("pages");
    if (pages != nullptr && pages->is_object()) {
        for (const auto& page : pages->get_object()) {
            const std::string at = "/pages/" + json::pointer_segment(std::string(page.key()));
            if (page.value().is_object()) take(page.value().get_object(), "xpath", at, found);
        }
    }
    take_entries(all, "errors", "detail", "", found);
    const bj::value* operations = all.if_contains("operations");
    if (operations == nullptr || !operations->is_object()) return found;
    for (const auto& operation : operations->get_object()) {
        if (!operation.value().is_array()) continue;
        std::size_t index = 0;
        for (const bj::value& step : operation.value().get_array()) {
            const std::string at =
                "/operations/" + std::string(operation.key()) + "/" + std::to_string(index++);
            if (!step.is_object()) continue;
            for (const std::string_view key : {"form", "link", "button"}) {
                take(step.get_object(), key, at, found);
            }
            take_entries(step.get_object(), "expect", "detail", at, found);
            take_extractions(step.get_object(), at, found);
        }
    }
    return found;
}

}  // namespace cabroker::config
