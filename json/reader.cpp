#include "json/reader.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <set>
#include <vector>

#include "domain/text_marks.hpp"
#include "json/time_text.hpp"

namespace cabroker::json {
namespace {

namespace bj = boost::json;

constexpr int kMaxSuggestions = 20;
constexpr const char* kMisleads =
    "must not hold characters that turn the direction of writing, such as U+202E or U+200F";

// What no text of ours holds.
bool is_control(char c) {
    const auto octet = static_cast<unsigned char>(c);
    const bool in_lines = c == '\t' || c == '\n' || c == '\r';
    return (octet < 0x20 && !in_lines) || octet == 0x7F;
}

bool is_one_line(std::string_view text) {
    bool plain = true;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x20 || octet == 0x7F) return false;
        plain = plain && octet < 0x80;
    }
    return plain || !domain::has_unicode_line_end(text);
}

// Edit distance with swaps of neighbours, for short names.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1,
                                               std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            cost[i][j] = std::min({replaced, cost[i - 1][j] + 1, cost[i][j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

// The known name that a wrong one was probably meant to be, or nothing.
std::string closest(std::string_view name, std::vector<std::string_view> known) {
    if (name.size() > 64) return {};
    std::sort(known.begin(), known.end());
    std::string best;
    std::size_t least = std::max<std::size_t>(name.size() / 3, 1) + 1;
    for (const std::string_view candidate : known) {
        const std::size_t far = distance(name, candidate);
        if (far < least) {
            least = far;
            best = candidate;
        }
    }
    return best;
}

}  // namespace

std::string pointer_segment(std::string_view key) {
    std::string out;
    for (const char c : key) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out += c;
        }
    }
    return out;
}

ObjectReader::ObjectReader(const bj::value& value, std::string pointer, Problems& problems,
                           Marks marks)
    : object_(value.if_object()), pointer_(std::move(pointer)), marks_(marks), problems_(problems) {
    if (object_ == nullptr) problems_.emplace_back(pointer_, "wrong_type", "must be an object");
}

bool ObjectReader::misleads(std::string_view value) const {
    return marks_ == Marks::refused && domain::has_direction_control(value);
}

std::string ObjectReader::at(std::string_view key) const {
    return pointer_ + "/" + pointer_segment(key);
}

void ObjectReader::complain(std::string_view key, std::string code, std::string detail) {
    problems_.emplace_back(at(key), std::move(code), std::move(detail));
}

const bj::value* ObjectReader::member(std::string_view key) {
    if (asked_.empty()) asked_.reserve(24);
    asked_.push_back(key);
    if (object_ == nullptr) return nullptr;
    const bj::value* found = object_->if_contains(bj::string_view(key.data(), key.size()));
    return found == nullptr || found->is_null() ? nullptr : found;
}

bool ObjectReader::has(std::string_view key) const {
    if (object_ == nullptr) return false;
    const bj::value* found = object_->if_contains(bj::string_view(key.data(), key.size()));
    return found != nullptr && !found->is_null();
}

bool ObjectReader::require(std::string_view key) {
    if (has(key)) return true;
    if (object_ != nullptr) complain(key, "required", "give this member");
    return false;
}

std::optional<std::string> ObjectReader::text(std::string_view key, std::size_t max_bytes) {
    const bj::value* found = member(key);
    if (found == nullptr) return std::nullopt;
    if (!found->is_string()) {
        complain(key, "wrong_type", "must be a string");
        return std::nullopt;
    }
    std::string value(found->get_string().data(), found->get_string().size());
    if (value.size() > max_bytes) {
        complain(key, "out_of_range", "must be at most " + std::to_string(max_bytes) + " octets");
        return std::nullopt;
    }
    if (std::any_of(value.begin(), value.end(), is_control)) {
        complain(key, "bad_format", "must not hold control characters");
        return std::nullopt;
    }
    if (misleads(value)) {
        complain(key, "bad_format", kMisleads);
        return std::nullopt;
    }
    return value;
}

std::optional<std::string> ObjectReader::line(std::string_view key, std::size_t max_bytes) {
    std::optional<std::string> value = text(key, max_bytes);
    if (!value) return std::nullopt;
    if (!is_one_line(*value)) {
        complain(key, "bad_format", "must be one line without control characters");
        return std::nullopt;
    }
    return value;
}

