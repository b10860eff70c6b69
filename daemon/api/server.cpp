#include "daemon/api/server.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>

#include "daemon/api/core.hpp"
#include "daemon/engine/change_hub.hpp"
#include "runtime/log.hpp"
#include "runtime/sleep.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::api {
namespace {

using boost::system::error_code;
using CorePtr = std::shared_ptr<Server::Core>;

/// Connections over the limit that are told so at one time; those beyond are just closed.
constexpr std::size_t kBusyAtOnce = 32;

std::string http_date(std::time_t second) {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    ::gmtime_r(&second, &parts);
    char rest[48];
    std::snprintf(rest, sizeof rest, ", %02d %s %04d %02d:%02d:%02d GMT", parts.tm_mday,
                  kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                  parts.tm_sec);
    return std::string(kDays[parts.tm_wday]) + rest;
}

asio::awaitable<void> accept_all(CorePtr core, std::shared_ptr<Acceptor> acceptor) {
    while (acceptor->is_open()) {
        error_code failed;
        auto token = asio::redirect_error(asio::use_awaitable, failed);
        Socket socket = co_await acceptor->async_accept(token);
        if (core->stopping) co_return;
        if (failed) {
            // Out of descriptors, most likely: wait until some are free again.
            runtime::log(runtime::Level::warning, "cannot accept a connection",
                         {{"why", failed.message()}});
            co_await runtime::sleep_for(std::chrono::milliseconds(100));
            continue;
        }
        ++core->api.connections_accepted;
        const std::size_t most = core->api.services.settings->api.max_connections;
        const bool busy = core->connections.size() >= most;
        // Even saying no takes a descriptor for a while.
        if (core->connections.size() >= most + kBusyAtOnce) continue;
        asio::awaitable<void> session = serve(core, std::move(socket), busy);
        runtime::spawn(core->api.services.loop, "api session", std::move(session));
    }
}

std::chrono::milliseconds tick_length(const config::ApiSettings& settings) {
    const domain::Duration shortest =
        std::min({settings.read_deadline, settings.write_deadline, settings.idle_deadline});
    return std::clamp<std::chrono::milliseconds>(shortest / 8, std::chrono::milliseconds(10),
                                                 std::chrono::milliseconds(1000));
}

void expire_late(Server::Core& core) {
    const Steady::time_point now = Steady::now();
    // cancel() only posts completions, so nobody leaves the list meanwhile.
    for (Connection* connection : core.connections) {
        if (connection->deadline > now) continue;
        // The deadline stays: an operation that had ended when this one is cancelled may be
        // followed by another one, which the next tick cancels.
        connection->expired = true;
        connection->cancel();
    }
}

asio::awaitable<void> watch_deadlines(CorePtr core) {
    while (!core->stopping || !core->connections.empty()) {
        core->tick.expires_after(tick_length(core->api.services.settings->api));
        error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await core->tick.async_wait(token);
        expire_late(*core);
    }
}

}  // namespace

Server::Core::Core(Services services)
    : api(std::move(services)), tick(api.services.loop), id_prefix_(api.services.random.hex(6)) {}

std::string Server::Core::make_request_id() {
    return "x-" + id_prefix_ + "-" + std::to_string(++id_count_);
}

const std::string& Server::Core::date() {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(api.now().time_since_epoch());
    if (now.count() != date_second_) {
        date_second_ = now.count();
        date_text_ = http_date(static_cast<std::time_t>(now.count()));
    }
    return date_text_;
}

Registered::Registered(Server::Core& core, Connection& connection)
    : core_(core), place_(core.connections.insert(core.connections.end(), &connection)) {
    core_.api.connections = core_.connections.size();
}

Registered::~Registered() {
    core_.connections.erase(place_);
    core_.api.connections = core_.connections.size();
}

Server::Server(Services services) : core_(std::make_shared<Core>(std::move(services))) {}

Server::~Server() {
    core_->stopping = true;
    core_->tick.cancel();
}

void Server::start(std::vector<Listener> listeners) {
    core_->listeners = std::move(listeners);
    const asio::any_io_executor loop = core_->api.services.loop;
    for (const Listener& listener : core_->listeners) {
        auto acceptor = std::make_shared<Acceptor>(loop);
        acceptor->assign(asio::local::stream_protocol(), ::dup(listener.descriptor()));
        core_->acceptors.push_back(acceptor);
        runtime::spawn(loop, "api accept", accept_all(core_, std::move(acceptor)));
    }
    runtime::spawn(loop, "api deadlines", watch_deadlines(core_));
}

void Server::reload(std::shared_ptr<const config::Settings> settings) {
    core_->api.services.settings = std::move(settings);
    core_->tick.cancel();
}

void Server::drain() {
    if (core_->stopping) return;
    core_->stopping = true;
    core_->api.draining = true;
    for (const std::shared_ptr<Acceptor>& acceptor : core_->acceptors) acceptor->close();
    core_->listeners.clear();
    core_->api.services.changes.close();
    for (Connection* connection : core_->connections) {
        // What has come already is read, and told that the daemon stops.
        if (connection->idle && !connection->has_octets()) connection->cancel();
    }
}

bool Server::drained() const { return core_->connections.empty(); }

asio::awaitable<void> Server::wait_drained(domain::Duration at_most) {
    const CorePtr core = core_;
    const Steady::time_point until = Steady::now() + at_most;
    while (!core->connections.empty() && Steady::now() < until)
        co_await runtime::sleep_for(std::chrono::milliseconds(10));
    for (Connection* connection : core->connections) {
        connection->expired = true;
        connection->cancel();
    }
    core->tick.cancel();
}

std::size_t Server::connections() const { return core_->connections.size(); }

}  // namespace cabroker::api
