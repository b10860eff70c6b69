// Waiting in a coroutine: on a timer that others may cancel, or for a length of time. Dates and due
// times are not its business (clock.hpp).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

namespace cabroker::runtime {

/// Until `timer` expires or is cancelled; which of the two is not told. The timer outlives the
/// wait.
[[nodiscard]] boost::asio::awaitable<void> sleep_on(boost::asio::steady_timer& timer);

/// That long, or until the coroutine is cancelled.
[[nodiscard]] boost::asio::awaitable<void> sleep_for(std::chrono::milliseconds time);

}  // namespace cabroker::runtime
