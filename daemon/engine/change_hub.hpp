// Wakes those who wait for a request to change or for new events; knows nothing of what changed.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "domain/ids.hpp"

namespace cabroker::engine {

/// One thread: the loop's. A waiter must look again after every wake-up: wake-ups may be for
/// nothing.
class ChangeHub {
  public:
    explicit ChangeHub(boost::asio::any_io_executor loop) : loop_(std::move(loop)) {}

    /// Until the request changes, the hub closes, or the time comes. True when it was woken before
    /// that time.
    [[nodiscard]] boost::asio::awaitable<bool> wait_for_request(
        domain::RequestId id, std::chrono::steady_clock::time_point until);
    /// Until an event with a higher number than `after` is durable.
    [[nodiscard]] boost::asio::awaitable<bool> wait_for_events(
        std::int64_t after, std::chrono::steady_clock::time_point until);

    /// After a durable commit.
    void changed(const std::vector<domain::RequestId>& requests, std::int64_t last_seq);
    /// Wakes everybody now and lets nobody wait any more: the daemon drains.
    void close();
    [[nodiscard]] bool closed() const { return closed_; }
    [[nodiscard]] std::int64_t last_seq() const { return last_seq_; }
    [[nodiscard]] std::size_t waiting() const { return waiting_; }

  private:
    using Timers = std::list<boost::asio::steady_timer>;
    boost::asio::awaitable<bool> wait_in(Timers& timers,
                                         std::chrono::steady_clock::time_point until);

    boost::asio::any_io_executor loop_;
    std::unordered_map<domain::RequestId, Timers> by_request_;
    Timers by_event_;
    std::int64_t last_seq_ = 0;
    std::size_t waiting_ = 0;
    bool closed_ = false;
};

}  // namespace cabroker::engine
