// Finds the absolute `//*[@id='x']` in an XPath expression and writes a look-up in their place,
// because libxml2 walks the whole page for each. Text in, text out. Internal to this folder.
#pragma once

#include <string>
#include <string_view>

namespace cabroker::transport {

/// The function that gives all elements with the id that is its argument, in document order.
inline constexpr std::string_view kIdLookup = "cabroker-elements";

/// The expression with each absolute `//*[@id='x']` and `//name[@id='x']` replaced by kIdLookup, so
/// that it selects the same nodes in the same order. What is not certainly one of these stays as it
/// is; what is no expression stays none.
[[nodiscard]] std::string with_id_lookups(std::string_view xpath);

}  // namespace cabroker::transport
