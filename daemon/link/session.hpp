// One link after another, once it is open: greets the outside, sends it its settings, brings
// answers to whom asked, and keeps watch by pings. Who opens links and when is Link's business.
// Internal to this folder.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/protocol/channel.hpp"
#include "daemon/link/link.hpp"
#include "daemon/link/questions.hpp"
#include "daemon/link/roster.hpp"

namespace cabroker::link {

/// One thread: the loop's. Outlives its coroutines; `options` outlive it.
class Session {
  public:
    Session(const LinkOptions& options, boost::asio::any_io_executor loop);

    /// Serves one link until it is closed; one at a time.
    [[nodiscard]] boost::asio::awaitable<void> serve(
        std::shared_ptr<adapters::protocol::Channel> link);
    /// No link could be opened.
    void not_opened() { trouble_ = "down"; }
    /// Closes the link, which is what was wanted.
    void hang_up();

    /// As Link::configure().
    void configure(Configuration configuration);
    /// Sends a question and waits for its answer; `id` is a next_id(). Errors: not_sent and
    /// no_answer, as Outside promises.
    [[nodiscard]] boost::asio::awaitable<domain::Result<adapters::protocol::Frame>> ask(
        std::string op, std::uint64_t id, std::shared_ptr<boost::json::object> body,
        adapters::protocol::Blobs blobs, std::chrono::milliseconds patience);
    /// A word that wants no answer. What does not arrive is made up for: the mail is offered again.
    [[nodiscard]] boost::asio::awaitable<void> tell(std::string op,
                                                    std::shared_ptr<boost::json::object> body);
    [[nodiscard]] std::uint64_t next_id() { return questions_.next_id(); }

    /// As Outside and MailOutside promise.
    [[nodiscard]] bool up() const { return up_; }
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    [[nodiscard]] const Roster& roster() const { return roster_; }
    [[nodiscard]] std::size_t in_flight() const { return questions_.waiting(); }
    void on_change(std::function<void()> handler) { handlers_.push_back(std::move(handler)); }
    void on_mail(MailHandlers handlers) { mail_ = std::move(handlers); }

  private:
    boost::asio::awaitable<bool> greet();
    boost::asio::awaitable<bool> send_configuration();
    boost::asio::awaitable<void> reconfigure();
    boost::asio::awaitable<void> read_all(std::shared_ptr<adapters::protocol::Channel> link);
    boost::asio::awaitable<void> keep_alive(std::shared_ptr<adapters::protocol::Channel> link);
    void changed();
    void fell();

    const LinkOptions& options_;
    boost::asio::any_io_executor loop_;
    /// serve() waits on it until the link is closed.
    boost::asio::steady_timer closed_;
    Configuration configuration_;
    std::shared_ptr<adapters::protocol::Channel> channel_;
    Questions questions_;
    Roster roster_;
    std::vector<std::function<void()>> handlers_;
    MailHandlers mail_;
    /// Grows with every configure(): what was sent is known to be the last or not.
    std::uint64_t wanted_ = 0;
    bool up_ = false;
    bool hung_up_ = false;
    std::string trouble_ = "down";
};

}  // namespace cabroker::link
