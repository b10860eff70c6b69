// The daemon's HTTP server over Unix sockets: accepts, knows its peers from the kernel, serves the
// routes of the contract, drains.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "daemon/api/listener.hpp"
#include "daemon/api/services.hpp"

namespace cabroker::api {

/// One thread: the loop's. Destroy it only after drained() or after the loop ended.
class Server {
  public:
    explicit Server(Services services);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    /// Accepts on all of them from now on.
    void start(std::vector<Listener> listeners);
    /// Settings for all requests that begin after this call.
    void reload(std::shared_ptr<const config::Settings> settings);
    /// Stops listening, closes idle connections, refuses new POSTs with 503, ends event streams.
    /// Wakes those who wait: closes the ChangeHub.
    void drain();
    /// True when no connection is left.
    [[nodiscard]] bool drained() const;
    /// Until drained() or the time comes; closes what is left then.
    [[nodiscard]] boost::asio::awaitable<void> wait_drained(domain::Duration at_most);
    [[nodiscard]] std::size_t connections() const;

    struct Core;

  private:
    std::shared_ptr<Core> core_;
};

}  // namespace cabroker::api
