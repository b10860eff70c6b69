// The outside's end of the adapter protocol: serves one core link, runs the built-in adapters,
// holds no data. A link has a process of its own (main.cpp), so that nothing of it outlives it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <string>

#include "adapters/registry.hpp"

namespace cabroker::adapters::host {

/// Makes an adapter of a configured name and settings; tests put their own in.
using AdapterMaker = std::function<domain::Result<std::unique_ptr<Adapter>>(
    const std::string& name, const std::string& settings, const Services& services)>;

struct HostOptions {
    std::string build;
    AdapterMaker make_adapter;
    /// The core pings every 10 s.
    std::chrono::milliseconds silence{30'000};
};

/// Serves until the core hangs up, is silent too long, or talks nonsense. Steps still running then
/// are cancelled with the io_context.
[[nodiscard]] boost::asio::awaitable<void> serve(boost::asio::local::stream_protocol::socket socket,
                                                 HostOptions options);

}  // namespace cabroker::adapters::host
