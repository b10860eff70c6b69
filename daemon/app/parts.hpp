// The parts that the running daemon is made of, how they are wired, and the order in which they
// open. When they run and end is Daemon's business.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
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

/// One per process. Parts refer to each other and to this: it stays where it is. One thread: the
/// one that runs `io`.
struct Parts {
    /// `trace_portal`: the file of --trace-portal; empty: none.
    Parts(std::shared_ptr<const config::Settings> in_force, std::string trace_portal,
          AppHooks test_hooks);
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    /// Opens everything; bad_configuration, with what to do, when it cannot.
    [[nodiscard]] domain::Result<void> open();
    /// Ends the other threads, which work for these parts. Before destruction, after `io`.
    void end_threads();

    /// Those in force; a reload puts others here.
    std::shared_ptr<const config::Settings> settings;
    std::string trace_file;
    AppHooks hooks;
    /// Told to end: the API takes no new work.
    bool stopping = false;
    boost::asio::io_context io{1};
    boost::asio::thread_pool pool{1};
    runtime::SystemClock clock;
    runtime::SystemRandom random;
    runtime::IdMaker ids{random};
    engine::ChangeHub hub{io.get_executor()};
    /// From here on: there once open() was good.
    std::unique_ptr<store::Store> store;
    std::optional<vault::Vault> vault;
    std::optional<pki::TrustRoots> roots;
    /// Null without --trace-portal.
    std::unique_ptr<PortalTrace> trace;
    std::unique_ptr<link::Link> link;
    std::unique_ptr<engine::Engine> engine;
    std::unique_ptr<engine::MailIntake> mail;
    std::unique_ptr<api::Server> server;
    /// For the server, when it starts.
    std::vector<api::Listener> listeners;

  private:
    [[nodiscard]] domain::Result<void> open_store();
    [[nodiscard]] domain::Result<void> open_vault();
    [[nodiscard]] domain::Result<void> open_roots();
    [[nodiscard]] domain::Result<void> open_trace();
    void open_link();
    [[nodiscard]] domain::Result<void> open_engine();
    [[nodiscard]] domain::Result<void> open_mail();
    [[nodiscard]] domain::Result<void> open_listeners();
    void open_server();
};

}  // namespace cabroker::app
