#include "daemon/api/parameters.hpp"

#include <algorithm>
#include <charconv>

#include "json/time_text.hpp"

namespace cabroker::api {
namespace {

using domain::Error;
using domain::ErrorCode;

std::optional<std::int64_t> parse_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size() || text.empty())
        return std::nullopt;
    return value;
}

// FNV-1a: only to notice a token of another list, no protection is meant.
std::string fingerprint(std::string_view text) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 1099511628211ULL;
    }
    char out[17];
    const auto end = std::to_chars(out, out + sizeof out, hash, 16).ptr;
    return std::string(out, end);
}

std::string list_name(const ApiCall& call) {
    std::vector<std::pair<std::string, std::string>> items = call.query.items();
    std::sort(items.begin(), items.end());
    std::string name = call.path;
    for (const auto& [key, value] : items) {
        if (key == "limit" || key == "page_token") continue;
        name += '\n' + key + '=' + value;
    }
    return fingerprint(name);
}

bool is_token_id(std::string_view text) {
    return text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_';
           });
}

std::string begin_of_token(const std::string& list) { return "1." + list + "."; }

// A token reads `1.LIST.AT.ID`.
std::optional<store::PageKey> parse_token(std::string_view token, const std::string& list) {
    const std::string begin = begin_of_token(list);
    if (!token.starts_with(begin)) return std::nullopt;
    token.remove_prefix(begin.size());
    const auto dot = token.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const std::optional<std::int64_t> at = parse_number(token.substr(0, dot));
    const std::string_view id = token.substr(dot + 1);
    if (!at || !is_token_id(id)) return std::nullopt;
    store::PageKey key;
    key.at = *at;
    key.id = id;
    return key;
}

}  // namespace

void Parameters::complain(std::string_view name, const std::string& why) {
    if (problem_) return;
    problem_.emplace(ErrorCode::bad_parameter, "cannot use " + std::string(name) + ": " + why);
}

std::optional<std::string> Parameters::text(std::string_view name) {
    const std::string* value = query_.get(name);
    if (problem_ || value == nullptr) return std::nullopt;
    if (value->empty()) {
        complain(name, "it is empty; leave it out instead");
        return std::nullopt;
    }
    return *value;
}

std::optional<std::int64_t> Parameters::number(std::string_view name, std::int64_t least,
                                               std::int64_t most) {
    const std::optional<std::string> value = text(name);
    if (!value) return std::nullopt;
    const std::optional<std::int64_t> number = parse_number(*value);
    if (number && *number >= least && *number <= most) return number;
    complain(name,
             "it must be a number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

bool Parameters::flag(std::string_view name) {
    const std::optional<std::string> value = text(name);
    if (!value) return false;
    if (*value != "true" && *value != "false") complain(name, "it must be true or false");
    return *value == "true";
}

std::optional<domain::Time> Parameters::time(std::string_view name) {
    const std::optional<std::string> value = text(name);
    if (!value) return std::nullopt;
    std::optional<domain::Time> time = json::parse_date_or_time(*value);
    if (!time) complain(name, "it must be an RFC 3339 time such as 2026-11-22T08:30:00Z");
    return time;
}

std::vector<std::string> Parameters::list(std::string_view name) {
    const std::optional<std::string> value = text(name);
    if (!value) return {};
    std::vector<std::string> entries;
    std::string_view rest = *value;
    while (true) {
        const auto comma = std::min(rest.find(','), rest.size());
        if (comma == 0) {
            complain(name, "it has an empty entry");
            return {};
        }
        entries.emplace_back(rest.substr(0, comma));
        if (comma == rest.size()) return entries;
        rest.remove_prefix(comma + 1);
    }
}

std::vector<std::pair<std::string, std::string>> Parameters::labels(std::string_view name) {
    std::vector<std::pair<std::string, std::string>> found;
    for (const std::string& text : list(name)) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            complain(name, "write KEY=VALUE");
            return {};
        }
        found.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    return found;
}

std::size_t read_limit(Parameters& parameters) {
    const auto most = static_cast<std::int64_t>(kLargestPage);
    return static_cast<std::size_t>(parameters.number("limit", 1, most).value_or(kDefaultPage));
}

// A token reads `1.LIST.NUMBER`.
Result<std::int64_t> read_number_token(const ApiCall& call) {
    const std::string* token = call.query.get("page_token");
    std::int64_t none = 0;
    if (token == nullptr) return none;
    const std::string begin = begin_of_token(list_name(call));
    std::optional<std::int64_t> number;
    if (token->starts_with(begin))
        number = parse_number(std::string_view(*token).substr(begin.size()));
    if (number && *number >= 0) return *number;
    return Error(ErrorCode::bad_page_token,
                 "cannot use page_token: it was not made for this list; start without it");
}

Result<Paging> read_paging(Parameters& parameters, const ApiCall& call) {
    Paging paging;
    paging.limit = read_limit(parameters);
    if (const std::optional<std::string> sort = parameters.text("sort")) {
        std::string_view column = *sort;
        paging.order.newest_first = column.starts_with('-');
        if (paging.order.newest_first) column.remove_prefix(1);
        if (column == "updated_at") {
            paging.order.column = store::SortColumn::updated_at;
        } else if (column != "created_at") {
            parameters.complain("sort", "use created_at, -created_at, updated_at or -updated_at");
        }
    }
    paging.list = list_name(call);
    const std::optional<std::string> token = parameters.text("page_token");
    if (parameters.problem()) return *parameters.problem();
    if (!token) return paging;
    paging.after = parse_token(*token, paging.list);
    if (!paging.after)
        return Error(ErrorCode::bad_page_token,
                     "cannot use page_token: it was not made for this list; start without it");
    return paging;
}

std::string page_token(const Paging& paging, const store::PageKey& key) {
    return begin_of_token(paging.list) + std::to_string(key.at) + "." + key.id;
}

std::string number_token(const ApiCall& call, std::int64_t number) {
    return begin_of_token(list_name(call)) + std::to_string(number);
}

}  // namespace cabroker::api
