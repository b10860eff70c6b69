// Listening sockets from an `ADDRESS:PORT` text. Includes Asio: for sources only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "domain/error.hpp"

namespace cabroker::sim {

/// An IP address and a port; port 0 takes a free one.
[[nodiscard]] domain::Result<boost::asio::ip::tcp::acceptor> listen_on(
    const boost::asio::any_io_executor& executor, const std::string& address);

}  // namespace cabroker::sim
