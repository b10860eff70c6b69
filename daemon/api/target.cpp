#include "daemon/api/target.hpp"

#include <algorithm>

namespace cabroker::api {
namespace {

using domain::Error;
using domain::ErrorCode;

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool decode(std::string_view text, bool plus_is_space, std::string& out) {
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (i + 2 >= text.size()) return false;
            const int high = hex_value(text[i + 1]);
            const int low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return false;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x20 || octet == 0x7F) return false;
        out += c;
    }
    return is_utf8(out);
}

bool has_encoded_slash(std::string_view path) {
    for (std::size_t i = 0; i + 2 < path.size(); ++i) {
        if (path[i] == '%' && path[i + 1] == '2' && (path[i + 2] == 'F' || path[i + 2] == 'f'))
            return true;
    }
    return false;
}

bool read_query(std::string_view text, Query& query) {
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const std::string_view item = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (item.empty()) continue;
        const auto equals = std::min(item.find('='), item.size());
        std::string name;
        std::string value;
        if (!decode(item.substr(0, equals), true, name)) return false;
        if (equals < item.size() && !decode(item.substr(equals + 1), true, value)) return false;
        query.add(std::move(name), std::move(value));
    }
    return true;
}

}  // namespace

bool is_utf8(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        if (lead < 0xC2 || lead > 0xF4 || i + length > text.size()) return false;
        const auto second = static_cast<unsigned char>(text[i + 1]);
        const unsigned least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        const unsigned most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (second < least || second > most) return false;
        for (std::size_t k = 2; k < length; ++k) {
            if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
        }
        i += length;
    }
    return true;
}

Result<Target> parse_target(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        target.remove_prefix(scheme.size());
        const auto slash = target.find_first_of("/?");
        if (slash == std::string_view::npos || target[slash] == '?')
            return Error(ErrorCode::malformed_request, "cannot read the request target: no path");
        target.remove_prefix(slash);
        break;
    }
    if (!target.starts_with('/') || target.find('#') != std::string_view::npos)
        return Error(ErrorCode::malformed_request,
                     "cannot read the request target: it must be a path and a query");
    const auto mark = std::min(target.find('?'), target.size());
    const std::string_view path = target.substr(0, mark);
    Target out;
    if (mark < target.size()) out.raw_query = target.substr(mark + 1);
    if (has_encoded_slash(path) || !decode(path, false, out.path) ||
        !read_query(out.raw_query, out.query))
        return Error(ErrorCode::malformed_request,
                     "cannot read the request target: bad percent encoding or UTF-8");
    return out;
}

}  // namespace cabroker::api
