// Keeps one program running and speaks with it: greets, pings, asks one thing at a time, ends it
// when it hangs or lies, starts it again with growing pauses. Knows frames, not steps.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/fwd.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/program/process.hpp"
#include "adapters/protocol/channel.hpp"
#include "adapters/protocol/messages.hpp"
#include "config/adapter_settings.hpp"

namespace cabroker::adapters::program {

/// One thread: the loop's.
class Runner : public std::enable_shared_from_this<Runner> {
  public:
    using SteadyTime = std::chrono::steady_clock::time_point;
    Runner(std::string name, config::ProgramSettings settings, boost::asio::any_io_executor loop,
           std::function<void()> changed);

    /// Starts the program and goes on until stop(). Once.
    void start();
    /// The program ends and is not started again.
    void stop();

    /// What it said of itself when it last came up; nullopt: it never did.
    [[nodiscard]] const std::optional<protocol::Capabilities>& capabilities() const {
        return capabilities_;
    }
    /// Why it does not serve; empty when it does.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    /// When it is started again, at the latest.
    [[nodiscard]] std::chrono::milliseconds back_in() const;

    /// The right to ask: one at a time holds it. Given up while a question is open, by time-out or
    /// cancellation, it ends the program: nobody knows any more what it does.
    class Turn {
      public:
        Turn() = default;
        explicit Turn(std::shared_ptr<Runner> runner) : runner_(std::move(runner)) {}
        Turn(Turn&& other) noexcept = default;
        Turn& operator=(Turn&&) = delete;
        ~Turn();
        [[nodiscard]] explicit operator bool() const { return runner_ != nullptr; }

      private:
        std::shared_ptr<Runner> runner_;
    };
    /// Waits until then for the turn; an empty one when it did not come.
    [[nodiscard]] static boost::asio::awaitable<Turn> turn(std::shared_ptr<Runner> self,
                                                           SteadyTime until);

    /// Asks and waits until then. `op` is answered by `answer_op` or `error`, or the program is
    /// ended. `secrets` never reach the log while the program runs. Errors: not_sent (the program
    /// certainly did not read it), no_answer.
    [[nodiscard]] static boost::asio::awaitable<domain::Result<protocol::Frame>> ask(
        std::shared_ptr<Runner> self, std::string op, std::string answer_op,
        std::shared_ptr<boost::json::object> body, std::uint64_t id, protocol::Blobs blobs,
        SteadyTime until);
    [[nodiscard]] std::uint64_t next_id() { return next_id_++; }
    void hide(std::vector<std::string> secrets) { secrets_ = std::move(secrets); }

    /// The program broke the rules, or nobody knows what it does: it is ended, and started again
    /// later.
    void give_up(const std::string& why);

  private:
    struct Question;

    static boost::asio::awaitable<void> run(std::shared_ptr<Runner> self);
    static boost::asio::awaitable<void> live(std::shared_ptr<Runner> self,
                                             std::shared_ptr<Process> process);
    static boost::asio::awaitable<void> read_all(std::shared_ptr<Runner> self,
                                                 std::shared_ptr<protocol::Channel> channel);
    static boost::asio::awaitable<void> listen(std::shared_ptr<Runner> self,
                                               std::shared_ptr<Process> process);
    static boost::asio::awaitable<bool> greet(std::shared_ptr<Runner> self);
    static boost::asio::awaitable<void> keep_pinging(std::shared_ptr<Runner> self,
                                                     std::shared_ptr<protocol::Channel> channel);
    [[nodiscard]] std::string take_capabilities(const boost::json::object& object);
    /// Empty, or what is wrong with the frame.
    [[nodiscard]] std::string deliver(protocol::Frame frame);
    void fell(const std::string& why);

    std::string name_;
    config::ProgramSettings settings_;
    boost::asio::any_io_executor loop_;
    std::function<void()> changed_;
    std::optional<protocol::Capabilities> capabilities_;
    std::string trouble_;
    std::vector<std::string> secrets_;
    std::shared_ptr<protocol::Channel> channel_;
    std::shared_ptr<Process> process_;
    std::map<std::uint64_t, std::shared_ptr<Question>> pending_;
    boost::asio::steady_timer pause_;
    boost::asio::steady_timer freed_;
    SteadyTime again_at_{};
    std::uint64_t next_id_ = 1;
    bool busy_ = false;
    bool asked_ = false;
    bool stopping_ = false;
};

}  // namespace cabroker::adapters::program
