// XPath expressions as libxml2 evaluates them: compiled once for each thread, and `//*[@id='x']`
// answered from an index of the page's ids instead of a walk over the whole page. Internal to this
// folder.
#pragma once

#include <libxml/tree.h>
#include <libxml/xpath.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "transport/page.hpp"

namespace cabroker::transport {

struct XPathObjectFree {
    void operator()(xmlXPathObject* object) const { xmlXPathFreeObject(object); }
};
using XPathObject = std::unique_ptr<xmlXPathObject, XPathObjectFree>;

/// All elements of a document that have an id, several with the same one too, as the document has
/// them. The document must not change while this is used.
class IdIndex {
  public:
    using Entry = std::pair<std::string, xmlNode*>;

    explicit IdIndex(const xmlDoc* doc);
    /// The elements with exactly this id, in document order.
    [[nodiscard]] std::pair<const Entry*, const Entry*> find(std::string_view id) const;

  private:
    void add(xmlNode* first);
    std::vector<Entry> entries_;
};

/// One for each thread, because making libxml2's context costs more than most expressions.
class XPathEngine {
  public:
    [[nodiscard]] static XPathEngine& of_this_thread();

    /// nullptr when the expression does not compile, names what is not there or works too long.
    [[nodiscard]] XPathObject evaluate(Page::Tree& tree, xmlNode* from, const std::string& xpath);

  private:
    struct ContextFree {
        void operator()(xmlXPathContext* context) const { xmlXPathFreeContext(context); }
    };
    struct CompiledFree {
        void operator()(xmlXPathCompExpr* compiled) const { xmlXPathFreeCompExpr(compiled); }
    };
    using Compiled = std::unique_ptr<xmlXPathCompExpr, CompiledFree>;

    XPathEngine() = default;
    [[nodiscard]] bool make_context();
    [[nodiscard]] xmlXPathCompExpr* compiled(const std::string& xpath);

    std::unique_ptr<xmlXPathContext, ContextFree> context_;
    std::unordered_map<std::string, Compiled> compiled_;
};

}  // namespace cabroker::transport
