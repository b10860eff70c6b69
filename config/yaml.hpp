// Strict YAML: one document becomes a JSON value plus the place of everything in it. Refuses what
// configuration files should not hold: duplicate keys, anchors and aliases, tags, several
// documents, depth over 32, files over 1 MiB.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"

namespace cabroker::config {

inline constexpr std::size_t kMaxYamlBytes = 1024 * 1024;

struct Place {
    std::string file;
    std::size_t line = 0;
    std::size_t column = 0;
};

/// For every JSON pointer where its value stands and, for members, where its key stands.
struct SourceMap {
    std::map<std::string, Place> values;
    std::map<std::string, Place> keys;
    /// The place of the pointer's key or value, or of the nearest parent that has one.
    [[nodiscard]] Place find(std::string_view pointer, bool prefer_key) const;
};

struct YamlDocument {
    boost::json::value value;
    SourceMap places;
};

/// Unquoted `true false null ~` and decimal integers are typed; everything else is a string (`yes`,
/// `08`, dates). An empty document is null. Problems are added with file, line and column; the
/// value is then as far as it was read. `pointer` is put in front of every pointer of the source
/// map.
[[nodiscard]] YamlDocument read_yaml(std::string_view text, const std::string& file,
                                     const std::string& pointer, std::vector<Problem>& problems);

/// Maps merge, lists and scalars replace; places follow their values.
void merge(YamlDocument& into, YamlDocument&& from);

}  // namespace cabroker::config
