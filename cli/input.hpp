// Giving the broker what it asks for: from a question on the terminal or from a file, never from a
// flag.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>

#include "cli/session.hpp"
#include "domain/secret.hpp"

namespace cabroker::cli {

struct Given {
    /// Set: end with this code; the reason was shown.
    std::optional<Exit> code;
    /// given: posted. moot: no longer asked for.
    Asked how = Asked::given;
};

/// Asks for one need on the terminal and posts the answer; asks again when the value cannot be
/// right (422).
[[nodiscard]] Given ask_for(Session& session, const std::string& id,
                            const boost::json::value& need);

/// POST .../inputs. Nothing is shown.
[[nodiscard]] domain::Result<Reply> post_input(Session& session, const std::string& id,
                                               const std::string& name,
                                               const domain::Secret& value);

/// A file's octets, or stdin's for "-"; usage when it cannot be read or is over the limit.
[[nodiscard]] OrExit<std::string> read_file(Session& session, const std::string& path,
                                            std::size_t most);
/// The same for `--csr`: refuses a private key before it leaves this machine.
[[nodiscard]] OrExit<std::string> read_csr(Session& session, const std::string& path);

inline constexpr std::size_t kMostText = 1024UL * 1024;

}  // namespace cabroker::cli
