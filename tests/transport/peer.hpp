// A real peer for transport's tests: a Python program that serves on loopback ports, says which on
// its standard output (`name=value` lines, then `ready`), and dies with the test.
#pragma once

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cabroker::transport {

class Peer {
  public:
    /// Starts `tests/transport/<script>` and waits, 30 s at most, until it is ready. Throws when it
    /// does not come up.
    explicit Peer(const std::string& script);
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer();

    /// What the peer said about itself: ports and file names.
    [[nodiscard]] const std::string& operator[](const std::string& name) const;
    /// A new empty folder of this peer; removed with it.
    [[nodiscard]] const std::string& folder() const { return folder_; }

  private:
    void stop();
    pid_t pid_ = -1;
    int out_ = -1;
    /// The peer's standard input: it ends when this process does, however.
    int leash_ = -1;
    std::string folder_;
    std::map<std::string, std::string> words_;
};

/// Runs one awaitable to its end, 60 s at most, and gives what it returned.
template <class T>
T await(boost::asio::io_context& loop, boost::asio::awaitable<T> work) {
    std::optional<T> result;
    std::exception_ptr failure;
    boost::asio::co_spawn(loop, std::move(work), [&](const std::exception_ptr& error, T value) {
        failure = error;
        result.emplace(std::move(value));
    });
    loop.restart();
    loop.run_for(std::chrono::seconds(60));
    if (failure) std::rethrow_exception(failure);
    if (!result) throw std::runtime_error("the awaitable did not end");
    return std::move(*result);
}

}  // namespace cabroker::transport
