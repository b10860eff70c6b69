// One IMAP connection (RFC 9051, RFC 3501): looks at one folder by UID, reads without marking as
// seen, moves and deletes. libcurl connects, does TLS and signs in; the few commands are ours,
// because libcurl cuts a FETCH of several lines and sets \Seen. Remembers nothing between runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/error.hpp"
#include "domain/time.hpp"
#include "transport/imap_server.hpp"

namespace cabroker::transport {

class ImapConnection;
struct ImapReply;

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
    [[nodiscard]] domain::Result<ImapReply> command(const std::string& text, std::size_t most);
    [[nodiscard]] domain::Result<void> must(const std::string& text);
    [[nodiscard]] domain::Result<std::string> fetch(std::uint64_t uid, const std::string& what,
                                                    std::size_t most);
    [[nodiscard]] domain::Result<bool> try_move(std::uint64_t uid, const std::string& folder);

    ImapServer server_;
    std::string folder_;
    /// Before the connection, which looks at it until its end.
    std::atomic<bool> stopped_{false};
    std::unique_ptr<ImapConnection> connection_;
};

}  // namespace cabroker::transport
