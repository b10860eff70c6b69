#include "json/reader.hpp"

#include <algorithm>
#include <bit>
#include <boost/json.hpp>
#include <vector>

#include "domain/text_marks.hpp"
#include "json/suggestion.hpp"
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

// How many members of an object are kept track of with a bit each.
constexpr std::size_t kTracked = 64;

std::string_view name_of(const bj::key_value_pair& entry) {
    return {entry.key().data(), entry.key().size()};
}

}  // namespace

std::string pointer_segment(std::string_view key) {
    if (key.find_first_of("~/") == std::string_view::npos) return std::string(key);
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
    std::string pointer;
    pointer.reserve(pointer_.size() + 1 + key.size());
    pointer += pointer_;
    pointer += '/';
    pointer += pointer_segment(key);
    return pointer;
}

void ObjectReader::complain(std::string_view key, std::string code, std::string detail) {
    problems_.emplace_back(at(key), std::move(code), std::move(detail));
}

std::vector<std::string_view> ObjectReader::asked_names() const {
    std::vector<std::string_view> names(first_asked_.begin(), first_asked_.begin() + count_);
    names.insert(names.end(), more_asked_.begin(), more_asked_.end());
    return names;
}

// Names of one length are few, so that looking at each is quicker than a hash.
const bj::key_value_pair* ObjectReader::find(std::string_view key) const {
    if (object_ == nullptr) return nullptr;
    const auto* found = object_->end();
    if (object_->size() <= kTracked) {
        found = std::find_if(object_->begin(), object_->end(),
                             [key](const auto& entry) { return name_of(entry) == key; });
    } else {
        found = object_->find(bj::string_view(key.data(), key.size()));
    }
    return found == object_->end() ? nullptr : found;
}

const bj::value* ObjectReader::member(std::string_view key) {
    if (count_ < first_asked_.size()) {
        first_asked_[count_++] = key;
    } else {
        more_asked_.push_back(key);
    }
    const bj::key_value_pair* found = find(key);
    if (found == nullptr) return nullptr;
    const auto place = static_cast<std::size_t>(found - object_->begin());
    if (place < kTracked) read_ |= std::uint64_t{1} << place;
    return found->value().is_null() ? nullptr : &found->value();
}

bool ObjectReader::has(std::string_view key) const {
    const bj::key_value_pair* found = find(key);
    return found != nullptr && !found->value().is_null();
}

bool ObjectReader::require(std::string_view key) {
    if (has(key)) return true;
    if (object_ != nullptr) complain(key, "required", "give this member");
    return false;
}

std::optional<std::string_view> ObjectReader::checked(std::string_view key, std::size_t max_bytes,
                                                      Shape shape) {
    const bj::value* found = member(key);
    if (found == nullptr) return std::nullopt;
    const bj::string* string = found->if_string();
    if (string == nullptr) {
        complain(key, "wrong_type", "must be a string");
        return std::nullopt;
    }
    const std::string_view value(string->data(), string->size());
    if (value.size() > max_bytes) {
        complain(key, "out_of_range", "must be at most " + std::to_string(max_bytes) + " octets");
        return std::nullopt;
    }
    if (domain::is_plain(value)) return value;
    if (std::any_of(value.begin(), value.end(), is_control)) {
        complain(key, "bad_format", "must not hold control characters");
        return std::nullopt;
    }
    if (misleads(value)) {
        complain(key, "bad_format", kMisleads);
        return std::nullopt;
    }
    if (shape == Shape::line && !is_one_line(value)) {
        complain(key, "bad_format", "must be one line without control characters");
        return std::nullopt;
    }
    return value;
}

std::optional<std::string_view> ObjectReader::text_view(std::string_view key,
                                                        std::size_t max_bytes) {
    return checked(key, max_bytes, Shape::text);
}

std::optional<std::string_view> ObjectReader::line_view(std::string_view key,
                                                        std::size_t max_bytes) {
    return checked(key, max_bytes, Shape::line);
}

std::optional<std::string> ObjectReader::text(std::string_view key, std::size_t max_bytes) {
    const std::optional<std::string_view> value = text_view(key, max_bytes);
    if (!value) return std::nullopt;
    return std::string(*value);
}

std::optional<std::string> ObjectReader::line(std::string_view key, std::size_t max_bytes) {
    const std::optional<std::string_view> value = line_view(key, max_bytes);
    if (!value) return std::nullopt;
    return std::string(*value);
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
    const std::optional<std::string_view> value = line_view(key);
    if (!value) return std::nullopt;
    std::optional<domain::Time> time = parse_date_or_time(*value);
    if (!time) complain(key, "bad_format", "must be an RFC 3339 time such as 2026-11-22T08:30:00Z");
    return time;
}

std::optional<domain::Duration> ObjectReader::duration(std::string_view key) {
    const std::optional<std::string_view> value = line_view(key);
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
        const auto complain_here = [&, place = index++](const char* code, const char* detail) {
            problems_.emplace_back(at(key) + "/" + std::to_string(place), code, detail);
        };
        const bj::string* string = entry.if_string();
        if (string == nullptr) {
            complain_here("wrong_type", "must be a string");
            continue;
        }
        const std::string_view value(string->data(), string->size());
        if (misleads(value)) {
            complain_here("bad_format", kMisleads);
        } else if (value.size() > 1024 || !is_one_line(value)) {
            complain_here("bad_format", "must be one line of at most 1024 octets");
        } else {
            values.emplace_back(value);
        }
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
        const std::string_view name = name_of(entry);
        if (entry.value().is_null()) {
            inner.complain(name, "wrong_type", "must be a string");
            continue;
        }
        if (const std::optional<std::string_view> value = inner.line_view(name))
            values.emplace(name, *value);
    }
    return values;
}

void ObjectReader::finish() {
    if (object_ == nullptr) return;
    const std::size_t size = object_->size();
    if (size <= kTracked && static_cast<std::size_t>(std::popcount(read_)) == size) return;
    const std::vector<std::string_view> asked = asked_names();
    int suggestions = 0;
    for (const auto& entry : *object_) {
        const std::string_view name = name_of(entry);
        if (std::find(asked.begin(), asked.end(), name) != asked.end()) continue;
        // Looking for what was meant costs much more than saying that it is unknown.
        const std::string meant = ++suggestions <= kMaxSuggestions ? closest(name, asked) : "";
        complain(name, "unknown_field",
                 "remove this member: it is not known here" +
                     (meant.empty() ? std::string() : "; did you mean \"" + meant + "\"?"));
    }
}

}  // namespace cabroker::json
