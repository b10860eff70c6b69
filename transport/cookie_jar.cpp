#include "transport/cookie_jar.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>

namespace cabroker::transport {
namespace {

using domain::Error;
using domain::ErrorCode;
using domain::Result;

/// Netscape cookie file: domain, subdomains, path, secure, expires, name, value.
using Fields = std::array<std::string_view, 7>;
constexpr std::string_view kHttpOnly = "#HttpOnly_";

std::optional<Fields> split(std::string_view line) {
    if (line.starts_with(kHttpOnly)) line.remove_prefix(kHttpOnly.size());
    Fields fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::size_t tab = line.find('\t');
        const bool last = i + 1 == fields.size();
        if (last != (tab == std::string_view::npos)) return std::nullopt;
        fields[i] = line.substr(0, tab);
        if (!last) line.remove_prefix(tab + 1);
    }
    return fields;
}

bool is_clean(std::string_view line) {
    for (const char c : line) {
        if (static_cast<unsigned char>(c) < ' ' && c != '\t') return false;
        if (c == 127) return false;
    }
    return true;
}

/// RFC 6265 §5.1.3: the host itself, or a parent domain when the cookie says so.
bool is_for_host(const Fields& fields, const std::string& host) {
    std::string_view domain = fields[0];
    if (domain.starts_with('.')) domain.remove_prefix(1);
    if (domain == host) return true;
    if (fields[1] != "TRUE" || domain.empty() || domain.size() >= host.size()) return false;
    return host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.';
}

/// libcurl lists cookies that the peer has just ended until its next look.
bool is_over(const Fields& fields) {
    std::int64_t expires = 0;
    const std::string_view text = fields[4];
    std::from_chars(text.data(), text.data() + text.size(), expires);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return expires != 0 && expires <= std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace

Result<CookieJar> CookieJar::parse(std::string_view text) {
    if (text.empty()) return CookieJar();
    const Error unreadable(ErrorCode::bad_answer, "cannot read the session: it is no cookie jar");
    const std::size_t first = text.find('\n');
    const Result<Origin> origin = Origin::parse(text.substr(0, first));
    if (!origin) return unreadable;
    std::vector<std::string> lines;
    while (first != std::string_view::npos) {
        text.remove_prefix(text.find('\n') + 1);
        const std::size_t end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        if (!split(lines.back())) return unreadable;
        if (end == std::string_view::npos) break;
    }
    CookieJar jar(*origin);
    const Result<void> kept = jar.replace(*origin, std::move(lines));
    if (!kept) return kept.error();
    return jar;
}

domain::Secret CookieJar::text() const {
    if (!origin_) return {};
    std::string text = origin_->text();
    for (const std::string& line : lines_) {
        text += '\n';
        text += line;
    }
    return domain::Secret(std::move(text));
}

std::optional<std::string> CookieJar::value(std::string_view name) const {
    for (const std::string& line : lines_) {
        const std::optional<Fields> fields = split(line);
        if (fields && (*fields)[5] == name) return std::string((*fields)[6]);
    }
    return std::nullopt;
}

Result<void> CookieJar::replace(const Origin& origin, std::vector<std::string> lines) {
    std::vector<std::string> kept;
    std::size_t octets = 0;
    for (std::string& line : lines) {
        const std::optional<Fields> fields = split(line);
        if (!fields || !is_clean(line) || !is_for_host(*fields, origin.host())) continue;
        if (is_over(*fields)) continue;
        octets += line.size();
        kept.push_back(std::move(line));
    }
    if (kept.size() > kMaxCookies || octets > kMaxBytes) {
        return Error(ErrorCode::limit_exceeded, "cannot keep the session: too many cookies")
            .with("cause", "cookies");
    }
    origin_ = origin;
    lines_ = std::move(kept);
    return {};
}

}  // namespace cabroker::transport
