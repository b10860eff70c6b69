#include "daemon/store/filter.hpp"

namespace cabroker::store {
namespace {

boost::json::string_view view(const std::string& text) { return {text.data(), text.size()}; }

}  // namespace

void Conditions::begin(std::string_view piece) {
    sql_ += sql_.empty() ? " WHERE " : " AND ";
    sql_ += piece;
}

void Conditions::add(std::string_view piece, std::string value) {
    begin(piece);
    values_.emplace_back(std::move(value));
}

void Conditions::add(std::string_view piece, std::int64_t value) {
    begin(piece);
    values_.emplace_back(value);
}

void Conditions::add(std::string_view piece, std::int64_t first, std::string second) {
    begin(piece);
    values_.emplace_back(first);
    values_.emplace_back(std::move(second));
}

void Conditions::any(std::string_view piece, boost::json::array values) {
    if (values.empty()) return;
    add(piece, boost::json::serialize(values));
}

void Conditions::any_text(std::string_view piece, const std::vector<std::string>& values) {
    boost::json::array texts;
    for (const std::string& value : values) texts.emplace_back(view(value));
    any(piece, std::move(texts));
}

void Conditions::any_pair(std::string_view piece,
                          const std::vector<std::pair<std::string, std::string>>& values) {
    boost::json::array pairs;
    for (const auto& [first, second] : values) {
        boost::json::array pair;
        pair.emplace_back(view(first));
        pair.emplace_back(view(second));
        pairs.emplace_back(std::move(pair));
    }
    any(piece, std::move(pairs));
}

void Conditions::contains(std::string_view columns, std::string_view text) {
    if (text.empty()) return;
    std::string pattern = "%";
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    pattern += '%';
    add(std::string(columns) + " LIKE ? ESCAPE '\\'", std::move(pattern));
}

void Conditions::bind(Query& query) const {
    for (const auto& value : values_) {
        if (const std::int64_t* number = std::get_if<std::int64_t>(&value)) {
            query.integer(*number);
        } else {
            query.text(std::get<std::string>(value));
        }
    }
}

std::string page_order(Conditions& conditions, ListOrder order,
                       const std::optional<PageKey>& after) {
    const bool newest = order.newest_first;
    if (order.column == SortColumn::created_at) {
        if (after) conditions.add(newest ? "id < ?" : "id > ?", after->id);
        return newest ? " ORDER BY id DESC LIMIT ?" : " ORDER BY id LIMIT ?";
    }
    if (after) {
        conditions.add(newest ? "(updated_at, id) < (?, ?)" : "(updated_at, id) > (?, ?)",
                       after->at, after->id);
    }
    return newest ? " ORDER BY updated_at DESC, id DESC LIMIT ?"
                  : " ORDER BY updated_at, id LIMIT ?";
}

}  // namespace cabroker::store
