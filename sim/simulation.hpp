// The whole simulated world put together: what main() starts, and what a test can run in its own
// process.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/fwd.hpp>
#include <memory>
#include <string>

#include "sim/desk.hpp"
#include "sim/sign_in.hpp"

namespace cabroker::sim {

struct SimOptions {
    /// Made if it is missing.
    std::string state_dir;
    /// Empty: STATE/control.sock.
    std::string control;
    std::string portal = "127.0.0.1:0";
    std::string desk_portal = "127.0.0.1:0";
    std::string services_api = "127.0.0.1:0";
    std::string extra_portal = "127.0.0.1:0";
    /// Requests per API key in 5 seconds; 0: no limit.
    int api_limit = 0;
    std::string smtp = "127.0.0.1:0";
    /// Empty: none.
    std::string smtps;
    /// Empty: the built-in orders.
    std::string orders_file;
    WorldSettings world;
    SignInSettings sign_in;
    PostSettings post;
    DeskSettings desk;
};

/// One thread. Must outlive the io_context that it is started on.
class Simulation {
  public:
    explicit Simulation(SimOptions options);
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;
    ~Simulation();

    /// Makes keys and orders, opens all sockets, writes ready.json; returns its JSON line.
    [[nodiscard]] domain::Result<std::string> start(const boost::asio::any_io_executor& executor);

  private:
    struct Parts;
    [[nodiscard]] domain::Result<void> make_world(const boost::asio::any_io_executor& executor);
    [[nodiscard]] domain::Result<void> load_orders();
    [[nodiscard]] domain::Result<void> open_portals(const boost::asio::any_io_executor& executor,
                                                    boost::json::object& ready);

    SimOptions options_;
    std::unique_ptr<Parts> parts_;
};

}  // namespace cabroker::sim
