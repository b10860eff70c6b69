// The running daemon: opens its parts, serves until a signal or a failed disk ends it, takes new
// settings, and lets what is in flight end. One per process.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "daemon/app/parts.hpp"

namespace cabroker::app {

/// Level and format of the process's log, from now on.
void apply_log(const config::LogSettings& log);

/// One thread: the one that calls serve().
class Daemon {
  public:
    /// `trace_portal`: the file of --trace-portal; empty: none.
    Daemon(std::shared_ptr<const config::Settings> settings, std::string trace_portal,
           AppHooks hooks);
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    /// Opens everything; bad_configuration, with what to do, when it cannot.
    [[nodiscard]] domain::Result<void> open();
    /// Serves until a signal or a failed disk ends it; returns the exit code.
    [[nodiscard]] int serve();

  private:
    boost::asio::awaitable<void> wait_for_signals();
    boost::asio::awaitable<void> drain();
    boost::asio::awaitable<void> feed_watchdog();
    boost::asio::awaitable<void> tidy();
    void reload();
    void begin_stop(int exit_code);

    Parts parts_;
    boost::asio::signal_set signals_{parts_.io};
    boost::asio::steady_timer watchdog_{parts_.io};
    boost::asio::steady_timer tidy_timer_{parts_.io};
    int exit_code_ = 0;
};

}  // namespace cabroker::app
