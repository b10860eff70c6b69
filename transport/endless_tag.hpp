// A guard before libxml2's HTML parser.
#pragma once

#include <string_view>

namespace cabroker::transport {

/// Has a tag of this HTML more attributes than any honest one? libxml2 compares each with all
/// before it: 100,000 of them take it half a minute, in which nothing else runs. The text's
/// encoding must hold ASCII.
[[nodiscard]] bool has_endless_tag(std::string_view html);

}  // namespace cabroker::transport
