// Conditions of a list put together from constant pieces of SQL; every value is bound. Inside
// daemon/store/ only.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/store/connection.hpp"

namespace cabroker::store {

class Conditions {
  public:
    /// `piece` is a literal of ours with one `?` for the value.
    void add(std::string_view piece, std::string value);
    void add(std::string_view piece, std::int64_t value);
    void add(std::string_view piece, std::int64_t first, std::string second);
    /// Adds `piece` if the list has anything; its `?` gets a JSON array of the words, for
    /// json_each.
    template <class Enum>
    void any_word(std::string_view piece, const std::vector<Enum>& values) {
        boost::json::array names;
        for (const Enum value : values) {
            const std::string_view name = domain::name_of(value);
            names.emplace_back(boost::json::string_view(name.data(), name.size()));
        }
        any(piece, std::move(names));
    }
    void any_text(std::string_view piece, const std::vector<std::string>& values);
    void any_pair(std::string_view piece,
                  const std::vector<std::pair<std::string, std::string>>& values);
    /// `columns` is a literal: an expression that joins what is searched; wildcards in `text` are
    /// literal.
    void contains(std::string_view columns, std::string_view text);

    /// ` WHERE ...`, or nothing.
    [[nodiscard]] const std::string& sql() const { return sql_; }
    void bind(Query& query) const;

  private:
    void any(std::string_view piece, boost::json::array values);
    void begin(std::string_view piece);

    std::string sql_;
    std::vector<std::variant<std::int64_t, std::string>> values_;
};

/// Adds the start of a page to the conditions and returns ` ORDER BY ... LIMIT ?`. Sorting by
/// creation goes by id.
[[nodiscard]] std::string page_order(Conditions& conditions, ListOrder order,
                                     const std::optional<PageKey>& after);

}  // namespace cabroker::store
