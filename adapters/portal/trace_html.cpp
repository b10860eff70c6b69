// HTML as a trace shows it. It is walked as text, not as a tree, so that what a broken page really
// looks like stays visible.
#include <algorithm>
#include <array>

#include "adapters/portal/redaction.hpp"
#include "adapters/portal/trace_body.hpp"
#include "domain/ascii.hpp"

namespace cabroker::adapters::portal {

namespace {

constexpr std::string_view kLeftOut = "[...]";

bool html_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

bool same_word(std::string_view one, std::string_view other) {
    return one.size() == other.size() && domain::lower(one) == domain::lower(other);
}

/// One tag: `<name attributes>`.
struct HtmlTag {
    std::string_view whole;
    std::string_view name;  ///< with the slash of an end tag
    /// Each with its value, without quotes; views of `whole`.
    std::vector<std::pair<std::string_view, std::string_view>> attributes;
};

void read_value(std::string_view whole, std::size_t& at, std::string_view& value) {
    while (at < whole.size() && html_blank(whole[at])) ++at;
    if (at >= whole.size()) return;
    const char quote = whole[at];
    if (quote == '"' || quote == '\'') {
        const std::size_t end = std::min(whole.find(quote, at + 1), whole.size());
        value = whole.substr(at + 1, end - at - 1);
        at = std::min(end + 1, whole.size());
        return;
    }
    const std::size_t begin = at;
    while (at < whole.size() && !html_blank(whole[at]) && whole[at] != '>') ++at;
    value = whole.substr(begin, at - begin);
}

/// The tag that begins at `from`, where a `<` stands; it ends at the `>` outside of quotes.
HtmlTag tag_at(std::string_view html, std::size_t from) {
    HtmlTag tag;
    std::size_t at = from + 1;
    while (at < html.size() && !html_blank(html[at]) && html[at] != '>') ++at;
    tag.name = html.substr(from + 1, at - from - 1);
    while (at < html.size() && html[at] != '>') {
        if (html_blank(html[at]) || html[at] == '/') {
            ++at;
            continue;
        }
        const std::size_t begin = at;
        while (at < html.size() && !html_blank(html[at]) && html[at] != '=' && html[at] != '>')
            ++at;
        std::string_view name = html.substr(begin, at - begin);
        std::string_view value;
        std::size_t next = at;
        while (next < html.size() && html_blank(html[next])) ++next;
        if (next < html.size() && html[next] == '=') {
            at = next + 1;
            read_value(html, at, value);
        }
        if (at == begin) ++at;
        tag.attributes.emplace_back(name, value);
    }
    tag.whole = html.substr(from, std::min(at + 1, html.size()) - from);
    return tag;
}

std::string_view attribute_of(const HtmlTag& tag, std::string_view name) {
    for (const auto& [own, value] : tag.attributes) {
        if (same_word(own, name)) return value;
    }
    return {};
}

/// May people have typed it, or the portal hidden it there?
bool holds_data(const HtmlTag& tag, std::string_view name) {
    if (same_word(tag.name, "input") && same_word(name, "value")) {
        constexpr std::array<std::string_view, 5> kWords{"submit", "button", "reset", "radio",
                                                         "checkbox"};
        const std::string_view type = attribute_of(tag, "type");
        return std::none_of(kWords.begin(), kWords.end(),
                            [&](std::string_view word) { return same_word(type, word); });
    }
    if (same_word(tag.name, "meta") && same_word(name, "content")) {
        return !same_word(attribute_of(tag, "name"), "viewport") &&
               !same_word(attribute_of(tag, "name"), "generator") &&
               attribute_of(tag, "http-equiv").empty();
    }
    // Scripts in attributes, and data that scripts keep.
    return (name.size() > 2 && same_word(name.substr(0, 2), "on")) ||
           (name.size() > 5 && same_word(name.substr(0, 5), "data-"));
}

bool holds_url(std::string_view name) {
    return same_word(name, "href") || same_word(name, "action") || same_word(name, "src") ||
           same_word(name, "formaction");
}

std::string shown_tag(const HtmlTag& tag) {
    std::string out;
    std::size_t from = 0;
    for (const auto& [name, value] : tag.attributes) {
        const bool query = holds_url(name) && value.find('?') != std::string_view::npos;
        if (value.empty() || !(query || holds_data(tag, name))) continue;
        const auto at = static_cast<std::size_t>(value.data() - tag.whole.data());
        out += tag.whole.substr(from, at - from);
        out += query ? trace_url(value, {}) : std::string(kLeftOut);
        from = at + value.size();
    }
    out += tag.whole.substr(from);
    return out;
}

/// Where the content that starts at `from` ends: at `</name`.
std::size_t content_end(std::string_view html, std::size_t from, std::string_view name) {
    for (std::size_t at = from; (at = html.find("</", at)) != std::string_view::npos; ++at) {
        if (same_word(html.substr(at + 2, name.size()), name)) return at;
    }
    return html.size();
}

bool hides_content(std::string_view name) {
    return same_word(name, "script") || same_word(name, "style") || same_word(name, "textarea") ||
           same_word(name, "noscript") || same_word(name, "template");
}

std::string without_data(std::string_view html) {
    std::string out;
    std::size_t at = 0;
    while (at < html.size()) {
        const std::size_t open = std::min(html.find('<', at), html.size());
        out += html.substr(at, open - at);
        at = open;
        if (at >= html.size()) break;
        if (html.substr(at, 4) == "<!--") {
            const std::size_t end = html.find("-->", at + 4);
            out += "<!--[...]-->";
            at = end == std::string_view::npos ? html.size() : end + 3;
            continue;
        }
        const HtmlTag tag = tag_at(html, at);
        out += shown_tag(tag);
        at += tag.whole.size();
        if (!hides_content(tag.name)) continue;
        const std::size_t end = content_end(html, at, tag.name);
        if (end > at) out += kLeftOut;
        at = end;
    }
    return out;
}

}  // namespace

std::string trace_html(std::string_view html, const std::vector<std::string>& secrets) {
    // Secrets first: what is cut out of a tag may not hide a part of one.
    return trace_text(without_data(redact(html, secrets)), secrets);
}

}  // namespace cabroker::adapters::portal
