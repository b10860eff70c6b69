#include "daemon/app/daemon.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "runtime/log.hpp"
#include "runtime/spawn.hpp"
#include "runtime/systemd.hpp"

#ifndef CABROKER_VERSION
#define CABROKER_VERSION "0.0.0"
#endif

namespace cabroker::app {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Result;
using runtime::Level;

namespace {

constexpr int kDiskFailed = 3;
constexpr auto kKeyIdMeta = "vault_key_id";
constexpr domain::Duration kCheckWithin = std::chrono::seconds(30);
constexpr auto kTidyEvery = std::chrono::hours(1);

Error told(const std::string& what, const Error& error) {
    return Error(ErrorCode::bad_configuration, "cannot " + what + ": " + error.detail);
}

std::string monotonic_microseconds() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

vault::KeySource key_source(const config::SecretSource& source) {
    if (source.kind == config::SecretSource::Kind::credential)
        return vault::KeySource::credential(source.where);
    return vault::KeySource::file(source.where);
}

}  // namespace

void apply_log(const config::LogSettings& log) {
    const auto level = static_cast<runtime::Level>(log.level);
    const bool json = log.format == config::LogSettings::Format::json;
    runtime::set_log(level, json ? runtime::LogFormat::json : runtime::LogFormat::text);
}

Daemon::Daemon(std::shared_ptr<const config::Settings> settings, std::string trace_portal,
               AppHooks hooks)
    : settings_(std::move(settings)),
      trace_portal_(std::move(trace_portal)),
      hooks_(std::move(hooks)) {}

Daemon::~Daemon() {
    pool_.join();
    if (store_) store_->stop();
}

Result<void> Daemon::open_vault() {
    const bool sealed = store_->reader().meta().anything_sealed();
    auto vault =
        vault::Vault::open(key_source(settings_->vault_key), sealed, store_->get_meta(kKeyIdMeta));
    if (!vault) return told("open the vault", vault.error());
    vault_.emplace(std::move(*vault));
    const Result<void> remembered = store_->set_meta(kKeyIdMeta, vault_->key_id());
    if (!remembered) return told("remember the vault's key", remembered.error());
    return {};
}

Result<link::Configuration> Daemon::outside_configuration(const config::Settings& settings) const {
    link::Configuration configuration;
    for (const auto& [name, adapter] : settings.adapters)
        configuration.adapters.emplace(name, adapter.json);
    for (const auto& [name, mailer] : settings.mailers) {
        configuration.mailers.emplace(name, mailer.json);
        if (!mailer.password) continue;
        auto password = mailer.password->read();
        if (!password) return told("read the password of mailer " + name, password.error());
        configuration.secrets.emplace("mailer/" + name, std::move(*password));
    }
    return configuration;
}

Result<std::vector<api::Listener>> Daemon::open_listeners() {
    std::vector<api::Listener> listeners;
    for (const int fd : runtime::sockets_from_systemd()) {
        auto listener = api::Listener::adopt(fd);
        if (!listener) return told("use the socket from systemd", listener.error());
        listeners.push_back(std::move(*listener));
    }
    if (!listeners.empty()) return listeners;
    auto listener = api::Listener::at(settings_->socket);
    if (!listener) return told("listen at " + settings_->socket, listener.error());
    listeners.push_back(std::move(*listener));
    return listeners;
}

Result<void> Daemon::open_trace() {
    if (trace_portal_.empty()) return {};
    auto trace =
        PortalTrace::open(trace_portal_, settings_->state_dir, pool_.get_executor(), clock_);
    if (!trace) return trace.error();
    trace_ = std::move(*trace);
    runtime::log(Level::warning,
                 "exchanges with portals are traced; start without --trace-portal when done",
                 {{"file", trace_->path()}});
    return {};
}

void Daemon::open_link() {
    link::LinkOptions options;
    const bool spawns = settings_->outside.mode == config::OutsideSettings::Mode::spawn;
    (spawns ? options.program : options.socket) =
        spawns ? settings_->outside.program : settings_->outside.socket;
    options.build = "cabrokerd " CABROKER_VERSION;
    if (trace_) {
        options.trace = [this](std::string exchange, std::uint64_t dropped) {
            trace_->take(std::move(exchange), dropped);
        };
    }
    link_ = std::make_unique<link::Link>(std::move(options), io_.get_executor(), random_);
}

void Daemon::open_engine() {
    engine::EngineServices services{*store_,
                                    *link_,
                                    *vault_,
                                    clock_,
                                    random_,
                                    ids_,
                                    hub_,
                                    *roots_,
                                    io_.get_executor(),
                                    pool_.get_executor(),
                                    [this] { return settings_; },
                                    hooks_.engine};
    engine_ = std::make_unique<engine::Engine>(std::move(services));
}

void Daemon::open_mail() {
    engine::MailServices services{*store_,
                                  *link_,
                                  *link_,
                                  *vault_,
                                  clock_,
                                  ids_,
                                  io_.get_executor(),
                                  [this] { return settings_; },
                                  engine_->run_name(),
                                  [this] { engine_->kick(); }};
    mail_ = std::make_unique<engine::MailIntake>(std::move(services));
}

std::vector<api::Component> Daemon::components() const {
    std::vector<api::Component> list;
    api::Component outside;
    outside.name = "outside";
    outside.state = link_->up() ? "ok" : "degraded";
    outside.detail = link_->trouble();
    list.push_back(std::move(outside));
    for (const engine::MailboxStatus& mailbox : mail_->mailboxes()) {
        api::Component one;
        one.name = "mailbox/" + mailbox.name;
        one.state = mailbox.open ? "ok" : "degraded";
        if (!mailbox.open) one.detail = mailbox.last_error;
        if (mailbox.last_seen) one.times.emplace("last_seen", *mailbox.last_seen);
        if (mailbox.last_mail) one.times.emplace("last_mail", *mailbox.last_mail);
        list.push_back(std::move(one));
    }
    return list;
}

asio::awaitable<Result<api::MailPreview>> Daemon::preview_mail(domain::Order order,
                                                               domain::Params params,
                                                               std::string adapter) {
    auto mail =
        co_await engine_->preview_mail(std::move(order), std::move(params), std::move(adapter));
    if (!mail) co_return mail.error();
    api::MailPreview preview;
    preview.to = std::move(mail->rcpt_to);
    preview.subject = std::move(mail->subject);
    preview.text = std::move(mail->text);
    co_return preview;
}

asio::awaitable<Result<api::CheckResult>> Daemon::check_adapter(std::string adapter) {
    auto report = co_await link_->check(std::move(adapter), kCheckWithin);
    if (!report) co_return report.error();
    api::CheckResult result;
    result.ok = report->ok;
    result.detail = std::move(report->detail);
    result.facts = std::move(report->facts);
    co_return result;
}

void Daemon::open_server() {
    api::BuildInfo build;
    build.version = CABROKER_VERSION;
    build.compiler = __VERSION__;
    const auto readiness = [this] {
        api::Readiness now;
        now.ready = store_->healthy() && !stopping_;
        if (!store_->healthy()) now.why = "the disk failed; the daemon must be restarted";
        if (stopping_) now.why = "the daemon is stopping";
        return now;
    };
    const auto hmac = [this](std::string_view body) { return vault_->hmac("idempotency", body); };
    api::Services services{
        io_.get_executor(),
        pool_.get_executor(),
        *store_,
        *engine_,
        *engine_,
        hub_,
        ids_,
        clock_,
        random_,
        settings_,
        hmac,
        build,
        readiness,
        [this] { return components(); },
        {},
        [this](domain::Order order, domain::Params params, std::string adapter) {
            return preview_mail(std::move(order), std::move(params), std::move(adapter));
        },
        [this](std::string adapter) { return check_adapter(std::move(adapter)); }};
    server_ = std::make_unique<api::Server>(std::move(services));
}

Result<void> Daemon::open() {
    store::StoreOptions options;
    options.state_dir = settings_->state_dir;
    options.vfs = hooks_.vfs;
    options.synchronous = hooks_.synchronous;
    auto store = store::Store::open(options, io_.get_executor());
    if (!store) return told("open the store in " + settings_->state_dir, store.error());
    store_ = std::move(*store);
    if (const Result<void> vault = open_vault(); !vault) return vault.error();
    auto roots = pki::TrustRoots::load(settings_->certificate_roots);
    if (!roots) return told("read certificate_roots", roots.error());
    roots_.emplace(std::move(*roots));
    auto outside = outside_configuration(*settings_);
    if (!outside) return outside.error();
    if (const Result<void> traced = open_trace(); !traced) return traced.error();
    open_link();
    link_->configure(std::move(*outside));
    open_engine();
    if (const Result<void> recovered = engine_->recover(); !recovered) {
        return told("put in order what a crash left", recovered.error());
    }
    open_mail();
    if (const Result<void> recovered = mail_->recover(); !recovered) {
        return told("put in order what a crash left", recovered.error());
    }
    auto listeners = open_listeners();
    if (!listeners) return listeners.error();
    listeners_ = std::move(*listeners);
    open_server();
    const std::int64_t last = store_->reader().events().last_seq();
    hub_.changed({}, last);
    store_->on_commit([this](const store::CommitNotice& notice) {
        hub_.changed(notice.changed_requests, notice.last_seq);
        if (!notice.changed_requests.empty()) mail_->requests_changed();
    });
    store_->on_failure([this](const std::string& why) {
        runtime::log(Level::error,
                     "the disk failed; stopping, so that nothing is promised that is not kept",
                     {{"why", why}});
        begin_stop(kDiskFailed);
    });
    return {};
}

void Daemon::begin_stop(int exit_code) {
    if (stopping_) return;
    stopping_ = true;
    exit_code_ = exit_code;
    runtime::spawn(io_.get_executor(), "drain", drain());
}

asio::awaitable<void> Daemon::drain() {
    runtime::notify_systemd("STOPPING=1");
    runtime::log(Level::info, "stopping: finishing what is in flight");
    const domain::Duration most = settings_->api.drain_deadline;
    server_->drain();
    engine_->stop();
    mail_->stop();
    const auto until = std::chrono::steady_clock::now() + most;
    co_await server_->wait_drained(most);
    asio::steady_timer timer(io_);
    while (!engine_->idle() && std::chrono::steady_clock::now() < until) {
        timer.expires_after(std::chrono::milliseconds(20));
        co_await timer.async_wait(asio::use_awaitable);
    }
    link_->stop();
    store_->stop();
    io_.stop();
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
        } else if (stopping_) {
            runtime::log(Level::warning, "told twice to stop: stopping now");
            io_.stop();
        } else {
            begin_stop(0);
        }
    }
}

