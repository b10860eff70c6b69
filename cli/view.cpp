#include "cli/view.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "cli/text.hpp"
#include "json/time_text.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

constexpr std::size_t kCutAt = 48;

bool has_column(const Column& column, const Style& style) {
    return column.where == Where::both || (column.where == Where::wide_only) == style.wide;
}

std::string joined_values(const bj::value& value) {
    if (!value.is_array()) return clean(text_at(value, ""));
    std::string out;
    for (const bj::value& item : value.get_array()) {
        if (!out.empty()) out += ' ';
        out += clean(text_at(item, ""));
    }
    return out;
}

std::string pairs(const bj::value& value) {
    if (!value.is_object()) return clean(text_at(value, ""));
    std::string out;
    for (const auto& [key, item] : value.get_object()) {
        if (!out.empty()) out += ' ';
        out += clean(key) + '=' + clean(text_at(item, ""));
    }
    return out;
}

std::string padded(std::string text, std::size_t shown, std::size_t width) {
    text.append(width - std::min(shown, width), ' ');
    return text;
}

}  // namespace

const bj::value* find(const bj::value& from, std::string_view pointer) {
    bj::error_code failed;
    const bj::value* const found = from.find_pointer(pointer, failed);
    return found == nullptr || found->is_null() ? nullptr : found;
}

std::string text_at(const bj::value& from, std::string_view pointer) {
    const bj::value* const found = find(from, pointer);
    if (found == nullptr) return {};
    if (const bj::string* const text = found->if_string()) return {text->data(), text->size()};
    return bj::serialize(*found);
}

const bj::array* items_of(const bj::value& body) {
    if (body.is_array()) return &body.get_array();
    const bj::value* const items = find(body, "/items");
    return items == nullptr ? nullptr : items->if_array();
}

Tone tone_of_state(std::string_view state) {
    if (state == "succeeded" || state == "issued" || state == "ok" || state == "up") {
        return Tone::good;
    }
    if (state == "failed" || state == "rejected" || state == "expired" || state == "revoked" ||
        state == "down" || state == "reject") {
        return Tone::bad;
    }
    if (state.starts_with("needs_") || state == "outcome_unknown" || state == "backoff" ||
        state == "paused") {
        return Tone::warn;
    }
    if (state == "canceled" || state == "unknown") return Tone::dim;
    return Tone::busy;
}

std::string when(const bj::value& from, std::string_view pointer, const Style& style) {
    const std::string text = text_at(from, pointer);
    const auto time = json::parse_time(text);
    if (style.absolute || !time) return clean(text);
    return age_text(*time, style.now);
}

std::string cell_text(const bj::value& item, const Column& column, const Style& style) {
    const bj::value* const found = find(item, column.pointer);
    if (found == nullptr) return {};
    switch (column.cell) {
        case Cell::time:
            return when(item, column.pointer, style);
        case Cell::list:
            return joined_values(*found);
        case Cell::pairs:
            return pairs(*found);
        case Cell::cut_text:
            return style.wide ? clean(text_at(*found, ""))
                              : cut(clean(text_at(*found, "")), kCutAt);
        case Cell::text:
        case Cell::state:
            break;
    }
    return clean(text_at(*found, ""));
}

std::string table(const bj::array& items, const std::vector<Column>& columns, const Style& style) {
    std::vector<const Column*> shown;
    for (const Column& column : columns) {
        if (has_column(column, style)) shown.push_back(&column);
    }
    std::vector<std::size_t> widths;
    for (const Column* column : shown) widths.push_back(column->title.size());
    std::vector<std::vector<std::string>> rows;
    for (const bj::value& item : items) {
        std::vector<std::string>& row = rows.emplace_back();
        for (std::size_t i = 0; i < shown.size(); ++i) {
            row.push_back(cell_text(item, *shown[i], style));
            if (row.back().empty()) row.back() = "-";
            widths[i] = std::max(widths[i], display_width(row.back()));
        }
    }
    std::string out;
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const std::size_t width = i + 1 == shown.size() ? 0 : widths[i] + 2;
        const std::string title(shown[i]->title);
        out += padded(style.paint(Tone::bold, title), title.size(), width);
    }
    out += '\n';
    for (const std::vector<std::string>& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::size_t width = i + 1 == row.size() ? 0 : widths[i] + 2;
            const Tone tone = shown[i]->cell == Cell::state ? tone_of_state(row[i]) : Tone::plain;
            out += padded(style.paint(tone, row[i]), display_width(row[i]), width);
        }
        out += '\n';
    }
    return out;
}

std::string csv(const bj::array& items, const std::vector<Column>& columns) {
    Style style;
    style.absolute = true;
    style.wide = true;
    std::string out;
    for (const Column& column : columns) {
        if (!has_column(column, style)) continue;
        std::string title(column.title);
        std::transform(title.begin(), title.end(), title.begin(), [](unsigned char c) {
            return c == ' ' ? '_' : static_cast<char>(std::tolower(c));
        });
        out += (out.empty() ? "" : ",") + csv_field(title);
    }
    out += '\n';
    for (const bj::value& item : items) {
        std::string line;
        for (const Column& column : columns) {
            if (!has_column(column, style)) continue;
            const bj::value* const found = find(item, column.pointer);
            const bool number = found != nullptr && found->is_number();
            const std::string text = cell_text(item, column, style);
            line += (number ? text : csv_field(text)) + ',';
        }
        if (!line.empty()) line.pop_back();
        out += line + '\n';
    }
    return out;
}

std::vector<Column> guessed_columns(const bj::array& items, std::vector<std::string>& storage) {
    for (const bj::value& item : items) {
        if (!item.is_object()) continue;
        for (const auto& [key, value] : item.get_object()) {
            if (value.is_object()) continue;
            const std::string name(key);
            if (std::find(storage.begin(), storage.end(), name) == storage.end()) {
                storage.push_back(name);
            }
        }
    }
    const std::size_t count = storage.size();
    storage.reserve(2 * count);
    for (std::size_t i = 0; i < count; ++i) {
        std::string escaped = "/";
        for (const char c : storage[i]) {
            escaped += c == '~'   ? std::string("~0")
                       : c == '/' ? std::string("~1")
                                  : std::string(1, c);
        }
        storage.push_back(escaped);
        storage[i] = clean(storage[i]);
    }
    std::vector<Column> columns;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string& name = storage[i];
        const bool time = name == "at" || name.ends_with("_at");
        const bool state = name == "state" || name == "status";
        const Cell cell = time ? Cell::time : state ? Cell::state : Cell::list;
        columns.push_back({name, storage[count + i], cell, Where::both});
    }
    return columns;
}

}  // namespace cabroker::cli
