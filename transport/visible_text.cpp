#include "transport/visible_text.hpp"

#include <algorithm>
#include <array>

#include "domain/ascii.hpp"
#include "transport/page_tree.hpp"
#include "transport/style_sheet.hpp"

namespace cabroker::transport {
namespace {

using domain::lower;
using domain::trimmed;

constexpr std::size_t kMostHtml = 2UL * 1024 * 1024;

template <std::size_t N>
bool is_one_of(const xmlNode* node, const std::array<std::string_view, N>& names) {
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view name) { return is_element(node, name); });
}

bool holds_no_text(const xmlNode* node) {
    constexpr std::array<std::string_view, 14> kNames{
        "script", "style", "template", "noscript", "iframe",   "head",  "title",
        "object", "svg",   "math",     "select",   "textarea", "audio", "video"};
    return is_one_of(node, kNames);
}

bool ends_a_line(const xmlNode* node) {
    constexpr std::array<std::string_view, 18> kNames{"p",  "div", "br", "tr", "table", "li",
                                                      "ul", "ol",  "h1", "h2", "h3",    "h4",
                                                      "h5", "h6",  "hr", "dt", "dd",    "pre"};
    return is_one_of(node, kNames);
}

/// As the common mail programs mark the mail that is answered.
bool is_quotation(xmlNode* node) {
    if (is_element(node, "blockquote")) return true;
    const std::string marks = lower(attribute_of(node, "class") + " " + attribute_of(node, "id"));
    constexpr std::array<std::string_view, 6> kMarks{"gmail_quote",  "yahoo_quoted",
                                                     "moz-cite",     "divrplyfwdmsg",
                                                     "appendonsend", "protonmail_quote"};
    return std::any_of(kMarks.begin(), kMarks.end(), [&](std::string_view mark) {
        return marks.find(mark) != std::string::npos;
    });
}

/// Text is told by colour from its ground.
struct Paint {
    std::string ink = "#000000";
    std::string ground = "#ffffff";
};

Paint paint_of(xmlNode* node, Paint paint) {
    if (has_attribute(node, "bgcolor")) paint.ground = colour_of(attribute_of(node, "bgcolor"));
    if (is_element(node, "font") && has_attribute(node, "color"))
        paint.ink = colour_of(attribute_of(node, "color"));
    for (const StyleDeclaration& style : style_declarations(attribute_of(node, "style"))) {
        if (style.name == "color") paint.ink = colour_of(style.value);
        if (style.name == "background-color" || style.name == "background")
            paint.ground = colour_of(style.value);
    }
    return paint;
}

class Walk {
  public:
    explicit Walk(const Work& work) : work_(work) {}

    void read_styles(xmlNode* node) {
        for (xmlNode* child = node->children; child != nullptr; child = child->next) {
            if (is_element(child, "style")) {
                rules_.read(content_of(child));
            } else if (child->type == XML_ELEMENT_NODE) {
                read_styles(child);
            }
        }
    }

    /// Rules times elements may be many: it ends when it has worked too long.
    void visit(xmlNode* node, const Paint& paint) {
        for (xmlNode* child = node->children; child != nullptr; child = child->next) {
            if (work_.too_long()) return;
            const bool words =
                child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE;
            if (words && paint.ink != paint.ground) add(content_of(child));
            if (child->type == XML_ELEMENT_NODE) enter(child, paint);
        }
    }

    std::string text;

  private:
    void enter(xmlNode* node, const Paint& paint) {
        if (holds_no_text(node) || is_quotation(node) || is_hidden(node)) return;
        const bool line = ends_a_line(node);
        if (line) end_line();
        visit(node, paint_of(node, paint));
        if (line) end_line();
        if (is_element(node, "td") || is_element(node, "th")) text += ' ';
    }

    bool is_hidden(xmlNode* node) const {
        if (has_attribute(node, "hidden")) return true;
        if (hides(attribute_of(node, "style"))) return true;
        const std::string name = lower(reinterpret_cast<const char*>(node->name));
        return rules_.hide(name, attribute_of(node, "class"), attribute_of(node, "id"));
    }

    /// Line ends in the markup are blanks to a reader.
    void add(std::string words) {
        for (char& c : words) {
            if (c == '\n' || c == '\r' || c == '\t') c = ' ';
        }
        text += words;
    }
    void end_line() {
        if (!text.empty() && text.back() != '\n') text += '\n';
    }

    const Work& work_;
    HidingRules rules_;
};

bool begins_older_mail(std::string_view line) {
    const std::string text = lower(std::string(line));
    constexpr std::array<std::string_view, 4> kMarks{"-----original message", "---- original",
                                                     "----- forwarded", "---------- forwarded"};
    const bool marked = std::any_of(kMarks.begin(), kMarks.end(),
                                    [&](std::string_view mark) { return text.starts_with(mark); });
    return marked || text.starts_with("________________________________") ||
           (text.starts_with("on ") && text.ends_with("wrote:"));
}

}  // namespace

std::string own_words(std::string_view plain) {
    std::string out;
    while (!plain.empty()) {
        const std::size_t end = std::min(plain.find('\n'), plain.size());
        const std::string_view line = trimmed(plain.substr(0, end));
        plain.remove_prefix(std::min(end + 1, plain.size()));
        if (line.starts_with('>') || line.starts_with('|')) continue;
        if (begins_older_mail(line)) break;
        out += line;
        out += '\n';
    }
    return out;
}

std::string visible_text(std::string_view html) {
    if (html.size() > kMostHtml) return {};
    WorkBudget budget;
    const XmlDoc doc = parse_html(html, "UTF-8", budget);
    xmlNode* const root = doc ? xmlDocGetRootElement(doc.get()) : nullptr;
    if (root == nullptr) return {};
    const Work work(budget);
    Walk walk(work);
    walk.read_styles(root);
    walk.visit(root, Paint());
    if (work.too_long()) return {};
    return own_words(walk.text);
}

}  // namespace cabroker::transport
