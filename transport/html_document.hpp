// HTML of strangers as libxml2's tree, within bounds. Internal to this folder.
#pragma once

#include <libxml/tree.h>

#include <memory>
#include <string_view>

#include "transport/work_budget.hpp"

namespace cabroker::transport {

struct XmlDocFree {
    void operator()(xmlDoc* doc) const { xmlFreeDoc(doc); }
};
using XmlDoc = std::unique_ptr<xmlDoc, XmlDocFree>;

/// nullptr when it is no HTML, has more than 40,000 elements, or takes longer than its budget.
[[nodiscard]] XmlDoc parse_html(std::string_view octets, const char* charset, WorkBudget& budget);

}  // namespace cabroker::transport
