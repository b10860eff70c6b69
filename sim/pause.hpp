// Waiting inside a coroutine, for faults that delay. Includes Asio: for sources only.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "domain/time.hpp"

namespace cabroker::sim {

/// Ends after `duration` of real time, or at once when the io_context stops.
[[nodiscard]] boost::asio::awaitable<void> pause_for(domain::Duration duration);

}  // namespace cabroker::sim
