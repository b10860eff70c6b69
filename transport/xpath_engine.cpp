#include "transport/xpath_engine.hpp"

#include <libxml/xpathInternals.h>

#include <algorithm>

#include "transport/id_lookup.hpp"
#include "transport/page_tree.hpp"

namespace cabroker::transport {
namespace {

/// A profile has some hundred; more than that is several profiles that were replaced.
constexpr std::size_t kMostCompiled = 2000;
constexpr unsigned long kMostWork = 2'000'000;

/// What an evaluation may look up.
struct Lookup {
    const xmlDoc* doc;
    std::unique_ptr<IdIndex>* index;
};

// NOLINTNEXTLINE(cert-dcl50-cpp): libxml2's signature
void no_xpath_message(void* /*context*/, const char* /*format*/, ...) {}

const xmlChar* xpath_text(const std::string& text) {
    return reinterpret_cast<const xmlChar*>(text.c_str());
}

std::string value_of(const xmlAttr* attribute) {
    const xmlNode* const only = attribute->children;
    if (only == nullptr) return {};
    if (only->next == nullptr && only->type == XML_TEXT_NODE) {
        return only->content == nullptr ? "" : reinterpret_cast<const char*>(only->content);
    }
    xmlChar* const text = xmlNodeListGetString(attribute->doc, only, 1);
    std::string value = text == nullptr ? "" : reinterpret_cast<const char*>(text);
    xmlFree(text);
    return value;
}

/// The attribute that XPath's `@id` means.
const xmlAttr* id_of(const xmlNode* node) {
    const xmlAttr* at = node->properties;
    while (at != nullptr && (at->ns != nullptr ||
                             std::string_view(reinterpret_cast<const char*>(at->name)) != "id")) {
        at = at->next;
    }
    return at;
}

/// The function behind kIdLookup: the elements with the id that is its argument.
void elements_with_id(xmlXPathParserContext* parser, int arguments) {
    if (arguments != 1) {
        xmlXPathSetArityError(parser);
        return;
    }
    xmlChar* const text = xmlXPathPopString(parser);
    if (text == nullptr) return;
    const std::string id(reinterpret_cast<const char*>(text));
    xmlFree(text);
    const auto* const lookup = static_cast<const Lookup*>(parser->context->userData);
    if (!*lookup->index) *lookup->index = std::make_unique<IdIndex>(lookup->doc);
    const auto [first, end] = (*lookup->index)->find(id);
    const auto work = static_cast<unsigned long>(end - first);
    if (work > kMostWork - std::min(kMostWork, parser->context->opCount)) {
        xmlXPathSetError(parser, XPATH_OP_LIMIT_EXCEEDED);
        return;
    }
    parser->context->opCount += work;
    xmlNodeSet* const found = xmlXPathNodeSetCreate(nullptr);
    for (const auto* entry = first; found != nullptr && entry != end; ++entry) {
        xmlXPathNodeSetAddUnique(found, entry->second);
    }
    valuePush(parser, xmlXPathWrapNodeSet(found));
}

xmlXPathFunction find_function(void* /*data*/, const xmlChar* name, const xmlChar* space) {
    const bool ours = space == nullptr && reinterpret_cast<const char*>(name) == kIdLookup;
    return ours ? &elements_with_id : nullptr;
}

}  // namespace

IdIndex::IdIndex(const xmlDoc* doc) {
    add(doc->children);
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const Entry& a, const Entry& b) { return a.first < b.first; });
}

// The parser caps how deep a page is.
void IdIndex::add(xmlNode* first) {
    for (xmlNode* node = first; node != nullptr; node = node->next) {
        if (node->type != XML_ELEMENT_NODE) continue;
        if (const xmlAttr* const id = id_of(node)) entries_.emplace_back(value_of(id), node);
        add(node->children);
    }
}

std::pair<const IdIndex::Entry*, const IdIndex::Entry*> IdIndex::find(std::string_view id) const {
    const Entry* const begin = entries_.data();
    const Entry* const end = begin + entries_.size();
    const Entry* const first = std::lower_bound(
        begin, end, id,
        [](const Entry& entry, std::string_view what) { return entry.first < what; });
    const Entry* last = first;
    while (last != end && last->first == id) ++last;
    return {first, last};
}

XPathEngine& XPathEngine::of_this_thread() {
    thread_local XPathEngine engine;
    return engine;
}

bool XPathEngine::make_context() {
    context_.reset(xmlXPathNewContext(nullptr));
    if (!context_) return false;
    // What `//name` looks at costs some objects: used again, not freed.
    xmlXPathContextSetCache(context_.get(), 1, -1, 0);
    // Its errors are results here, not lines on stderr.
    context_->error = [](void*, xmlError*) {};
    xmlXPathRegisterFuncLookup(context_.get(), &find_function, nullptr);
    return true;
}

xmlXPathCompExpr* XPathEngine::compiled(const std::string& xpath) {
    const auto known = compiled_.find(xpath);
    if (known != compiled_.end()) return known->second.get();
    if (compiled_.size() >= kMostCompiled) compiled_.clear();
    Compiled made(xmlXPathCtxtCompile(context_.get(), xpath_text(with_id_lookups(xpath))));
    if (!made) return nullptr;
    return compiled_.emplace(xpath, std::move(made)).first->second.get();
}

XPathObject XPathEngine::evaluate(Page::Tree& tree, xmlNode* from, const std::string& xpath) {
    if (tree.budget.spent() || (!context_ && !make_context())) return nullptr;
    xmlSetGenericErrorFunc(nullptr, &no_xpath_message);
    Lookup lookup{tree.doc.get(), &tree.ids};
    // No expression may work without end.
    context_->opLimit = kMostWork;
    context_->opCount = 0;
    context_->doc = tree.doc.get();
    context_->node = from;
    context_->userData = &lookup;
    xmlXPathCompExpr* const expression = compiled(xpath);
    XPathObject object;
    if (expression != nullptr) {
        const Work work(tree.budget, &context_->opLimit);
        object.reset(xmlXPathCompiledEval(expression, context_.get()));
    }
    if (!object) {
        // Nothing that a broken evaluation left behind may change the next one.
        context_.reset();
        return nullptr;
    }
    context_->doc = nullptr;
    context_->node = nullptr;
    context_->userData = nullptr;
    return object;
}

}  // namespace cabroker::transport
