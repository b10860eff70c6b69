// The cookies of one session at one origin, as a value: it goes into a request, comes back with the
// response and survives as a short text. libcurl does the cookie rules (RFC 6265); the jar only
// keeps what is of its origin.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "domain/secret.hpp"
#include "transport/origin.hpp"

namespace cabroker::transport {

class CookieJar {
  public:
    static constexpr std::size_t kMaxCookies = 50;
    static constexpr std::size_t kMaxBytes = 16 * 1024;

    /// An empty jar; it belongs to the origin of the first request that uses it.
    CookieJar() = default;
    explicit CookieJar(Origin pinned) : origin_(std::move(pinned)) {}
    /// Reads what text() wrote; empty text is an empty jar. bad_answer when it is something else.
    [[nodiscard]] static domain::Result<CookieJar> parse(std::string_view text);

    /// The jar as text. Whoever has it has the session.
    [[nodiscard]] domain::Secret text() const;
    [[nodiscard]] bool empty() const { return lines_.empty(); }
    [[nodiscard]] std::size_t size() const { return lines_.size(); }
    [[nodiscard]] const std::optional<Origin>& origin() const { return origin_; }
    /// The value of a cookie by name, for pages that want it repeated in a header; nullopt when
    /// there is none.
    [[nodiscard]] std::optional<std::string> value(std::string_view name) const;

    /// Cookies in the Netscape file's form, one a line, as libcurl takes and gives them.
    [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
    /// Takes over what libcurl holds after an exchange with `origin`. Cookies that are not for its
    /// host are left out; limit_exceeded above kMaxCookies or kMaxBytes.
    [[nodiscard]] domain::Result<void> replace(const Origin& origin,
                                               std::vector<std::string> lines);

  private:
    std::optional<Origin> origin_;
    std::vector<std::string> lines_;
};

}  // namespace cabroker::transport
