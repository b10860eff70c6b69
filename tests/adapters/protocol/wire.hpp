// Both ends of a link in one process: a socket pair, coroutines run to their end within a limit,
// and a peer that speaks raw lines.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "runtime/spawn.hpp"

namespace cabroker::tests {

namespace asio = boost::asio;
using LocalSocket = asio::local::stream_protocol::socket;

inline constexpr std::chrono::seconds kLimit{20};

/// Turns the loop until `enough` or the limit.
inline bool turn_until(asio::io_context& io, const std::function<bool()>& enough) {
    const auto until = std::chrono::steady_clock::now() + kLimit;
    io.restart();
    while (!enough() && std::chrono::steady_clock::now() < until) {
        if (io.run_one_for(std::chrono::milliseconds(50)) == 0) io.restart();
    }
    return enough();
}

template <class Value>
asio::awaitable<void> keep(asio::awaitable<Value> work, std::optional<Value>& into) {
    into.emplace(co_await std::move(work));
}

/// What the coroutine returns; the test fails when it takes too long.
template <class Value>
Value run(asio::io_context& io, asio::awaitable<Value> work) {
    std::optional<Value> value;
    runtime::spawn(io.get_executor(), "test", keep(std::move(work), value));
    if (!turn_until(io, [&] { return value.has_value(); })) {
        throw std::runtime_error("the coroutine did not end in time");
    }
    return std::move(*value);
}

/// The other end, without any of the code under test.
class RawPeer {
  public:
    explicit RawPeer(LocalSocket socket) : socket_(std::move(socket)) {}

    /// False when the other end has hung up.
    asio::awaitable<bool> say(std::string text) {
        boost::system::error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        const auto octets = asio::buffer(text);
        co_await asio::async_write(socket_, octets, token);
        co_return !error;
    }
    /// The next line; empty when the other end has hung up.
    asio::awaitable<std::string> hear() {
        boost::system::error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        auto buffer = asio::dynamic_buffer(incoming_);
        const std::size_t length = co_await asio::async_read_until(socket_, buffer, '\n', token);
        if (error) co_return std::string();
        std::string line = incoming_.substr(0, length);
        incoming_.erase(0, length);
        co_return line;
    }
    asio::awaitable<boost::json::object> hear_object() {
        const std::string line = co_await hear();
        if (line.empty()) co_return boost::json::object();
        co_return boost::json::parse(line).as_object();
    }
    void hang_up() { socket_.close(); }

  private:
    LocalSocket socket_;
    std::string incoming_;
};

struct Wire {
    Wire() { asio::local::connect_pair(ours, theirs); }
    asio::io_context io{1};
    LocalSocket ours{io};
    LocalSocket theirs{io};
};

}  // namespace cabroker::tests
