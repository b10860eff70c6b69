// The one way to start a coroutine that nobody waits for: named, logged, counted. Never
// asio::detached.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

namespace cabroker::runtime {

/// Runs `work` on `executor`. An exception that leaves it is logged with `name`, counted, and given
/// to the handler set by on_spawn_failure (the daemon stops there: an escaped exception is a bug).
void spawn(const boost::asio::any_io_executor& executor, std::string name,
           boost::asio::awaitable<void> work);

/// Called on the executor's thread after each failure was logged. Set once, before the first spawn.
void on_spawn_failure(std::function<void(const std::string& name)> handler);

/// How many spawned coroutines have not ended yet, and how many ended with an exception.
[[nodiscard]] std::size_t spawned_running();
[[nodiscard]] std::size_t spawned_failed();

}  // namespace cabroker::runtime
