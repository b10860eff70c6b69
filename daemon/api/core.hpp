// The server's inside: the connections it has, their deadlines, and the listeners. One timer looks
// after all deadlines, because a timer per operation costs 40 % of the request rate.
#pragma once

#include <sys/types.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/api/api.hpp"
#include "daemon/api/listener.hpp"
#include "daemon/api/server.hpp"

namespace cabroker::api {

using Socket = asio::local::stream_protocol::socket;
using Acceptor = asio::local::stream_protocol::acceptor;
using Steady = std::chrono::steady_clock;

/// A live connection as the server sees it.
struct Connection {
    static constexpr Steady::time_point kNever = Steady::time_point::max();
    /// When the operation under way is given up.
    Steady::time_point deadline = kNever;
    /// The deadline passed and `cancel` was called.
    bool expired = false;
    /// Between two requests, nothing of the next one has come.
    bool idle = false;
    /// Ends the operation under way.
    std::function<void()> cancel;
    /// Has anything come that was not read yet?
    std::function<bool()> has_octets;
};

struct Server::Core {
    Api api;
    std::list<Connection*> connections;
    std::vector<Listener> listeners;
    std::vector<std::shared_ptr<Acceptor>> acceptors;
    asio::steady_timer tick;
    bool stopping = false;
    /// An answer's octets while they are made; nobody keeps it over a suspension.
    std::string answer;
    /// Connections of peers that had no role when they came.
    std::size_t strangers = 0;
    std::unordered_map<uid_t, std::size_t> connections_of;
    /// Octets of bodies and answers that all connections hold, and those of one user.
    std::size_t held = 0;
    std::unordered_map<uid_t, std::size_t> held_of;

    explicit Core(Services services);
    /// A new X-Request-Id, unlike any of this or another run.
    [[nodiscard]] std::string make_request_id();
    /// The Date header's value now.
    [[nodiscard]] const std::string& date();

  private:
    std::string id_prefix_;
    std::uint64_t id_count_ = 0;
    std::int64_t date_second_ = -1;
    std::string date_text_;
};

/// Puts a connection into the server's list for as long as it lives.
class Registered {
  public:
    Registered(Server::Core& core, Connection& connection);
    Registered(const Registered&) = delete;
    Registered& operator=(const Registered&) = delete;
    ~Registered();

  private:
    Server::Core& core_;
    std::list<Connection*>::iterator place_;
};

/// What one connection holds of the octets that all may hold together, and its user of them.
class Holding {
  public:
    explicit Holding(Server::Core& core) : core_(core) {}
    Holding(const Holding&) = delete;
    Holding& operator=(const Holding&) = delete;
    ~Holding() { set(0); }
    /// Whose it is; before anything is held.
    void belongs_to(uid_t user) { user_ = user; }
    void set(std::size_t octets) {
        if (octets == octets_) return;
        std::size_t& users = core_.held_of[user_];
        users += octets - octets_;
        core_.held += octets - octets_;
        octets_ = octets;
        if (users == 0) core_.held_of.erase(user_);
    }
    /// May it hold so many, beside what the others hold? What is small always may, so that nobody's
    /// large bodies and answers are in the way of the work; one alone may hold anything; and a
    /// quarter stays for other users.
    [[nodiscard]] bool fits(std::size_t octets) const {
        if (octets <= kAlways || core_.held == octets_) return true;
        const std::size_t most = core_.api.services.settings->api.max_held;
        const auto mine = core_.held_of.find(user_);
        const std::size_t users = mine == core_.held_of.end() ? 0 : mine->second;
        return core_.held - octets_ + octets <= most && users - octets_ + octets <= most - most / 4;
    }

  private:
    static constexpr std::size_t kAlways = 64UL * 1024;

    Server::Core& core_;
    uid_t user_ = 0;
    std::size_t octets_ = 0;
};

/// Serves one connection until it ends. `busy`: only tells the client that there is no room.
[[nodiscard]] asio::awaitable<void> serve(std::shared_ptr<Server::Core> core, Socket socket,
                                          bool busy);

}  // namespace cabroker::api
