// What one browser knows between two steps, and its text form, which crosses as the session's jar.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "domain/secret.hpp"
#include "transport/cookie_jar.hpp"

namespace cabroker::adapters::portal {

/// What one browser knows between two steps: its cookies and the values the profile keeps. Secret.
struct BrowserState {
    transport::CookieJar jar;
    std::map<std::string, std::string> kept;

    BrowserState() = default;
    /// The JSON text; whoever has it has the session.
    [[nodiscard]] domain::Secret text() const;
    /// nullopt when it is not what text() wrote.
    [[nodiscard]] static std::optional<BrowserState> parse(std::string_view text);
};

}  // namespace cabroker::adapters::portal