void Daemon::reload() {
    runtime::log(Level::info, "reading the configuration again", {{"file", settings_->file}});
    const config::LoadResult loaded = config::load(settings_->file);
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
    const bool needs_restart = loaded.settings->socket != settings_->socket ||
                               loaded.settings->state_dir != settings_->state_dir ||
                               !(loaded.settings->vault_key == settings_->vault_key) ||
                               loaded.settings->outside.mode != settings_->outside.mode ||
                               loaded.settings->outside.program != settings_->outside.program ||
                               loaded.settings->outside.socket != settings_->outside.socket ||
                               loaded.settings->certificate_roots != settings_->certificate_roots;
    if (needs_restart) {
        runtime::log(Level::warning,
                     "socket, state_dir, vault, outside and certificate_roots change with the next "
                     "restart only");
    }
    settings_ = loaded.settings;
    apply_log(settings_->log);
    server_->reload(settings_);
    link_->configure(std::move(*outside));
    engine_->kick();
    runtime::log(Level::info, "the new configuration is in force");
}

asio::awaitable<void> Daemon::feed_watchdog() {
    const auto interval = runtime::watchdog_interval();
    if (!interval) co_return;
    while (!stopping_) {
        // A loop that turns and a disk that writes: both are needed to be alive.
        if (store_->healthy()) runtime::notify_systemd("WATCHDOG=1");
        watchdog_.expires_after(*interval);
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await watchdog_.async_wait(token);
    }
}

