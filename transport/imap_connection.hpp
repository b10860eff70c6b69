// One signed-in connection to an IMAP server: a command goes out, its whole reply comes back. Knows
// the frame of the protocol (tags, literals, verdicts), not what the commands mean. Internal to
// this folder.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "transport/curl_handle.hpp"
#include "transport/imap_server.hpp"

namespace cabroker::transport {

/// The longest line of a reply, and the longest literal of one that should hold none.
inline constexpr std::size_t kImapMostLine = 64UL * 1024;

/// The lines of an answer, each literal put apart.
struct ImapReply {
    /// Untagged lines; a literal in one is `{}` there and stands in `literals`.
    std::vector<std::string> lines;
    std::vector<std::string> literals;
    /// OK, NO or BAD, and the rest of the tagged line.
    std::string verdict;
    std::string text;
};

/// unreachable, with fact `cause`: the server cannot be reached, or the connection is gone.
[[nodiscard]] domain::Error imap_unreachable(std::string_view cause);
/// bad_answer: what the server said is not IMAP, or beyond every measure.
[[nodiscard]] domain::Error imap_nonsense();

/// Blocks: for a worker thread. Looks at `stopped` several times a second while it waits.
class ImapConnection {
  public:
    /// Connects, does TLS, signs in and asks for the capabilities. `stopped` outlives the
    /// connection. Errors: unreachable, bad_answer, bad_configuration (the sign-in is refused).
    [[nodiscard]] static domain::Result<std::unique_ptr<ImapConnection>> open(
        const ImapServer& server, const std::atomic<bool>& stopped);
    ImapConnection(const ImapConnection&) = delete;
    ImapConnection& operator=(const ImapConnection&) = delete;

    /// Sends `text` and reads until its tagged line, whatever the verdict is. A literal has at most
    /// `most` octets. Errors: unreachable, bad_answer; after one the connection must not be used,
    /// because nobody knows where it stands.
    [[nodiscard]] domain::Result<ImapReply> command(const std::string& text, std::size_t most);
    /// Did the server name this capability (in upper case)?
    [[nodiscard]] bool can(std::string_view capability) const;

  private:
    using SteadyTime = std::chrono::steady_clock::time_point;
    ImapConnection(std::chrono::milliseconds reply_timeout, const std::atomic<bool>& stopped)
        : reply_timeout_(reply_timeout), stopped_(stopped) {}
    [[nodiscard]] domain::Result<void> sign_in(const ImapServer& server);
    [[nodiscard]] domain::Result<void> send(std::string_view line, SteadyTime until);
    [[nodiscard]] domain::Result<ImapReply> receive(const std::string& tag, std::size_t most,
                                                    SteadyTime until);
    /// Without its line end.
    [[nodiscard]] domain::Result<std::string> line(SteadyTime until);
    [[nodiscard]] domain::Result<std::string> octets(std::size_t count, SteadyTime until);
    [[nodiscard]] domain::Result<void> fill(SteadyTime until);
    /// Waits for the socket in short turns, so that `stopped` is seen.
    [[nodiscard]] domain::Result<void> wait_for(short events, SteadyTime until) const;

    std::chrono::milliseconds reply_timeout_;
    const std::atomic<bool>& stopped_;
    CurlEasy easy_;
    curl_socket_t socket_ = CURL_SOCKET_BAD;
    /// Read and not used yet.
    std::string buffer_;
    /// In upper case, a blank before and behind each.
    std::string capabilities_;
    unsigned tag_ = 0;
};

}  // namespace cabroker::transport
