// Origins and URLs: every URL that a page, a redirect or a form names is resolved and compared here
// before anything is sent to it. https only, no user information, no fragment. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "domain/error.hpp"

namespace cabroker::transport {

/// Scheme (always https), host (lower case) and port of a URL (RFC 6454).
class Origin {
  public:
    /// Reads the origin of an absolute URL. bad_configuration when it is not https, has user
    /// information, no host, or is no URL of printable ASCII.
    [[nodiscard]] static domain::Result<Origin> parse(std::string_view url);

    /// `https://host` or `https://host:8443`; an IPv6 address in brackets.
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] const std::string& host() const { return host_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    bool operator==(const Origin&) const = default;

  private:
    std::string text_;
    std::string host_;
    std::uint16_t port_ = 443;
};

/// Is `url` an absolute https URL of this origin? False for anything that Origin::parse refuses.
[[nodiscard]] bool same_origin(const Origin& pinned, std::string_view url);

/// Resolves a reference against the absolute URL it was found at (RFC 3986 §5) and drops the
/// fragment. Any scheme may come out. bad_answer when either is no URL.
[[nodiscard]] domain::Result<std::string> resolve_url(std::string_view base,
                                                      std::string_view reference);

/// resolve_url, and the result must be of the pinned origin: else bad_answer with fact `origin`,
/// what it led to.
[[nodiscard]] domain::Result<std::string> resolve_within(const Origin& pinned,
                                                         std::string_view base,
                                                         std::string_view reference);

/// `a=1&b=%20`-escapes one value for a query or a path segment (RFC 3986 unreserved characters
/// stay).
[[nodiscard]] std::string url_escape(std::string_view text);

}  // namespace cabroker::transport
