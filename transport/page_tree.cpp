#include "transport/page_tree.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "domain/ascii.hpp"
#include "transport/id_lookup.hpp"

namespace cabroker::transport {
namespace {

using domain::lower;

using domain::Error;
using domain::ErrorCode;
using domain::Result;

const xmlChar* xml(const char* text) { return reinterpret_cast<const xmlChar*>(text); }

std::string take(xmlChar* text) {
    if (text == nullptr) return {};
    std::string out(reinterpret_cast<const char*>(text));
    xmlFree(text);
    return out;
}

bool inline_style_hides(std::string style) {
    style = lower(style);
    style.erase(std::remove_if(style.begin(), style.end(),
                               [](char c) { return c == ' ' || c == '\t' || c == '\n'; }),
                style.end());
    return style.find("display:none") != std::string::npos ||
           style.find("visibility:hidden") != std::string::npos;
}

bool is_hidden(xmlNode* node) {
    const xmlAttr* style = nullptr;
    for (const xmlAttr* at = node->properties; at != nullptr; at = at->next) {
        const std::string_view name(reinterpret_cast<const char*>(at->name));
        if (name == "hidden") return true;
        if (name == "style" && style == nullptr) style = at;
    }
    return style != nullptr && inline_style_hides(attribute_of(node, "style"));
}

bool is_never_shown(const xmlNode* node) {
    constexpr std::array<std::string_view, 5> kNames{"script", "style", "template", "noscript",
                                                     "iframe"};
    const std::string_view name(reinterpret_cast<const char*>(node->name));
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

void collect(xmlNode* node, bool hidden, std::vector<xmlNode*>& doomed) {
    for (xmlNode* child = node->children; child != nullptr; child = child->next) {
        switch (child->type) {
            case XML_ELEMENT_NODE:
                if (is_never_shown(child)) {
                    doomed.push_back(child);
                } else {
                    // What a control holds is its value, hidden or not.
                    const bool control =
                        is_element(child, "textarea") || is_element(child, "select");
                    collect(child, !control && (hidden || is_hidden(child)), doomed);
                }
                break;
            case XML_TEXT_NODE:
            case XML_CDATA_SECTION_NODE:
                if (hidden) doomed.push_back(child);
                break;
            case XML_COMMENT_NODE:
            case XML_PI_NODE:
                doomed.push_back(child);
                break;
            default:
                break;
        }
    }
}

FormField field_of(xmlNode* node, std::string type) {
    FormField field;
    field.name = attribute_of(node, "name");
    field.type = std::move(type);
    field.value = attribute_of(node, "value");
    return field;
}

bool is_disabled(xmlNode* node) {
    for (xmlNode* at = node; at != nullptr && at->type == XML_ELEMENT_NODE; at = at->parent) {
        const bool counts = at == node || is_element(at, "fieldset");
        if (counts && has_attribute(at, "disabled")) return true;
    }
    return false;
}

void read_input(xmlNode* node, std::vector<FormField>& out) {
    constexpr std::array<std::string_view, 4> kButtons{"submit", "reset", "button", "image"};
    std::string type = lower(attribute_of(node, "type"));
    if (type.empty()) type = is_element(node, "button") ? "submit" : "text";
    FormField field = field_of(node, type);
    const bool ticks = type == "checkbox" || type == "radio";
    if (ticks && !has_attribute(node, "value")) field.value = "on";
    const bool button = is_element(node, "button") || type == "file" ||
                        std::find(kButtons.begin(), kButtons.end(), type) != kButtons.end();
    field.successful = !button && !is_disabled(node) && (!ticks || has_attribute(node, "checked"));
    out.push_back(std::move(field));
}

void find_options(xmlNode* node, std::vector<xmlNode*>& out) {
    for (xmlNode* child = node->children; child != nullptr; child = child->next) {
        if (is_element(child, "option")) out.push_back(child);
        if (is_element(child, "optgroup")) find_options(child, out);
    }
}

void read_select(xmlNode* node, std::vector<FormField>& out) {
    std::vector<xmlNode*> options;
    find_options(node, options);
    const bool multiple = has_attribute(node, "multiple");
    xmlNode* chosen = nullptr;
    for (xmlNode* option : options) {
        if (has_attribute(option, "selected")) chosen = option;
    }
    // A browser shows the first option when none is marked, and the last of several marked ones.
    if (chosen == nullptr && !multiple) {
        const auto first = std::find_if(options.begin(), options.end(), [](xmlNode* option) {
            return !has_attribute(option, "disabled");
        });
        if (first != options.end()) chosen = *first;
    }
    for (xmlNode* option : options) {
        FormField field = field_of(node, "select");
        field.value = has_attribute(option, "value") ? attribute_of(option, "value")
                                                     : collapse(content_of(option));
        const bool selected = multiple ? has_attribute(option, "selected") : option == chosen;
        field.successful = selected && !is_disabled(node) && !has_attribute(option, "disabled");
        out.push_back(std::move(field));
    }
}

}  // namespace

std::string attribute_of(xmlNode* node, const char* name) {
    return take(xmlGetProp(node, xml(name)));
}

bool has_attribute(xmlNode* node, const char* name) {
    return xmlHasProp(node, xml(name)) != nullptr;
}

bool is_element(const xmlNode* node, std::string_view name) {
    return node->type == XML_ELEMENT_NODE && reinterpret_cast<const char*>(node->name) == name;
}

std::string content_of(xmlNode* node) { return take(xmlNodeGetContent(node)); }

void take_hidden_away(xmlNode* root) {
    std::vector<xmlNode*> doomed;
    collect(root, is_hidden(root), doomed);
    for (xmlNode* node : doomed) {
        xmlUnlinkNode(node);
        xmlFreeNode(node);
    }
}

Result<XPathObject> evaluate(Page::Tree& tree, xmlNode* from, const std::string& xpath) {
    const bool ours = xpath.find(kIdLookup) != std::string::npos;
    const bool usable = !ours && xpath.find('\0') == std::string::npos && xpath.size() <= 4096;
    XPathObject object;
    if (usable) {
        XPathEngine& engine = XPathEngine::of_this_thread();
        object = engine.evaluate(tree, from, xpath);
    }
    if (object) return object;
    if (tree.budget.spent()) {
        return Error(ErrorCode::limit_exceeded, "cannot read the page: it takes too long");
    }
    return Error(ErrorCode::bad_configuration, "cannot use the XPath expression: " + xpath);
}

Form read_form(Page::Tree& tree, xmlNode* node) {
    Form form;
    form.id = attribute_of(node, "id");
    form.name = attribute_of(node, "name");
    form.action = attribute_of(node, "action");
    if (lower(attribute_of(node, "method")) == "post") form.method = "POST";
    const std::string enctype = lower(attribute_of(node, "enctype"));
    if (!enctype.empty()) form.enctype = enctype;
    const Result<XPathObject> controls =
        evaluate(tree, node, ".//*[self::input or self::select or self::textarea or self::button]");
    if (!controls || (*controls)->nodesetval == nullptr) return form;
    const xmlNodeSet* const set = (*controls)->nodesetval;
    for (int i = 0; i < set->nodeNr; ++i) {
        xmlNode* const control = set->nodeTab[i];
        if (attribute_of(control, "name").empty()) continue;
        if (is_element(control, "select")) {
            read_select(control, form.fields);
        } else if (is_element(control, "textarea")) {
            FormField field = field_of(control, "textarea");
            field.value = content_of(control);
            field.successful = !is_disabled(control);
            form.fields.push_back(std::move(field));
        } else {
            read_input(control, form.fields);
        }
    }
    return form;
}

}  // namespace cabroker::transport
