#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "cli/text.hpp"
#include "cli/view.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

// Words that YAML 1.1 or 1.2 readers take for something other than text.
bool is_reserved(std::string_view text) {
    static constexpr std::array<std::string_view, 11> kWords{
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"};
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

bool is_plain(std::string_view text) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    constexpr std::string_view kMore = "0123456789.-/@+";
    if (text.empty() || kLetters.find(text.front()) == std::string_view::npos) return false;
    for (const char c : text) {
        if (kLetters.find(c) == std::string_view::npos && kMore.find(c) == std::string_view::npos) {
            return false;
        }
    }
    return !is_reserved(text);
}

// A text of several lines that a literal block gives back exactly.
bool fits_block(std::string_view text) {
    return text.size() > 1 && text.find('\n') != std::string_view::npos && text.front() != ' ' &&
           text.front() != '\n' && text.front() != '\t' && clean_lines(text) == text &&
           !text.ends_with("\n\n");
}

std::string yaml_scalar(std::string_view text, const std::string& indent) {
    if (is_plain(text)) return std::string(text);
    if (!fits_block(text)) return clean_json(bj::serialize(bj::string(text)));
    const bool ends = text.back() == '\n';
    std::string out = ends ? "|" : "|-";
    if (ends) text.remove_suffix(1);
    while (true) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        out += '\n';
        if (!line.empty()) out += indent + std::string(line);
        if (end == std::string_view::npos) return out;
        text.remove_prefix(end + 1);
    }
}

void emit(const bj::value& value, const std::string& indent, bool in_list, std::string& out);

void emit_member(const bj::value& value, const std::string& indent, std::string& out) {
    const bool nested = (value.is_object() && !value.get_object().empty()) ||
                        (value.is_array() && !value.get_array().empty());
    if (nested) {
        out += '\n';
        emit(value, indent, false, out);
    } else {
        out += ' ';
        emit(value, indent, false, out);
        out += '\n';
    }
}

// Nested values end with a line feed, scalars do not. In a list the first line continues the
// dash's.
void emit(const bj::value& value, const std::string& indent, bool in_list, std::string& out) {
    if (const bj::object* const object = value.if_object(); object != nullptr && !object->empty()) {
        bool first = in_list;
        for (const auto& [key, member] : *object) {
            if (!first) out += indent;
            first = false;
            out += is_plain(key) ? std::string(key) : clean_json(bj::serialize(bj::string(key)));
            out += ':';
            emit_member(member, indent + "  ", out);
        }
        return;
    }
    if (const bj::array* const array = value.if_array(); array != nullptr && !array->empty()) {
        bool first = in_list;
        for (const bj::value& item : *array) {
            if (!first) out += indent;
            first = false;
            out += "- ";
            const std::size_t before = out.size();
            emit(item, indent + "  ", true, out);
            if (out.size() == before || out.back() != '\n') out += '\n';
        }
        return;
    }
    if (const bj::string* const text = value.if_string()) {
        out += yaml_scalar(*text, indent);
    } else {
        out += bj::serialize(value);
    }
}

}  // namespace

std::string yaml(const bj::value& body) {
    std::string out;
    emit(body, "", false, out);
    if (out.empty() || out.back() != '\n') out += '\n';
    return out;
}

}  // namespace cabroker::cli
