// A Maildir that another program delivers into: list, read and file mails without ever following a
// link. Remembers nothing about which mails were seen; that is the core's business.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "domain/error.hpp"
#include "domain/time.hpp"

namespace cabroker::transport {

/// A mail in `new` or `cur`, by its file's place; the name may get other flags or move to `cur` at
/// any moment.
struct MaildirEntry {
    /// `new/NAME` or `cur/NAME:2,FLAGS`.
    std::string path;
    std::size_t size = 0;
    /// When its file was written, by this machine's clock.
    domain::Time written{};
    MaildirEntry(std::string where, std::size_t octets, domain::Time when)
        : path(std::move(where)), size(octets), written(when) {}
    /// The name without folder and flags: it stays as it is wherever the mail goes.
    [[nodiscard]] std::string unique() const { return path.substr(4, path.find(":2,", 4) - 4); }
};

class Maildir {
  public:
    /// Opens PATH, which must be a directory with `new` and `cur`; bad_configuration otherwise.
    [[nodiscard]] static domain::Result<Maildir> open(const std::string& path);
    Maildir(Maildir&&) noexcept;
    Maildir& operator=(Maildir&&) noexcept;
    ~Maildir();

    /// Regular files of `new`, then `cur`, by name; links, devices, pipes and dot files are left
    /// out. At most `most`.
    [[nodiscard]] domain::Result<std::vector<MaildirEntry>> list(std::size_t most = 1'000) const;
    /// The whole mail. not_found when it is gone (or moved: list again), limit_exceeded above
    /// `max_octets`, bad_answer when it is no regular file.
    [[nodiscard]] domain::Result<std::string> read(const std::string& path,
                                                   std::size_t max_octets) const;
    /// The first octets of the mail, at most `most`.
    [[nodiscard]] domain::Result<std::string> read_head(const std::string& path,
                                                        std::size_t most) const;
    /// Moves a mail into the Maildir++ folder `.NAME` below this one (made when missing), as seen.
    /// Where that folder has a mail of this name already, it gets another name.
    [[nodiscard]] domain::Result<void> file_away(const std::string& path,
                                                 const std::string& folder) const;
    /// Deletes a mail. Not there any more: success.
    [[nodiscard]] domain::Result<void> remove(const std::string& path) const;

    /// Waits until something was delivered (inotify) or the deadline passes; true when something
    /// was. Call list() after watching began: what came before is not told.
    [[nodiscard]] boost::asio::awaitable<domain::Result<bool>> changed(
        std::chrono::steady_clock::time_point deadline);
    /// Ends a wait in `changed`, which then fails.
    void stop_waiting();
    /// Starts watching; later deliveries end `changed`.
    [[nodiscard]] domain::Result<void> watch(const boost::asio::any_io_executor& executor);

  private:
    struct State;
    explicit Maildir(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace cabroker::transport
