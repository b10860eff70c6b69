#include "tests/daemon/api/harness.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <thread>

#include "daemon/api/server.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/store/store.hpp"
#include "daemon/vault/vault.hpp"

namespace cabroker::api::test {
namespace {

namespace asio = boost::asio;

class NoOutside final : public link::Outside {
  public:
    asio::awaitable<domain::Result<adapters::protocol::StepResult>> advance(
        adapters::protocol::StepContext) override {
        co_return domain::Error(domain::ErrorCode::not_sent, "nobody there");
    }
    asio::awaitable<domain::Result<adapters::protocol::Proof>> prove(
        adapters::protocol::ProofContext) override {
        co_return domain::Error(domain::ErrorCode::not_sent, "nobody there");
    }
    [[nodiscard]] bool up() const override { return false; }
    [[nodiscard]] std::string trouble() const override { return "down"; }
    [[nodiscard]] const std::map<std::string, adapters::protocol::Capabilities>& capabilities()
        const override {
        return none_;
    }
    void on_change(std::function<void()>) override {}

  private:
    std::map<std::string, adapters::protocol::Capabilities> none_;
};

std::shared_ptr<config::Settings> make_settings(const std::string& folder) {
    auto settings = std::make_shared<config::Settings>();
    settings->state_dir = folder + "/state";
    config::AdapterSettings desk;
    desk.name = "desk";
    desk.type = "human";
    desk.channel = domain::Channel::human;
    desk.details = config::HumanSettings();
    settings->adapters.emplace("desk", desk);
    config::RouteRule rule;
    rule.name = "all";
    rule.adapter = "desk";
    rule.channel = domain::Channel::human;
    settings->routes.push_back(rule);
    settings->shipped_routes = false;
    return settings;
}

template <class T>
T checked(domain::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().detail);
    return std::move(*result);
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

struct Made {
    std::string csr;
    std::string key;
    std::string certificate;
};

const Made& made_for(const std::string& name) {
    static std::map<std::string, Made> all;
    const auto found = all.find(name);
    if (found != all.end()) return found->second;
    char folder[] = "/tmp/cabroker-api-csr-XXXXXX";
    const std::filesystem::path in = ::mkdtemp(folder);
    const std::string base = "cd " + in.string() +
                             " && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes " +
                             "-keyout k.pem -subj /CN=" + name +
                             " -addext subjectAltName=DNS:" + name;
    const std::string script = base + " -out c.pem 2>/dev/null && openssl req -x509 -key k.pem " +
                               "-subj /CN=" + name + " -addext subjectAltName=DNS:" + name +
                               " -addext basicConstraints=CA:FALSE -days 30 -out x.pem 2>/dev/null";
    EXPECT_EQ(std::system(script.c_str()), 0);
    Made made{read_file(in / "c.pem"), read_file(in / "k.pem"), read_file(in / "x.pem")};
    std::filesystem::remove_all(in);
    return all.emplace(name, std::move(made)).first->second;
}

}  // namespace

struct Harness::Parts {
    std::filesystem::path folder;
    std::shared_ptr<config::Settings> settings;
    runtime::SystemClock clock;
    runtime::SystemRandom random;
    runtime::IdMaker ids{random};
    asio::io_context loop;
    asio::executor_work_guard<asio::io_context::executor_type> stay{loop.get_executor()};
    asio::thread_pool pool{2};
    std::unique_ptr<store::Store> store;
    std::optional<vault::Vault> vault;
    pki::TrustRoots roots = pki::TrustRoots::of({});
    NoOutside outside;
    std::unique_ptr<engine::ChangeHub> hub;
    std::unique_ptr<engine::Engine> engine;
    std::unique_ptr<Server> server;
    std::thread thread;
};

Harness::Harness(const std::function<void(config::Settings&)>& adjust,
                 const std::function<void(store::StoreOptions&)>& adjust_store)
    : parts_(std::make_unique<Parts>()) {
    char folder[] = "/tmp/cabroker-api-XXXXXX";
    Parts& p = *parts_;
    p.folder = ::mkdtemp(folder);
    p.settings = make_settings(p.folder.string());
    if (adjust) adjust(*p.settings);
    store::StoreOptions options;
    options.state_dir = p.settings->state_dir;
    if (adjust_store) adjust_store(options);
    p.store = checked(store::Store::open(options, p.loop.get_executor()));
    p.vault.emplace(checked(
        vault::Vault::open(vault::KeySource::file(p.folder / "state" / "vault.key"), false)));
    p.hub = std::make_unique<engine::ChangeHub>(p.loop.get_executor());
    p.store->on_commit([&p](const store::CommitNotice& notice) {
        p.hub->changed(notice.changed_requests, notice.last_seq);
    });
    const auto settings = [&p] { return std::shared_ptr<const config::Settings>(p.settings); };
    p.engine = std::make_unique<engine::Engine>(engine::EngineServices{
        *p.store, p.outside, *p.vault, p.clock, p.random, p.ids, *p.hub, p.roots,
        p.loop.get_executor(), p.pool.get_executor(), settings, engine::TestHooks()});
    const auto hmac = [&p](std::string_view text) { return p.vault->hmac("idempotency", text); };
    BuildInfo build;
    build.version = "9.9.9";
    p.server = std::make_unique<Server>(Services{p.loop.get_executor(),
                                                 p.pool.get_executor(),
                                                 *p.store,
                                                 *p.engine,
                                                 *p.engine,
                                                 *p.hub,
                                                 p.ids,
                                                 p.clock,
                                                 p.random,
                                                 p.settings,
                                                 hmac,
                                                 build,
                                                 {},
                                                 {},
                                                 {},
                                                 {},
                                                 {},
                                                 std::chrono::milliseconds(200)});
    std::vector<Listener> listeners;
    listeners.push_back(checked(Listener::at(socket_path())));
    p.server->start(std::move(listeners));
    p.thread = std::thread([&p] { p.loop.run(); });
}

Harness::~Harness() {
    Parts& p = *parts_;
    std::promise<void> drained;
    on_loop([&] {
        p.server->drain();
        asio::co_spawn(p.loop, p.server->wait_drained(std::chrono::milliseconds(300)),
                       [&](const std::exception_ptr&) { drained.set_value(); });
    });
    drained.get_future().wait();
    on_loop([&] { p.engine->stop(); });
    p.loop.stop();
    p.thread.join();
    p.pool.join();
    p.store->stop();
    // What is left of coroutines goes with the loop, before what they refer to.
    p.server.reset();
    std::filesystem::remove_all(p.folder);
}

std::string Harness::socket_path() const { return (parts_->folder / "api.sock").string(); }
std::string Harness::folder() const { return parts_->folder.string(); }

void Harness::on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    asio::post(parts_->loop, [&] {
        work();
        done.set_value();
    });
    done.get_future().wait();
}

