// What the decoders of this folder share: walking maps and lists, lists of words.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/reader.hpp"

namespace cabroker::config {

/// Calls `use(name, value, pointer)` for each member of the object at `key`; complains when it is
/// something else.
template <class Use>
void for_each_member(json::ObjectReader& reader, std::string_view key, const Use& use) {
    const boost::json::value* found = reader.member(key);
    if (found == nullptr) return;
    if (!found->is_object()) {
        reader.complain(key, "wrong_type", "must be a map");
        return;
    }
    for (const auto& member : found->get_object()) {
        const std::string name(member.key().data(), member.key().size());
        use(name, member.value(), reader.at(key) + "/" + json::pointer_segment(name));
    }
}

/// Calls `use(value, pointer)` for each entry of a list; complains when it is none or has more than
/// `most` entries.
template <class Use>
void for_each_entry(const boost::json::value& list, const std::string& pointer, std::size_t most,
                    json::Problems& problems, const Use& use) {
    if (!list.is_array()) {
        problems.emplace_back(pointer, "wrong_type", "must be a list");
        return;
    }
    if (list.get_array().size() > most) {
        problems.emplace_back(pointer, "out_of_range",
                              "must have at most " + std::to_string(most) + " entries");
        return;
    }
    std::size_t index = 0;
    for (const boost::json::value& entry : list.get_array()) {
        use(entry, pointer + "/" + std::to_string(index++));
    }
}

/// A list of words of a vocabulary; every unknown one is a problem of its own.
template <class Parse>
auto word_list(json::ObjectReader& reader, std::string_view key, json::Problems& problems,
               const Parse& parse, const std::string& allowed) {
    using Value = typename decltype(parse(std::string_view{}))::value_type;
    std::vector<Value> values;
    const boost::json::value* found = reader.member(key);
    if (found == nullptr) return values;
    for_each_entry(
        *found, reader.at(key), 64, problems, [&](const auto& entry, const std::string& where) {
            if (!entry.is_string()) {
                problems.emplace_back(where, "wrong_type", "must be a string");
                return;
            }
            const auto value =
                parse(std::string_view(entry.get_string().data(), entry.get_string().size()));
            if (value) {
                values.push_back(*value);
            } else {
                problems.emplace_back(where, "unknown_value", "use one of: " + allowed);
            }
        });
    return values;
}

/// A name for adapters, mailers, accounts, rules: letters, digits, `-`, `_`, `.`, at most 64.
[[nodiscard]] inline bool is_plain_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 &&
           name.find_first_not_of(
               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
               std::string_view::npos;
}

/// Complains when a map's key is no plain name.
inline void check_name(const std::string& name, const std::string& pointer,
                       json::Problems& problems) {
    if (!is_plain_name(name))
        problems.emplace_back(pointer, "bad_format",
                              "the name must be letters, digits, `-`, `_` and `.`, at most 64");
}

/// An absolute path.
[[nodiscard]] inline std::optional<std::string> decode_path(json::ObjectReader& reader,
                                                            std::string_view key) {
    std::optional<std::string> path = reader.line(key, 4096);
    if (path && !path->starts_with('/'))
        reader.complain(key, "bad_format", "must be an absolute path");
    return path;
}

}  // namespace cabroker::config
