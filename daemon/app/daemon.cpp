#include "daemon/app/daemon.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <utility>

#include "config/load.hpp"
#include "daemon/app/outside_settings.hpp"
#include "runtime/log.hpp"
#include "runtime/sleep.hpp"
#include "runtime/spawn.hpp"
#include "runtime/systemd.hpp"

namespace cabroker::app {

namespace asio = boost::asio;
using domain::Result;
using runtime::Level;

namespace {

constexpr int kDiskFailed = 3;
constexpr auto kTidyEvery = std::chrono::hours(1);

std::string monotonic_microseconds() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

// What was bound, opened or loaded at the start and stays as it is.
bool needs_restart(const config::Settings& before, const config::Settings& after) {
    return after.socket != before.socket || after.state_dir != before.state_dir ||
           !(after.vault_key == before.vault_key) || after.outside.mode != before.outside.mode ||
           after.outside.program != before.outside.program ||
           after.outside.socket != before.outside.socket ||
           after.certificate_roots != before.certificate_roots;
}

}  // namespace

void apply_log(const config::LogSettings& log) {
    const auto level = static_cast<runtime::Level>(log.level);
    const bool json = log.format == config::LogSettings::Format::json;
    runtime::set_log(level, json ? runtime::LogFormat::json : runtime::LogFormat::text);
}

Daemon::Daemon(std::shared_ptr<const config::Settings> settings, std::string trace_portal,
               AppHooks hooks)
    : parts_(std::move(settings), std::move(trace_portal), std::move(hooks)) {}

Daemon::~Daemon() { parts_.end_threads(); }

Result<void> Daemon::open() {
    if (auto opened = parts_.open(); !opened) return opened;
    parts_.store->on_failure([this](const std::string& why) {
        runtime::log(Level::error,
                     "the disk failed; stopping, so that nothing is promised that is not kept",
                     {{"why", why}});
        begin_stop(kDiskFailed);
    });
    return {};
}

void Daemon::begin_stop(int exit_code) {
    if (parts_.stopping) return;
    parts_.stopping = true;
    exit_code_ = exit_code;
    runtime::spawn(parts_.io.get_executor(), "drain", drain());
}

asio::awaitable<void> Daemon::drain() {
    runtime::notify_systemd("STOPPING=1");
    runtime::log(Level::info, "stopping: finishing what is in flight");
    const domain::Duration most = parts_.settings->api.drain_deadline;
    parts_.server->drain();
    parts_.engine->stop();
    parts_.mail->stop();
    const auto until = std::chrono::steady_clock::now() + most;
    co_await parts_.server->wait_drained(most);
    while (!parts_.engine->idle() && std::chrono::steady_clock::now() < until) {
        co_await runtime::sleep_for(std::chrono::milliseconds(20));
    }
    parts_.link->stop();
    parts_.store->stop();
    parts_.io.stop();
}

asio::awaitable<void> Daemon::wait_for_signals() {
    while (true) {
        boost::system::error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        const int signal = co_await signals_.async_wait(token);
        if (error) co_return;
        if (signal == SIGHUP) {
            runtime::notify_systemd("RELOADING=1\nMONOTONIC_USEC=" + monotonic_microseconds());
            reload();
            runtime::notify_systemd("READY=1\nSTATUS=ready");
        } else if (parts_.stopping) {
            runtime::log(Level::warning, "told twice to stop: stopping now");
            parts_.io.stop();
        } else {
            begin_stop(0);
        }
    }
}

void Daemon::reload() {
    runtime::log(Level::info, "reading the configuration again", {{"file", parts_.settings->file}});
    const config::LoadResult loaded = config::load(parts_.settings->file);
    if (!loaded.ok()) {
        runtime::log(Level::error, "the new configuration is not used; the old one stays",
                     {{"problems", loaded.text()}});
        return;
    }
    auto outside = outside_configuration(*loaded.settings);
    if (!outside) {
        runtime::log(Level::error, "the new configuration is not used; the old one stays",
                     {{"why", outside.error().detail}});
        return;
    }
    if (needs_restart(*parts_.settings, *loaded.settings)) {
        runtime::log(Level::warning,
                     "socket, state_dir, vault, outside and certificate_roots change with the next "
                     "restart only");
    }
    parts_.settings = loaded.settings;
    apply_log(parts_.settings->log);
    parts_.server->reload(parts_.settings);
    parts_.link->configure(std::move(*outside));
    parts_.engine->kick();
    runtime::log(Level::info, "the new configuration is in force");
}

asio::awaitable<void> Daemon::feed_watchdog() {
    const auto interval = runtime::watchdog_interval();
    if (!interval) co_return;
    while (!parts_.stopping) {
        // A loop that turns and a disk that writes: both are needed to be alive.
        if (parts_.store->healthy()) runtime::notify_systemd("WATCHDOG=1");
        watchdog_.expires_after(*interval);
        co_await runtime::sleep_on(watchdog_);
    }
}

asio::awaitable<void> Daemon::tidy() {
    while (!parts_.stopping) {
        const domain::Time now = parts_.clock.now();
        const domain::Time events = now - parts_.settings->api.event_retention;
        const domain::Time answers = now - parts_.settings->api.idempotency_retention;
        store::Change<bool> change = [now, events, answers](store::Tx& tx) -> Result<bool> {
            tx.events().prune(events);
            tx.idempotency().prune(answers);
            tx.sessions().drop_expired(now);
            return true;
        };
        const Result<bool> tidied = co_await parts_.store->write(std::move(change));
        if (!tidied)
            runtime::log(Level::warning, "cannot tidy up", {{"why", tidied.error().detail}});
        tidy_timer_.expires_after(kTidyEvery);
        co_await runtime::sleep_on(tidy_timer_);
    }
}

int Daemon::serve() {
    runtime::on_spawn_failure([this](const std::string&) { begin_stop(1); });
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
    runtime::spawn(parts_.io.get_executor(), "signals", wait_for_signals());
    runtime::spawn(parts_.io.get_executor(), "link", parts_.link->run());
    runtime::spawn(parts_.io.get_executor(), "engine", parts_.engine->run());
    runtime::spawn(parts_.io.get_executor(), "watchdog", feed_watchdog());
    runtime::spawn(parts_.io.get_executor(), "tidy", tidy());
    parts_.server->start(std::move(parts_.listeners));
    runtime::notify_systemd("READY=1\nSTATUS=ready");
    runtime::log(Level::info, "ready",
                 {{"version", CABROKER_VERSION}, {"socket", parts_.settings->socket}});
    parts_.io.run();
    parts_.store->stop();
    runtime::log(Level::info, "stopped");
    return exit_code_;
}

}  // namespace cabroker::app