void Harness::change(const std::function<void(store::Tx&)>& work) {
    store::Change<int> change = [&work](store::Tx& tx) -> domain::Result<int> {
        work(tx);
        return 0;
    };
    auto done =
        asio::co_spawn(parts_->loop, parts_->store->write(std::move(change)), asio::use_future);
    const domain::Result<int> result = done.get();
    EXPECT_TRUE(result.has_value()) << result.error().detail;
}

void Harness::change_request(const std::string& id,
                             const std::function<void(domain::Request&)>& work) {
    change([&](store::Tx& tx) {
        std::optional<store::StoredRequest> row = tx.requests().get(*domain::RequestId::parse(id));
        work(row->request);
        EXPECT_TRUE(tx.requests().update(*row).has_value());
    });
}

void Harness::drain() {
    on_loop([this] { parts_->server->drain(); });
}

void Harness::reload(const std::function<void(config::Settings&)>& adjust) {
    on_loop([&] {
        parts_->settings = std::make_shared<config::Settings>(*parts_->settings);
        adjust(*parts_->settings);
        parts_->server->reload(parts_->settings);
    });
}

std::size_t Harness::connections() {
    std::size_t count = 0;
    on_loop([&] { count = parts_->server->connections(); });
    return count;
}

std::size_t Harness::queued() { return parts_->store->stats().queued; }

std::size_t Harness::waiting() {
    std::size_t count = 0;
    on_loop([&] { count = parts_->hub->waiting(); });
    return count;
}

void Harness::until(const std::function<bool()>& true_now) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!true_now()) {
        ASSERT_LT(std::chrono::steady_clock::now(), end) << "waited for ten seconds";
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

std::string quoted(const std::string& text) {
    return boost::json::serialize(boost::json::value(text));
}

std::string status_body(const std::string& supplier_order_id, const std::string& more) {
    return R"({"kind":"status","order":{"brand":"rapidssl","common_name":"www.example.com",)"
           R"("supplier_order_id":)" +
           quoted(supplier_order_id) + "}" + more + "}";
}

const std::string& csr_for(const std::string& name) { return made_for(name).csr; }
const std::string& key_for(const std::string& name) { return made_for(name).key; }
const std::string& certificate_for(const std::string& name) { return made_for(name).certificate; }

}  // namespace cabroker::api::test
