#include "transport/html_document.hpp"

#include <libxml/HTMLparser.h>

#include <algorithm>
#include <cstring>

namespace cabroker::transport {
namespace {

/// What a path finds from several elements is compared each with each, which nothing interrupts:
/// this bounds one such step.
constexpr std::size_t kMostElements = 40'000;

/// The octets, handed out by pieces: between two of them the parser can be stopped.
struct Pieces {
    std::string_view rest;
    const Work& work;
};

int next_piece(void* from, char* into, int size) {
    constexpr std::size_t kPiece = 4096;
    auto* const pieces = static_cast<Pieces*>(from);
    if (pieces->work.too_long()) return -1;
    const std::size_t count =
        std::min({kPiece, pieces->rest.size(), static_cast<std::size_t>(size)});
    std::memcpy(into, pieces->rest.data(), count);
    pieces->rest.remove_prefix(count);
    return static_cast<int>(count);
}

struct ParserFree {
    void operator()(htmlParserCtxt* parser) const { htmlFreeParserCtxt(parser); }
};

bool has_too_many_elements(const xmlDoc* doc) {
    std::size_t elements = 0;
    const auto* node = reinterpret_cast<const xmlNode*>(doc)->children;
    while (node != nullptr) {
        const bool element = node->type == XML_ELEMENT_NODE;
        if (element && ++elements > kMostElements) return true;
        if (element && node->children != nullptr) {
            node = node->children;
            continue;
        }
        while (node != nullptr && node->next == nullptr) {
            node = node->parent;
            if (node != nullptr && node->type != XML_ELEMENT_NODE) node = nullptr;
        }
        if (node != nullptr) node = node->next;
    }
    return false;
}

}  // namespace

XmlDoc parse_html(std::string_view octets, const char* charset, WorkBudget& budget) {
    const int quiet =
        HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_RECOVER;
    const Work work(budget);
    const std::unique_ptr<htmlParserCtxt, ParserFree> parser(htmlNewParserCtxt());
    if (!parser) return nullptr;
    Pieces pieces{octets, work};
    XmlDoc doc(
        htmlCtxtReadIO(parser.get(), &next_piece, nullptr, &pieces, nullptr, charset, quiet));
    if (work.too_long() || !doc || has_too_many_elements(doc.get())) return nullptr;
    return doc;
}

}  // namespace cabroker::transport