std::optional<bool> ObjectReader::boolean(std::string_view key) {
    const bj::value* found = member(key);
    if (found == nullptr) return std::nullopt;
    if (!found->is_bool()) {
        complain(key, "wrong_type", "must be true or false");
        return std::nullopt;
    }
    return found->get_bool();
}

std::optional<std::int64_t> ObjectReader::integer(std::string_view key, std::int64_t least,
                                                  std::int64_t most) {
    const bj::value* found = member(key);
    if (found == nullptr) return std::nullopt;
    if (!found->is_int64() && !found->is_uint64()) {
        complain(key, "wrong_type", "must be an integer");
        return std::nullopt;
    }
    const bool too_big = found->is_uint64();
    if (too_big || found->get_int64() < least || found->get_int64() > most) {
        complain(key, "out_of_range",
                 "must be from " + std::to_string(least) + " to " + std::to_string(most));
        return std::nullopt;
    }
    return found->get_int64();
}

std::optional<domain::Time> ObjectReader::time(std::string_view key) {
    const std::optional<std::string> value = line(key);
    if (!value) return std::nullopt;
    std::optional<domain::Time> time = parse_date_or_time(*value);
    if (!time) complain(key, "bad_format", "must be an RFC 3339 time such as 2026-11-22T08:30:00Z");
    return time;
}

std::optional<domain::Duration> ObjectReader::duration(std::string_view key) {
    const std::optional<std::string> value = line(key);
    if (!value) return std::nullopt;
    std::optional<domain::Duration> duration = domain::parse_duration(*value);
    if (!duration)
        complain(key, "bad_format", "must be a duration such as 500ms, 30s, 5m, 2h or 7d");
    return duration;
}

std::optional<std::vector<std::string>> ObjectReader::lines(std::string_view key,
                                                            std::size_t most) {
    const bj::value* found = member(key);
    if (found == nullptr) return std::nullopt;
    if (!found->is_array()) {
        complain(key, "wrong_type", "must be an array of strings");
        return std::nullopt;
    }
    const bj::array& array = found->get_array();
    if (array.size() > most) {
        complain(key, "out_of_range", "must have at most " + std::to_string(most) + " entries");
        return std::nullopt;
    }
    std::vector<std::string> values;
    std::size_t index = 0;
    for (const bj::value& entry : array) {
        const std::string where = at(key) + "/" + std::to_string(index++);
        if (!entry.is_string()) {
            problems_.emplace_back(where, "wrong_type", "must be a string");
            continue;
        }
        std::string value(entry.get_string().data(), entry.get_string().size());
        if (misleads(value)) {
            problems_.emplace_back(where, "bad_format", kMisleads);
            continue;
        }
        if (value.size() > 1024 || !is_one_line(value)) {
            problems_.emplace_back(where, "bad_format", "must be one line of at most 1024 octets");
            continue;
        }
        values.push_back(std::move(value));
    }
    return values;
}

std::optional<std::map<std::string, std::string>> ObjectReader::string_map(std::string_view key,
                                                                           std::size_t most) {
    const bj::value* found = member(key);
    if (found == nullptr) return std::nullopt;
    if (!found->is_object()) {
        complain(key, "wrong_type", "must be an object of strings");
        return std::nullopt;
    }
    if (found->get_object().size() > most) {
        complain(key, "out_of_range", "must have at most " + std::to_string(most) + " members");
        return std::nullopt;
    }
    std::map<std::string, std::string> values;
    ObjectReader inner(*found, at(key), problems_, marks_);
    for (const auto& entry : found->get_object()) {
        const std::string name(entry.key().data(), entry.key().size());
        if (entry.value().is_null()) {
            inner.complain(name, "wrong_type", "must be a string");
            continue;
        }
        if (std::optional<std::string> value = inner.line(name))
            values.emplace(name, std::move(*value));
    }
    return values;
}

void ObjectReader::finish() {
    if (object_ == nullptr) return;
    int suggestions = 0;
    for (const auto& entry : *object_) {
        const std::string_view name(entry.key().data(), entry.key().size());
        if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
        // Looking for what was meant costs much more than saying that it is unknown.
        const std::string meant = ++suggestions <= kMaxSuggestions ? closest(name, asked_) : "";
        complain(name, "unknown_field",
                 "remove this member: it is not known here" +
                     (meant.empty() ? std::string() : "; did you mean \"" + meant + "\"?"));
    }
}

}  // namespace cabroker::json