asio::awaitable<void> Daemon::tidy() {
    while (!stopping_) {
        const domain::Time now = clock_.now();
        const domain::Time events = now - settings_->api.event_retention;
        const domain::Time answers = now - settings_->api.idempotency_retention;
        store::Change<bool> change = [now, events, answers](store::Tx& tx) -> Result<bool> {
            tx.events().prune(events);
            tx.idempotency().prune(answers);
            tx.sessions().drop_expired(now);
            return true;
        };
        const Result<bool> tidied = co_await store_->write(std::move(change));
        if (!tidied)
            runtime::log(Level::warning, "cannot tidy up", {{"why", tidied.error().detail}});
        tidy_timer_.expires_after(kTidyEvery);
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await tidy_timer_.async_wait(token);
    }
}

int Daemon::serve() {
    runtime::on_spawn_failure([this](const std::string&) { begin_stop(1); });
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
    runtime::spawn(io_.get_executor(), "signals", wait_for_signals());
    runtime::spawn(io_.get_executor(), "link", link_->run());
    runtime::spawn(io_.get_executor(), "engine", engine_->run());
    runtime::spawn(io_.get_executor(), "watchdog", feed_watchdog());
    runtime::spawn(io_.get_executor(), "tidy", tidy());
    server_->start(std::move(listeners_));
    runtime::notify_systemd("READY=1\nSTATUS=ready");
    runtime::log(Level::info, "ready",
                 {{"version", CABROKER_VERSION}, {"socket", settings_->socket}});
    io_.run();
    store_->stop();
    runtime::log(Level::info, "stopped");
    return exit_code_;
}

}  // namespace cabroker::app
