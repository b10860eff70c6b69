#include "transport/origin.hpp"

#include <algorithm>
#include <boost/url.hpp>
#include <charconv>
#include <utility>
#include <vector>

namespace cabroker::transport {
namespace {

using domain::Error;
using domain::ErrorCode;
using domain::Result;

constexpr std::size_t kMaxUrl = 8192;
constexpr std::uint16_t kHttpsPort = 443;

bool is_printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

Error bad_origin(const char* why) {
    return {ErrorCode::bad_configuration, std::string("cannot use the URL: ") + why};
}

/// RFC 3986 §5.2.4 for an absolute path: `.` goes, `..` takes a segment with it, as far as there is
/// one.
std::string without_dots(std::string_view path) {
    std::vector<std::string_view> kept;
    bool folder = false;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::string_view segment = path.substr(0, path.find('/'));
        path.remove_prefix(segment.size());
        folder = segment == "." || segment == "..";
        if (segment == ".." && !kept.empty()) kept.pop_back();
        if (!folder) kept.push_back(segment);
    }
    std::string out;
    for (const std::string_view segment : kept) {
        out += '/';
        out += segment;
    }
    if (folder || out.empty()) out += '/';
    return out;
}

}  // namespace

Result<Origin> Origin::parse(std::string_view url) {
    if (url.size() > kMaxUrl) return bad_origin("it is too long");
    if (!is_printable_ascii(url)) return bad_origin("it has a character that no URL has");
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed) return bad_origin("it is no absolute URL");
    if (parsed->scheme_id() != boost::urls::scheme::https) return bad_origin("it is not https");
    if (parsed->has_userinfo()) return bad_origin("it has user information");
    const std::string host = parsed->host_address();
    if (host.empty()) return bad_origin("it has no host");
    const bool is_v6 = parsed->host_type() == boost::urls::host_type::ipv6;
    if (parsed->host_type() == boost::urls::host_type::ipvfuture)
        return bad_origin("its host is unknown");
    for (const char c : host) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        if (!plain && !(is_v6 && c == ':')) return bad_origin("its host is no host name");
    }
    const std::string port_text(std::string_view(parsed->port()));
    std::uint16_t port = kHttpsPort;
    if (!port_text.empty()) {
        const char* const end = port_text.data() + port_text.size();
        const auto read = std::from_chars(port_text.data(), end, port);
        if (read.ec != std::errc() || read.ptr != end || port == 0) {
            return bad_origin("its port is no port");
        }
    }
    Origin origin;
    origin.host_ = host;
    for (char& c : origin.host_) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    origin.port_ = port;
    origin.text_ = "https://" + (is_v6 ? "[" + origin.host_ + "]" : origin.host_);
    if (origin.port_ != kHttpsPort) origin.text_ += ":" + std::to_string(origin.port_);
    return origin;
}

bool same_origin(const Origin& pinned, std::string_view url) {
    const Result<Origin> other = Origin::parse(url);
    return other.has_value() && *other == pinned;
}

Result<std::string> resolve_url(std::string_view base, std::string_view reference) {
    const Error unreadable(ErrorCode::bad_answer, "cannot resolve the link: it is no URL");
    if (base.size() > kMaxUrl || reference.size() > kMaxUrl) return unreadable;
    if (!is_printable_ascii(base) || !is_printable_ascii(reference)) return unreadable;
    const auto from = boost::urls::parse_uri(base);
    const auto to = boost::urls::parse_uri_reference(reference);
    if (!from || !to) return unreadable;
    boost::urls::url resolved;
    // Boost.URL 1.81 drops the query of the base for an empty reference; RFC 3986 §5.2.2 keeps it.
    if (to->encoded_path().empty() && !to->has_authority() && !to->has_scheme()) {
        resolved = *from;
        if (to->has_query()) resolved.set_encoded_query(to->encoded_query());
    } else if (!boost::urls::resolve(*from, *to, resolved)) {
        return unreadable;
    }
    resolved.remove_fragment();
    if (!resolved.has_authority()) return std::string(resolved.buffer());
    std::string text(std::string_view(resolved.scheme()));
    text += "://";
    text += std::string_view(resolved.encoded_authority());
    text += without_dots(resolved.encoded_path());
    if (resolved.has_query()) {
        text += '?';
        text += std::string_view(resolved.encoded_query());
    }
    return text;
}

Result<std::string> resolve_within(const Origin& pinned, std::string_view base,
                                   std::string_view reference) {
    Result<std::string> resolved = resolve_url(base, reference);
    if (!resolved) return resolved;
    if (same_origin(pinned, *resolved)) return resolved;
    const Result<Origin> other = Origin::parse(*resolved);
    return Error(ErrorCode::bad_answer,
                 "cannot follow the link: it leads away from " + pinned.text())
        .with("origin", other ? other->text() : "not https");
}

std::string url_escape(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out += c;
            continue;
        }
        const auto octet = static_cast<unsigned char>(c);
        out += '%';
        out += kHex[octet >> 4U];
        out += kHex[octet & 15U];
    }
    return out;
}

}  // namespace cabroker::transport
