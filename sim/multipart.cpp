#include "sim/multipart.hpp"

namespace cabroker::sim {
namespace {

constexpr std::size_t kMostParts = 100;

/// The value of `name=...` in a header, quoted or not.
std::string parameter(std::string_view header, std::string_view name) {
    const std::string wanted = "; " + std::string(name) + "=";
    std::size_t at = header.find(wanted);
    if (at == std::string_view::npos) at = header.find(wanted.substr(0, 1) + wanted.substr(2));
    if (at == std::string_view::npos) return "";
    std::string_view value = header.substr(header.find('=', at) + 1);
    if (!value.empty() && value.front() == '"') {
        value.remove_prefix(1);
        return std::string(value.substr(0, value.find('"')));
    }
    return trimmed(value.substr(0, value.find(';')));
}

/// The name in a part's Content-Disposition; empty: none.
std::string name_of(std::string_view head) {
    for (const std::string& line : split(head, '\n')) {
        if (lower(line).starts_with("content-disposition:"))
            return parameter(trimmed(line), "name");
    }
    return "";
}

}  // namespace

std::optional<Fields> parse_multipart(std::string_view content_type, std::string_view body) {
    const std::string boundary = parameter(content_type, "boundary");
    if (boundary.empty()) return std::nullopt;
    const std::string delimiter = "\r\n--" + boundary;
    Fields fields;
    std::size_t at = body.find(std::string_view(delimiter).substr(2));
    if (at == std::string_view::npos) return std::nullopt;
    at += delimiter.size() - 2;
    for (std::size_t parts = 0; parts <= kMostParts; ++parts) {
        if (body.substr(at).starts_with("--")) return fields;
        const std::size_t head_end = body.find("\r\n\r\n", at);
        const std::size_t end =
            head_end == std::string_view::npos ? head_end : body.find(delimiter, head_end + 2);
        if (end == std::string_view::npos) return std::nullopt;
        const std::string name = name_of(body.substr(at, head_end - at));
        // An empty part's delimiter begins inside the blank line.
        const std::size_t start = std::min(head_end + 4, end);
        if (!name.empty()) fields.emplace(name, std::string(body.substr(start, end - start)));
        at = end + delimiter.size();
    }
    return std::nullopt;
}

Fields parse_any_form(std::string_view content_type, std::string_view body) {
    if (lower(content_type).starts_with("multipart/form-data")) {
        return parse_multipart(content_type, body).value_or(Fields());
    }
    return parse_form(body);
}

}  // namespace cabroker::sim
