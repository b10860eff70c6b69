#include "transport/page.hpp"

#include <libxml/encoding.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "domain/ascii.hpp"
#include "transport/page_tree.hpp"

namespace cabroker::transport {
namespace {

using domain::lower;

using domain::Error;
using domain::ErrorCode;
using domain::Result;

Error not_a_page(const std::string& why) {
    return {ErrorCode::bad_answer, "cannot read the page: " + why};
}

std::string charset_in(const std::string& content_type) {
    const std::size_t at = content_type.find("charset=");
    if (at == std::string::npos) return {};
    std::string name = content_type.substr(at + 8);
    if (!name.empty() && (name.front() == '"' || name.front() == '\'')) {
        return name.substr(1, name.find(name.front(), 1) - 1);
    }
    return name.substr(0, name.find_first_of(" ;\t\"'>/"));
}

bool is_utf8(const std::string& text) {
    return xmlCheckUTF8(reinterpret_cast<const unsigned char*>(text.c_str())) != 0;
}

// Where ASCII means something else, markup and secrets could be hidden from those who look at
// octets.
bool keeps_ascii(xmlCharEncodingHandler* handler) {
    const char* const plain = "<p id=\"x\" title='+a-&;,'>0123456789 AZaz</p>";
    const std::unique_ptr<xmlBuffer, decltype(&xmlBufferFree)> from(xmlBufferCreate(),
                                                                    &xmlBufferFree);
    const std::unique_ptr<xmlBuffer, decltype(&xmlBufferFree)> into(xmlBufferCreate(),
                                                                    &xmlBufferFree);
    if (!from || !into || xmlBufferCCat(from.get(), plain) != 0) return false;
    xmlCharEncInFunc(handler, into.get(), from.get());
    const auto* const read = reinterpret_cast<const char*>(xmlBufferContent(into.get()));
    return read != nullptr && std::string_view(read) == plain;
}

// In these an escape sequence changes what the octets behind it mean.
bool has_states(const std::string& charset) {
    return charset.find("2022") != std::string::npos || charset.find("utf-7") == 0 ||
           charset.find("utf7") == 0 || charset.starts_with("hz");
}

/// What the parser is told; empty when the page's own meta is to decide.
Result<std::string> charset_of(const std::string& body, const std::string& content_type) {
    if (body.starts_with("\xEF\xBB\xBF")) return std::string("utf-8");
    std::string name = charset_in(content_type);
    const bool from_header = !name.empty();
    if (!from_header) {
        // As browsers do: look for a meta within the first kilobyte.
        const std::string head = lower(std::string_view(body).substr(0, 1024));
        const std::size_t meta = head.find("<meta");
        if (meta != std::string::npos) name = charset_in(head.substr(meta));
    }
    if (name.empty()) return std::string(is_utf8(body) ? "utf-8" : "windows-1252");
    // WHATWG's encoding standard: these labels mean windows-1252.
    if (name == "iso-8859-1" || name == "latin1" || name == "us-ascii") name = "windows-1252";
    xmlCharEncodingHandler* const handler = xmlFindCharEncodingHandler(name.c_str());
    const bool good = handler != nullptr && keeps_ascii(handler) && !has_states(name);
    if (handler != nullptr) xmlCharEncCloseFunc(handler);
    if (!good) return not_a_page("its charset is unknown or refused");
    return name;
}

std::string text_of(const xmlXPathObject& object) {
    if (object.type == XPATH_BOOLEAN) return object.boolval != 0 ? "true" : "false";
    xmlChar* const text = object.type == XPATH_NUMBER ? xmlXPathCastNumberToString(object.floatval)
                                                      : xmlStrdup(object.stringval);
    const std::string out =
        text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
    xmlFree(text);
    return collapse(out);
}

Result<std::vector<std::string>> texts(Page::Tree& tree, xmlNode* from, const std::string& xpath) {
    const Result<XPathObject> object = evaluate(tree, from, xpath);
    if (!object) return object.error();
    std::vector<std::string> out;
    if ((*object)->type != XPATH_NODESET) {
        out.push_back(text_of(**object));
        return out;
    }
    const xmlNodeSet* const set = (*object)->nodesetval;
    const Work work(tree.budget);
    // Of elements within each other each has the text of those inside.
    std::size_t octets = 0;
    for (int i = 0; set != nullptr && i < set->nodeNr; ++i) {
        if (out.size() == Page::kMaxNodes || octets > 2 * Page::kMaxBytes || work.too_long()) {
            return Error(ErrorCode::limit_exceeded, "cannot read the page: too many matches");
        }
        out.push_back(collapse(content_of(set->nodeTab[i])));
        octets += out.back().size();
    }
    return out;
}

// `//*[@id='x']`: what it selects may stand once in a page.
bool selects_by_id(std::string_view xpath) {
    const std::size_t last = xpath.rfind('[');
    return last != std::string_view::npos && xpath.ends_with(']') &&
           xpath.substr(last).starts_with("[@id=") && xpath.find('|') == xpath.npos;
}

// The expression without the functions around it that take the first node's text.
std::string_view inner_of(std::string_view xpath) {
    for (const std::string_view function : {"normalize-space(", "string("}) {
        if (xpath.starts_with(function) && xpath.ends_with(')'))
            return inner_of(xpath.substr(function.size(), xpath.size() - function.size() - 1));
    }
    return xpath;
}

// Two elements of one id that say different things: neither is to be believed.
bool contradict(const std::vector<std::string>& found) {
    return std::any_of(found.begin(), found.end(),
                       [&](const std::string& text) { return text != found.front(); });
}

Result<std::optional<std::string>> first_text(Page::Tree& tree, xmlNode* from,
                                              const std::string& xpath) {
    const std::string inner(inner_of(xpath));
    const bool by_id = selects_by_id(inner);
    if (by_id && inner != xpath) {
        const Result<std::vector<std::string>> all = texts(tree, from, inner);
        if (!all) return all.error();
        if (contradict(*all)) return not_a_page("more than one element fits " + inner);
    }
    Result<std::vector<std::string>> found = texts(tree, from, xpath);
    if (!found) return found.error();
    if (by_id && contradict(*found)) return not_a_page("more than one element fits " + xpath);
    std::optional<std::string> first;
    if (!found->empty()) first = std::move(found->front());
    return first;
}

xmlNode* root_of(const Page::Tree& tree) { return xmlDocGetRootElement(tree.doc.get()); }

}  // namespace

Result<Page> Page::parse(std::string_view body, std::string_view content_type) {
    if (body.size() > kMaxBytes) {
        return Error(ErrorCode::limit_exceeded, "cannot read the page: it is too large");
    }
    const std::string type = lower(content_type);
    const bool html =
        type.empty() || type.starts_with("text/html") || type.starts_with("application/xhtml+xml");
    if (!html) return not_a_page("it is not HTML");
    std::string octets(body);
    for (char& c : octets) {
        // libxml2 takes a NUL for the end; nothing may hide behind one.
        if (c == '\0') c = ' ';
    }
    if (octets.find_first_not_of(" \t\r\n") == std::string::npos) return not_a_page("it is empty");
    const Result<std::string> charset = charset_of(octets, type);
    if (!charset) return charset.error();

    auto tree = std::make_shared<Tree>();
    tree->doc = parse_html(octets, charset->c_str(), tree->budget);
    if (tree->budget.spent() || !tree->doc) {
        return Error(ErrorCode::limit_exceeded, "cannot read the page: it takes too long");
    }
    if (root_of(*tree) == nullptr) return not_a_page("it is not HTML");
    take_hidden_away(root_of(*tree));
    return Page(std::move(tree));
}

Result<std::vector<std::string>> Page::all(const std::string& xpath) const {
    return texts(*tree_, root_of(*tree_), xpath);
}

Result<std::optional<std::string>> Page::first(const std::string& xpath) const {
    return first_text(*tree_, root_of(*tree_), xpath);
}

Result<bool> Page::holds(const std::string& xpath) const {
    const Result<XPathObject> object = evaluate(*tree_, root_of(*tree_), xpath);
    if (!object) return object.error();
    return xmlXPathCastToBoolean(object->get()) != 0;
}

Result<std::vector<PageNode>> Page::nodes(const std::string& xpath) const {
    const Result<XPathObject> object = evaluate(*tree_, root_of(*tree_), xpath);
    if (!object) return object.error();
    std::vector<PageNode> out;
    const xmlNodeSet* const set =
        (*object)->type == XPATH_NODESET ? (*object)->nodesetval : nullptr;
    for (int i = 0; set != nullptr && i < set->nodeNr; ++i) {
        if (set->nodeTab[i]->type != XML_ELEMENT_NODE) continue;
        if (out.size() == kMaxNodes) {
            return Error(ErrorCode::limit_exceeded, "cannot read the page: too many matches");
        }
        out.push_back(PageNode(tree_, set->nodeTab[i]));
    }
    return out;
}

std::vector<Form> Page::forms() const {
    std::vector<Form> out;
    const Result<std::vector<PageNode>> found = nodes("//form");
    if (!found) return out;
    for (const PageNode& node : *found) {
        out.push_back(read_form(*tree_, static_cast<xmlNode*>(node.node_)));
    }
    return out;
}

Result<std::optional<Form>> Page::form(const std::string& xpath) const {
    const Result<std::vector<PageNode>> found = nodes(xpath);
    if (!found) return found.error();
    std::optional<Form> form;
    if (found->size() > 1) return not_a_page("more than one form fits " + xpath);
    if (found->empty()) return form;
    auto* const node = static_cast<xmlNode*>(found->front().node_);
    if (!is_element(node, "form")) {
        return Error(ErrorCode::bad_configuration,
                     "cannot use the XPath expression: it selects no form: " + xpath);
    }
    form = read_form(*tree_, node);
    return form;
}

std::optional<Form> Page::form_named(std::string_view id_or_name) const {
    std::optional<Form> found;
    for (Form& form : forms()) {
        if (form.id != id_or_name && form.name != id_or_name) continue;
        if (found) return std::nullopt;
        found = std::move(form);
    }
    return found;
}

std::string Page::base() const {
    const Result<std::optional<std::string>> base = first("//base/@href");
    return base && *base ? **base : std::string();
}

std::string Page::title() const {
    const Result<std::optional<std::string>> title = first("//title");
    return title && *title ? **title : std::string();
}

std::string Page::text() const {
    const Result<std::optional<std::string>> text = first("//body");
    return text && *text ? **text : std::string();
}

std::string PageNode::text() const { return collapse(content_of(static_cast<xmlNode*>(node_))); }

std::optional<std::string> PageNode::attribute(const std::string& name) const {
    auto* const node = static_cast<xmlNode*>(node_);
    if (!has_attribute(node, name.c_str())) return std::nullopt;
    return attribute_of(node, name.c_str());
}

Result<std::optional<std::string>> PageNode::first(const std::string& xpath) const {
    return first_text(*tree_, static_cast<xmlNode*>(node_), xpath);
}

Result<std::vector<std::string>> PageNode::all(const std::string& xpath) const {
    return texts(*tree_, static_cast<xmlNode*>(node_), xpath);
}

Result<void> check_xpath(const std::string& xpath) {
    // Evaluated on an empty page: that finds unknown functions and prefixes too, which compiling
    // alone does not.
    const Result<Page> page = Page::parse("<html><body></body></html>", "text/html");
    if (!page) return page.error();
    const Result<bool> holds = page->holds(xpath);
    if (!holds) return holds.error();
    return {};
}

std::string collapse(std::string_view text) {
    constexpr std::string_view kNoBreakSpace = "\xC2\xA0";
    std::string out;
    bool space = false;
    while (!text.empty()) {
        const bool wide = text.starts_with(kNoBreakSpace);
        const bool white =
            wide || std::string_view(" \t\r\n\f\v").find(text.front()) != std::string_view::npos;
        if (white) {
            space = !out.empty();
        } else {
            if (space) out += ' ';
            space = false;
            out += text.front();
        }
        text.remove_prefix(wide ? kNoBreakSpace.size() : 1);
    }
    return out;
}

}  // namespace cabroker::transport
