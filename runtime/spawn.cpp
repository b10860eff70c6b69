#include "runtime/spawn.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

#include "runtime/log.hpp"

namespace cabroker::runtime {
namespace {

std::atomic<std::size_t> running{0};
std::atomic<std::size_t> failed{0};
std::function<void(const std::string&)>& failure_handler() {
    static std::function<void(const std::string&)> handler;
    return handler;
}

}  // namespace

void spawn(const boost::asio::any_io_executor& executor, std::string name,
           boost::asio::awaitable<void> work) {
    ++running;
    auto ended = [name = std::move(name)](const std::exception_ptr& exception) {
        --running;
        if (!exception) return;
        ++failed;
        std::string why = "unknown exception";
        try {
            std::rethrow_exception(exception);
        } catch (const std::exception& error) {
            why = error.what();
        } catch (...) {  // NOLINT(bugprone-empty-catch): `why` says it
        }
        log(Level::error, "a task ended with an exception", {{"task", name}, {"why", why}});
        if (failure_handler()) failure_handler()(name);
    };
    boost::asio::co_spawn(executor, std::move(work), std::move(ended));
}

void on_spawn_failure(std::function<void(const std::string&)> handler) {
    failure_handler() = std::move(handler);
}

std::size_t spawned_running() { return running; }
std::size_t spawned_failed() { return failed; }

}  // namespace cabroker::runtime
