#include "transport/style_sheet.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "domain/ascii.hpp"

namespace cabroker::transport {
namespace {

using domain::lower;
using domain::trimmed;

constexpr std::size_t kMostSelectors = 2'000;

std::string without_comments(std::string_view css) {
    std::string out;
    while (true) {
        const std::size_t begin = css.find("/*");
        out += css.substr(0, begin);
        if (begin == std::string_view::npos) return out;
        const std::size_t end = css.find("*/", begin + 2);
        if (end == std::string_view::npos) return out;
        css.remove_prefix(end + 2);
    }
}

/// The value is a number below one (in whatever unit): nobody can read that.
bool is_tiny(const std::string& value) {
    char* end = nullptr;
    const double number = std::strtod(value.c_str(), &end);
    return end != value.c_str() && number < 1.0;
}

bool is_zero(const std::string& value) {
    char* end = nullptr;
    const double number = std::strtod(value.c_str(), &end);
    return end != value.c_str() && number <= 0.05;
}

bool one_hides(const StyleDeclaration& style) {
    const std::string& name = style.name;
    const std::string& value = style.value;
    if (name == "display") return value.starts_with("none");
    if (name == "visibility") return value.starts_with("hidden") || value.starts_with("collapse");
    if (name == "mso-hide") return value.starts_with("all");
    // 0.9em can be read, 0.9px cannot; what is meant to be read is not written so.
    if (name == "font-size") return is_tiny(value) && value.find("em") == std::string::npos;
    if (name == "font") return value.starts_with("0") || value.find(" 0") != std::string::npos;
    if (name == "opacity") return is_zero(value);
    constexpr std::array<std::string_view, 5> kSizes{"max-height", "max-width", "height", "width",
                                                     "line-height"};
    if (std::find(kSizes.begin(), kSizes.end(), name) != kSizes.end()) return is_zero(value);
    constexpr std::array<std::string_view, 6> kPlaces{"text-indent", "left",        "top",
                                                      "right",       "margin-left", "margin-top"};
    if (std::find(kPlaces.begin(), kPlaces.end(), name) != kPlaces.end()) {
        return value.size() > 4 && value.starts_with('-');
    }
    if (name == "color") return value.starts_with("transparent");
    return name == "clip" || name == "clip-path" ||
           (name == "transform" && value.find("scale(0") != std::string::npos);
}

}  // namespace

std::vector<StyleDeclaration> style_declarations(std::string_view style) {
    std::vector<StyleDeclaration> out;
    const std::string text = lower(without_comments(style));
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(';'), rest.size());
        const std::string_view one = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const std::size_t colon = one.find(':');
        if (colon == std::string_view::npos) continue;
        out.push_back(StyleDeclaration{std::string(trimmed(one.substr(0, colon))),
                                       std::string(trimmed(one.substr(colon + 1)))});
    }
    return out;
}

bool hides(std::string_view style) {
    // Escapes are for those who have something to hide.
    if (style.find('\\') != std::string_view::npos) return true;
    const std::vector<StyleDeclaration> all = style_declarations(style);
    return std::any_of(all.begin(), all.end(), one_hides);
}

std::string colour_of(std::string_view value) {
    const std::string_view word = trimmed(value);
    std::string name = lower(word.substr(0, word.find_first_of(" !;")));
    if (name == "white") return "#ffffff";
    if (name == "black") return "#000000";
    if (name.size() == 4 && name.front() == '#') {
        return {'#', name[1], name[1], name[2], name[2], name[3], name[3]};
    }
    return name;
}

void HidingRules::add(std::string_view selector) {
    std::string_view last = trimmed(selector);
    const std::size_t gap = last.find_last_of(" \t\r\n>+~");
    if (gap != std::string_view::npos) last.remove_prefix(gap + 1);
    last = last.substr(0, last.find(':'));
    if (last.empty() || selectors_.size() >= kMostSelectors) return;
    Selector made;
    std::size_t at = 0;
    while (at < last.size()) {
        const std::size_t end = std::min(last.find_first_of(".#[", at + 1), last.size());
        const std::string part(last.substr(at, end - at));
        if (part.front() == '.') {
            made.classes.push_back(part.substr(1));
        } else if (part.front() == '#') {
            made.id = part.substr(1);
        } else if (part.front() != '[' && part != "*") {
            made.element = lower(part);
        }
        at = end;
    }
    selectors_.push_back(std::move(made));
}

void HidingRules::read(std::string_view css) {
    const std::string text = without_comments(css);
    std::string_view rest = text;
    while (true) {
        const std::size_t open = rest.find('{');
        if (open == std::string_view::npos) return;
        std::string_view prelude = rest.substr(0, open);
        const std::size_t before = prelude.find_last_of("};");
        if (before != std::string_view::npos) prelude.remove_prefix(before + 1);
        rest.remove_prefix(open + 1);
        // Inside @media the rules count as if they were outside: hidden somewhere is hidden.
        if (trimmed(prelude).starts_with('@')) continue;
        const std::size_t close = std::min(rest.find('}'), rest.size());
        if (hides(rest.substr(0, close))) {
            std::size_t at = 0;
            while (at <= prelude.size()) {
                const std::size_t comma = std::min(prelude.find(',', at), prelude.size());
                add(prelude.substr(at, comma - at));
                at = comma + 1;
            }
        }
        rest.remove_prefix(close);
    }
}

bool HidingRules::hide(std::string_view element, std::string_view classes,
                       std::string_view id) const {
    const std::string all = " " + std::string(classes) + " ";
    return std::any_of(selectors_.begin(), selectors_.end(), [&](const Selector& one) {
        if (!one.element.empty() && one.element != element) return false;
        if (!one.id.empty() && one.id != id) return false;
        return std::all_of(one.classes.begin(), one.classes.end(), [&](const std::string& name) {
            return all.find(" " + name + " ") != std::string::npos;
        });
    });
}

}  // namespace cabroker::transport
