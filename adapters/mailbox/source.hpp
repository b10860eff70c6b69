// A folder of mail that another program fills, whatever it is made of. Blocks: for one worker
// thread; only wait() belongs to the loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/protocol/mail_messages.hpp"
#include "config/adapter_settings.hpp"
#include "domain/error.hpp"
#include "domain/secret.hpp"

namespace cabroker::adapters::mailbox {

struct FoundMail {
    protocol::MailRef ref;
    std::size_t size = 0;
    /// When it came, by the clock of who took it in.
    std::optional<domain::Time> arrived;
};

class Source {
  public:
    virtual ~Source() = default;

    /// All mails that are there and were not filed yet, oldest first, at most `most`. Opens what
    /// has to be opened.
    [[nodiscard]] virtual domain::Result<std::vector<FoundMail>> look(std::size_t most) = 0;
    /// not_found when it is gone, limit_exceeded above `most`.
    [[nodiscard]] virtual domain::Result<std::string> read(const protocol::MailRef& ref,
                                                           std::size_t most) = 0;
    /// The beginning, with the whole header when that fits into `most`.
    [[nodiscard]] virtual domain::Result<std::string> read_head(const protocol::MailRef& ref,
                                                                std::size_t most) = 0;
    /// Gone already: success.
    [[nodiscard]] virtual domain::Result<void> file(const protocol::MailRef& ref,
                                                    const std::string& folder) = 0;
    [[nodiscard]] virtual domain::Result<void> remove(const protocol::MailRef& ref) = 0;
    /// What to begin with next time; empty where nothing has to be remembered.
    [[nodiscard]] virtual std::string cursor() = 0;

    /// Any thread: ends what blocks, soon.
    virtual void stop() = 0;
    /// On the loop: until something may have come or the time is there. May return early.
    [[nodiscard]] virtual boost::asio::awaitable<void> wait(
        std::chrono::steady_clock::time_point until) = 0;
    /// Ends wait().
    virtual void wake() = 0;
};

/// `cursor` as cursor() gave it, or empty.
[[nodiscard]] std::unique_ptr<Source> make_maildir_source(std::string path,
                                                          const boost::asio::any_io_executor& loop);
[[nodiscard]] std::unique_ptr<Source> make_imap_source(const config::MailboxSettings& settings,
                                                       domain::Secret password,
                                                       const std::string& cursor,
                                                       const boost::asio::any_io_executor& loop);

}  // namespace cabroker::adapters::mailbox
