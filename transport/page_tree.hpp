// libxml2's tree and XPath objects as RAII types, and the walk that takes hidden text away.
// Internal to this folder.
#pragma once

#include <libxml/tree.h>

#include <memory>
#include <string>
#include <string_view>

#include "domain/error.hpp"
#include "transport/html_document.hpp"
#include "transport/page.hpp"
#include "transport/work_budget.hpp"
#include "transport/xpath_engine.hpp"

namespace cabroker::transport {

struct Page::Tree {
    XmlDoc doc;
    WorkBudget budget;
    /// Made when the first expression asks for an id.
    std::unique_ptr<IdIndex> ids;
};

/// An attribute's value; empty when there is none.
[[nodiscard]] std::string attribute_of(xmlNode* node, const char* name);
[[nodiscard]] bool has_attribute(xmlNode* node, const char* name);
[[nodiscard]] bool is_element(const xmlNode* node, std::string_view name);
/// All text below a node as it is written.
[[nodiscard]] std::string content_of(xmlNode* node);

/// Removes comments, processing instructions, scripts, styles and templates, and the text of hidden
/// elements; form controls in hidden elements stay.
void take_hidden_away(xmlNode* root);

/// Evaluates an expression relative to a node. bad_configuration when it does not compile or names
/// what is not there; limit_exceeded when the page takes too long to read.
[[nodiscard]] domain::Result<XPathObject> evaluate(Page::Tree& tree, xmlNode* from,
                                                   const std::string& xpath);

/// The form that an element is, with its controls.
[[nodiscard]] Form read_form(Page::Tree& tree, xmlNode* form);

}  // namespace cabroker::transport
