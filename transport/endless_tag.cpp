#include "transport/endless_tag.hpp"

#include <algorithm>
#include <string>

#include "domain/ascii.hpp"

namespace cabroker::transport {
namespace {

constexpr std::size_t kMostAttributes = 256;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }

// Passes by one attribute, or what stands where one should, as libxml2 reads it.
std::size_t after_attribute(std::string_view text, std::size_t at) {
    const std::size_t begin = at;
    while (at < text.size() && !is_blank(text[at]) && text[at] != '=' && text[at] != '>') ++at;
    std::size_t value = at;
    while (value < text.size() && is_blank(text[value])) ++value;
    if (value == text.size() || text[value] != '=') return std::max(at, begin + 1);
    ++value;
    while (value < text.size() && is_blank(text[value])) ++value;
    if (value == text.size()) return value;
    const char quote = text[value];
    if (quote == '"' || quote == '\'') {
        const std::size_t end = text.find(quote, value + 1);
        return end == std::string_view::npos ? text.size() : end + 1;
    }
    while (value < text.size() && !is_blank(text[value]) && text[value] != '>') ++value;
    return value;
}

bool begins_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

// What stands in a script or a style sheet is no markup until its own end tag.
std::size_t after_raw_text(std::string_view html, std::string_view tag, std::size_t at) {
    const std::string name = domain::lower(tag.substr(0, 7));
    if (name != "script" && name != "style") return at;
    while ((at = html.find("</", at)) != std::string_view::npos) {
        if (domain::lower(html.substr(at + 2, name.size())) == name) return at;
        at += 2;
    }
    return html.size();
}

}  // namespace

bool has_endless_tag(std::string_view html) {
    std::size_t at = html.find('<');
    while (at < html.size()) {
        const std::size_t name = ++at;
        if (at == html.size() || !begins_name(html[at])) {
            at = html.find('<', at);
            continue;
        }
        while (at < html.size() && !is_blank(html[at]) && html[at] != '>') ++at;
        const std::string_view tag = html.substr(name, at - name);
        std::size_t attributes = 0;
        while (at < html.size() && html[at] != '>') {
            if (is_blank(html[at])) {
                ++at;
                continue;
            }
            if (++attributes > kMostAttributes) return true;
            at = after_attribute(html, at);
        }
        at = after_raw_text(html, tag, at);
        at = html.find('<', at);
    }
    return false;
}

}  // namespace cabroker::transport
