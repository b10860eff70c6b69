// One IMAP connection (RFC 9051, RFC 3501): looks at one folder by UID, reads without marking as
// seen, moves and deletes. libcurl connects, does TLS and signs in; the few commands are ours,
// because libcurl cuts a FETCH of several lines and sets \Seen. Remembers nothing between runs.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/error.hpp"
#include "domain/secret.hpp"
#include "domain/time.hpp"

namespace cabroker::transport {

/// Move-only because of the password.
struct ImapServer {
    /// `imaps://HOST[:PORT]/FOLDER`, or `imap://` with STARTTLS, without which nothing is said.
    std::string url;
    /// PEM file with the roots to trust, instead of the system's. Empty: the system's.
    std::string ca_file;
    std::string user;
    domain::Secret password;
    std::chrono::milliseconds connect_timeout{20'000};
    /// For each command.
    std::chrono::milliseconds reply_timeout{30'000};

    ImapServer() = default;
};

struct ImapMail {
    std::uint64_t uid = 0;
    std::size_t size = 0;
    /// INTERNALDATE: when it arrived, by the server's clock.
    std::optional<domain::Time> arrived;
};

/// Blocks: for a worker thread. One thread at a time; stop() from any other.
class ImapSession {
  public:
    explicit ImapSession(ImapServer server);
    ~ImapSession();
    ImapSession(const ImapSession&) = delete;
    ImapSession& operator=(const ImapSession&) = delete;

    /// Opens the folder anew, connecting when there is no connection, and gives its UIDVALIDITY.
    /// Errors, here and below: unreachable (fact `cause`), bad_answer, bad_configuration (sign-in
    /// or folder refused). After an error the connection is closed; the next select() opens
    /// another.
    [[nodiscard]] domain::Result<std::uint64_t> select();
    /// Mails with a UID above `after` that are not marked as deleted, lowest first, at most `most`.
    [[nodiscard]] domain::Result<std::vector<ImapMail>> list(std::uint64_t after, std::size_t most);
    /// not_found when it is gone.
    [[nodiscard]] domain::Result<std::string> read(std::uint64_t uid, std::size_t max_octets);
    /// Header and empty line; at most `most` octets of it.
    [[nodiscard]] domain::Result<std::string> read_head(std::uint64_t uid, std::size_t most);
    /// Moves it into a folder beside or below this one, made when missing. Gone: success.
    [[nodiscard]] domain::Result<void> move(std::uint64_t uid, const std::string& folder);
    /// Marks it as deleted and, where the server can do that to one mail (UIDPLUS), expunges it.
    [[nodiscard]] domain::Result<void> remove(std::uint64_t uid);

    /// Ends what runs, soon, and all that follows.
    void stop();

  private:
    struct Connection;
    struct Reply;
    [[nodiscard]] domain::Result<void> connect();
    [[nodiscard]] domain::Result<Reply> command(const std::string& text, std::size_t most);
    [[nodiscard]] domain::Result<void> must(const std::string& text);
    [[nodiscard]] domain::Result<std::string> fetch(std::uint64_t uid, const std::string& what,
                                                    std::size_t most);
    [[nodiscard]] domain::Result<bool> try_move(std::uint64_t uid, const std::string& folder);

    ImapServer server_;
    std::string folder_;
    std::unique_ptr<Connection> connection_;
    std::atomic<bool> stopped_{false};
};

/// A date-time of RFC 9051, `17-Jul-1996 02:44:25 -0700`.
[[nodiscard]] std::optional<domain::Time> imap_date(std::string_view text);

}  // namespace cabroker::transport
