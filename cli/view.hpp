// How a JSON body is shown: which members become columns, and what the one-page story of a thing
// is. Knows members' names from the contract; unknown ones are left to json and yaml.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console.hpp"
#include "domain/time.hpp"

namespace cabroker::cli {

enum class Cell { text, cut_text, state, time, list, pairs };
enum class Where { both, table_only, wide_only };

struct Column {
    std::string_view title;
    /// JSON pointer inside one item.
    std::string_view pointer;
    Cell cell = Cell::text;
    Where where = Where::both;
};

/// How times and colours are written now.
struct Style {
    Paint paint;
    domain::Time now{};
    /// Full dates (wide, csv) instead of "3m ago".
    bool absolute = false;
    bool wide = false;
};

struct View {
    std::vector<Column> columns;
    /// What `-o name` prints.
    std::string_view name_pointer = "/id";
    /// One thing as a page; null: "member: value" lines.
    std::string (*story)(const boost::json::value& thing, const Style& style) = nullptr;
};

/// The member at a pointer, or nullptr when absent or null.
[[nodiscard]] const boost::json::value* find(const boost::json::value& from,
                                             std::string_view pointer);
/// A member as plain text: strings as they are, others as JSON, "" when absent or null. Not
/// cleaned.
[[nodiscard]] std::string text_at(const boost::json::value& from, std::string_view pointer);
/// `items` of a list reply, or nullptr when the body is one thing.
[[nodiscard]] const boost::json::array* items_of(const boost::json::value& body);

/// One cell, cleaned, uncoloured.
[[nodiscard]] std::string cell_text(const boost::json::value& item, const Column& column,
                                    const Style& style);
[[nodiscard]] Tone tone_of_state(std::string_view state);
/// A time member in the style's way; "" when absent.
[[nodiscard]] std::string when(const boost::json::value& from, std::string_view pointer,
                               const Style& style);

/// Aligned columns with a head line; no line at all is wider than its cells need.
[[nodiscard]] std::string table(const boost::json::array& items, const std::vector<Column>& columns,
                                const Style& style);
/// A head line and one line an item; all columns, full dates.
[[nodiscard]] std::string csv(const boost::json::array& items, const std::vector<Column>& columns);
/// A whole YAML document.
[[nodiscard]] std::string yaml(const boost::json::value& body);
/// "member: value" lines; nested objects are indented.
[[nodiscard]] std::string plain_story(const boost::json::value& thing, const Style& style);
/// Columns for things no view knows: the scalar members of the items, in order of appearance.
[[nodiscard]] std::vector<Column> guessed_columns(const boost::json::array& items,
                                                  std::vector<std::string>& storage);

// The views of the contract's resources.
[[nodiscard]] const View& request_view();
[[nodiscard]] const View& order_view();
[[nodiscard]] const View& adapter_view();
[[nodiscard]] const View& message_view();
[[nodiscard]] const View& artifact_view();
[[nodiscard]] const View& timeline_view();
[[nodiscard]] const View& event_view();
[[nodiscard]] const View& route_view();
[[nodiscard]] const View& preview_view();
[[nodiscard]] const View& csr_view();
[[nodiscard]] const View& import_view();
/// For replies whose members no view knows.
[[nodiscard]] const View& plain_view();

}  // namespace cabroker::cli
