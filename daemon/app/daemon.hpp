// All parts of the running daemon and the order in which they start and stop. One per process.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>

#include "config/load.hpp"
#include "daemon/api/server.hpp"
#include "daemon/app/app.hpp"
#include "daemon/app/portal_trace.hpp"
#include "daemon/engine/change_hub.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/engine/mail_intake.hpp"
#include "daemon/link/link.hpp"
#include "daemon/store/store.hpp"
#include "daemon/vault/vault.hpp"
#include "pki/chain.hpp"
#include "runtime/clock.hpp"
#include "runtime/random.hpp"

namespace cabroker::app {

/// Level and format of the process's log, from now on.
void apply_log(const config::LogSettings& log);

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
    [[nodiscard]] domain::Result<void> open_vault();
    [[nodiscard]] domain::Result<std::vector<api::Listener>> open_listeners();
    [[nodiscard]] domain::Result<void> open_trace();
    void open_link();
    void open_engine();
    void open_mail();
    void open_server();
    [[nodiscard]] domain::Result<link::Configuration> outside_configuration(
        const config::Settings& settings) const;
    [[nodiscard]] std::vector<api::Component> components() const;
    boost::asio::awaitable<domain::Result<api::CheckResult>> check_adapter(std::string adapter);
    boost::asio::awaitable<domain::Result<api::MailPreview>> preview_mail(domain::Order order,
                                                                          domain::Params params,
                                                                          std::string adapter);

    boost::asio::awaitable<void> wait_for_signals();
    boost::asio::awaitable<void> drain();
    boost::asio::awaitable<void> feed_watchdog();
    boost::asio::awaitable<void> tidy();
    void reload();
    void begin_stop(int exit_code);

    std::shared_ptr<const config::Settings> settings_;
    std::string trace_portal_;
    AppHooks hooks_;
    boost::asio::io_context io_{1};
    boost::asio::thread_pool pool_{1};
    runtime::SystemClock clock_;
    runtime::SystemRandom random_;
    runtime::IdMaker ids_{random_};
    engine::ChangeHub hub_{io_.get_executor()};
    std::unique_ptr<store::Store> store_;
    std::optional<vault::Vault> vault_;
    std::optional<pki::TrustRoots> roots_;
    std::unique_ptr<PortalTrace> trace_;
    std::unique_ptr<link::Link> link_;
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<engine::MailIntake> mail_;
    std::unique_ptr<api::Server> server_;
    std::vector<api::Listener> listeners_;
    boost::asio::signal_set signals_{io_};
    boost::asio::steady_timer watchdog_{io_};
    boost::asio::steady_timer tidy_timer_{io_};
    bool stopping_ = false;
    int exit_code_ = 0;
};

}  // namespace cabroker::app
