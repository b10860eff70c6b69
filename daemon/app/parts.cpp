#include "daemon/app/parts.hpp"

#include <utility>

#include "daemon/app/api_answers.hpp"
#include "daemon/app/outside_settings.hpp"
#include "runtime/log.hpp"
#include "runtime/systemd.hpp"

namespace cabroker::app {

using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

constexpr auto kKeyIdMeta = "vault_key_id";

Error told(const std::string& what, const Error& error) {
    return Error(ErrorCode::bad_configuration, "cannot " + what + ": " + error.detail);
}

vault::KeySource key_source(const config::SecretSource& source) {
    if (source.kind == config::SecretSource::Kind::credential)
        return vault::KeySource::credential(source.where);
    return vault::KeySource::file(source.where);
}

}  // namespace

Parts::Parts(std::shared_ptr<const config::Settings> in_force, std::string trace_portal,
             AppHooks test_hooks)
    : settings(std::move(in_force)),
      trace_file(std::move(trace_portal)),
      hooks(std::move(test_hooks)) {}

void Parts::end_threads() {
    pool.join();
    if (store) store->stop();
}

Result<void> Parts::open() {
    if (auto opened = open_store(); !opened) return opened;
    if (auto opened = open_vault(); !opened) return opened;
    if (auto opened = open_roots(); !opened) return opened;
    auto outside = outside_configuration(*settings);
    if (!outside) return outside.error();
    if (auto opened = open_trace(); !opened) return opened;
    open_link();
    link->configure(std::move(*outside));
    if (auto opened = open_engine(); !opened) return opened;
    if (auto opened = open_mail(); !opened) return opened;
    if (auto opened = open_listeners(); !opened) return opened;
    open_server();
    hub.changed({}, store->reader().events().last_seq());
    store->on_commit([this](const store::CommitNotice& notice) {
        hub.changed(notice.changed_requests, notice.last_seq);
        if (!notice.changed_requests.empty()) mail->requests_changed();
    });
    return {};
}

Result<void> Parts::open_store() {
    store::StoreOptions options;
    options.state_dir = settings->state_dir;
    options.vfs = hooks.vfs;
    options.synchronous = hooks.synchronous;
    auto opened = store::Store::open(options, io.get_executor());
    if (!opened) return told("open the store in " + settings->state_dir, opened.error());
    store = std::move(*opened);
    return {};
}

Result<void> Parts::open_vault() {
    const bool sealed = store->reader().meta().anything_sealed();
    auto opened =
        vault::Vault::open(key_source(settings->vault_key), sealed, store->get_meta(kKeyIdMeta));
    if (!opened) return told("open the vault", opened.error());
    vault.emplace(std::move(*opened));
    const Result<void> remembered = store->set_meta(kKeyIdMeta, vault->key_id());
    if (!remembered) return told("remember the vault's key", remembered.error());
    return {};
}

Result<void> Parts::open_roots() {
    auto loaded = pki::TrustRoots::load(settings->certificate_roots);
    if (!loaded) return told("read certificate_roots", loaded.error());
    roots.emplace(std::move(*loaded));
    return {};
}

Result<void> Parts::open_trace() {
    if (trace_file.empty()) return {};
    auto opened = PortalTrace::open(trace_file, settings->state_dir, pool.get_executor(), clock);
    if (!opened) return opened.error();
    trace = std::move(*opened);
    runtime::log(runtime::Level::warning,
                 "exchanges with portals are traced; start without --trace-portal when done",
                 {{"file", trace->path()}});
    return {};
}

void Parts::open_link() {
    link::LinkOptions options;
    if (settings->outside.mode == config::OutsideSettings::Mode::spawn) {
        options.program = settings->outside.program;
    } else {
        options.socket = settings->outside.socket;
    }
    options.build = "cabrokerd " CABROKER_VERSION;
    if (trace) {
        options.trace = [this](std::string exchange, std::uint64_t dropped) {
            trace->take(std::move(exchange), dropped);
        };
    }
    link = std::make_unique<link::Link>(std::move(options), io.get_executor(), random);
}

Result<void> Parts::open_engine() {
    engine::EngineServices services{*store,
                                    *link,
                                    *vault,
                                    clock,
                                    random,
                                    ids,
                                    hub,
                                    *roots,
                                    io.get_executor(),
                                    pool.get_executor(),
                                    [this] { return settings; },
                                    hooks.engine};
    engine = std::make_unique<engine::Engine>(std::move(services));
    const Result<void> recovered = engine->recover();
    if (!recovered) return told("put in order what a crash left", recovered.error());
    return {};
}

Result<void> Parts::open_mail() {
    engine::MailServices services{*store,
                                  *link,
                                  *link,
                                  *vault,
                                  clock,
                                  ids,
                                  io.get_executor(),
                                  [this] { return settings; },
                                  engine->run_name(),
                                  [this] { engine->kick(); }};
    mail = std::make_unique<engine::MailIntake>(std::move(services));
    const Result<void> recovered = mail->recover();
    if (!recovered) return told("put in order what a crash left", recovered.error());
    return {};
}

Result<void> Parts::open_listeners() {
    for (const int fd : runtime::sockets_from_systemd()) {
        auto listener = api::Listener::adopt(fd);
        if (!listener) return told("use the socket from systemd", listener.error());
        listeners.push_back(std::move(*listener));
    }
    if (!listeners.empty()) return {};
    auto listener = api::Listener::at(settings->socket);
    if (!listener) return told("listen at " + settings->socket, listener.error());
    listeners.push_back(std::move(*listener));
    return {};
}

void Parts::open_server() {
    api::BuildInfo build;
    build.version = CABROKER_VERSION;
    build.compiler = __VERSION__;
    const auto readiness = [this] {
        api::Readiness now;
        now.ready = store->healthy() && !stopping;
        if (!store->healthy()) now.why = "the disk failed; the daemon must be restarted";
        if (stopping) now.why = "the daemon is stopping";
        return now;
    };
    const auto hmac = [this](std::string_view body) { return vault->hmac("idempotency", body); };
    api::Services services{
        io.get_executor(),
        pool.get_executor(),
        *store,
        *engine,
        *engine,
        hub,
        ids,
        clock,
        random,
        settings,
        hmac,
        build,
        readiness,
        [this] { return components(*link, *mail); },
        {},
        [this](domain::Order order, domain::Params params, std::string adapter) {
            return preview_mail(*engine, std::move(order), std::move(params), std::move(adapter));
        },
        [this](std::string adapter) { return check_adapter(*link, std::move(adapter)); }};
    server = std::make_unique<api::Server>(std::move(services));
}

}  // namespace cabroker::app
