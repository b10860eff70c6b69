// The JSON form of a prepared request.
#include <boost/json.hpp>

#include "adapters/portal/prepared.hpp"

namespace cabroker::adapters::portal {

namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;
using config::BodyEncoding;

constexpr std::size_t kWorthAReference = 256;

std::string_view word_of(BodyEncoding encoding) {
    switch (encoding) {
        case BodyEncoding::none:
            return "none";
        case BodyEncoding::form:
            return "form";
        case BodyEncoding::multipart:
            return "multipart";
        case BodyEncoding::json:
            return "json";
    }
    return "none";
}

std::optional<BodyEncoding> encoding_of(std::string_view word) {
    for (const BodyEncoding encoding :
         {BodyEncoding::none, BodyEncoding::form, BodyEncoding::multipart, BodyEncoding::json}) {
        if (word_of(encoding) == word) return encoding;
    }
    return std::nullopt;
}

std::optional<std::string> string_at(const object& from, std::string_view key) {
    const value* found = from.if_contains(key);
    if (found == nullptr || !found->is_string()) return std::nullopt;
    return std::string(found->get_string());
}

const array* array_at(const object& from, std::string_view key) {
    const value* found = from.if_contains(key);
    return found == nullptr ? nullptr : found->if_array();
}

/// `[name, text, ...]`, `count` strings; empty when it is something else.
std::vector<std::string> strings_of(const value& item, std::size_t count) {
    std::vector<std::string> out;
    const array* list = item.if_array();
    if (list == nullptr || list->size() != count) return out;
    for (const value& element : *list) {
        if (!element.is_string()) return {};
        out.emplace_back(element.get_string());
    }
    return out;
}

bool read_values(const object& from, const Variables& variables, Prepared& into) {
    const array* values = array_at(from, "values");
    if (values == nullptr) return false;
    for (const value& item : *values) {
        std::vector<std::string> parts = strings_of(item, 5);
        if (parts.empty()) return false;
        std::string text = std::move(parts[1]);
        if (!parts[2].empty()) {
            const auto known = variables.text(parts[2]);
            if (!known) return false;
            text = *known;
        }
        into.values.emplace_back(std::move(parts[0]), std::move(text));
        into.files.push_back({std::move(parts[3]), std::move(parts[4])});
    }
    return true;
}

bool read_carried(const object& from, Prepared& into) {
    const value* carried = from.if_contains("carried");
    if (carried == nullptr) return true;
    if (!carried->is_object()) return false;
    for (const auto& member : carried->get_object()) {
        if (!member.value().is_string()) return false;
        into.carried.emplace(std::string(member.key()), std::string(member.value().get_string()));
    }
    return true;
}

array json_strings(std::initializer_list<std::string_view> strings) {
    array out;
    for (const std::string_view text : strings) out.emplace_back(text);
    return out;
}

}  // namespace

value to_json(const Prepared& prepared, const Variables& variables) {
    object out;
    out["step"] = prepared.step;
    out["method"] = prepared.method;
    out["url"] = prepared.url;
    out["encoding"] = word_of(prepared.encoding);
    array values;
    const auto csr = variables.text("csr");
    for (std::size_t i = 0; i < prepared.values.size(); ++i) {
        const auto& [name, text] = prepared.values[i];
        const bool refer = csr && text == *csr && text.size() >= kWorthAReference;
        const FilePart file = i < prepared.files.size() ? prepared.files[i] : FilePart{};
        const std::string_view kept = refer ? std::string_view() : std::string_view(text);
        const std::string_view reference = refer ? "csr" : "";
        values.push_back(json_strings({name, kept, reference, file.name, file.content_type}));
    }
    out["values"] = std::move(values);
    out["document"] = prepared.document;
    object carried;
    for (const auto& [name, text] : prepared.carried) carried[name] = text;
    out["carried"] = std::move(carried);
    return out;
}

std::optional<Prepared> prepared_from(const value& from, const Variables& variables) {
    const object* fields = from.if_object();
    if (fields == nullptr) return std::nullopt;
    const value* step = fields->if_contains("step");
    const auto method = string_at(*fields, "method");
    const auto url = string_at(*fields, "url");
    const auto encoding = encoding_of(string_at(*fields, "encoding").value_or(std::string()));
    const auto document = string_at(*fields, "document");
    if (step == nullptr || !step->is_number() || !method || !url || !encoding || !document) {
        return std::nullopt;
    }
    boost::json::error_code bad_number;
    Prepared prepared;
    prepared.step = step->to_number<std::size_t>(bad_number);
    prepared.method = *method;
    prepared.url = *url;
    prepared.encoding = *encoding;
    prepared.document = *document;
    if (bad_number || !read_values(*fields, variables, prepared)) return std::nullopt;
    if (!read_carried(*fields, prepared)) return std::nullopt;
    return prepared;
}

}  // namespace cabroker::adapters::portal
