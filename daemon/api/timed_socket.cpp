#include "daemon/api/timed_socket.hpp"

#include <poll.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace cabroker::api {

using boost::system::error_code;

namespace {

constexpr std::chrono::seconds kLinger{5};
constexpr std::size_t kLingerReadSize = 128UL * 1024;

}  // namespace

TimedSocket::TimedSocket(Server::Core& core, Socket socket)
    : core_(core), socket_(std::move(socket)), registered_(core, connection_) {
    socket_.non_blocking(true);
    connection_.cancel = [this] {
        error_code ignored;
        socket_.cancel(ignored);
    };
    connection_.has_octets = [this] {
        error_code failed;
        return socket_.available(failed) > 0 && !failed;
    };
}

asio::awaitable<error_code> TimedSocket::fill(std::size_t size) {
    const auto [where, room] = buffer_.prepare(size);
    const asio::mutable_buffer space(where, room);
    error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    const std::size_t count = co_await socket_.async_read_some(space, token);
    buffer_.commit(count);
    co_return failed;
}

std::size_t TimedSocket::write_now(std::string_view octets) {
    error_code failed;
    return socket_.write_some(asio::const_buffer(octets.data(), octets.size()), failed);
}

asio::awaitable<bool> TimedSocket::write(std::string_view octets) {
    set_deadline(core_.api.services.settings->api.write_deadline);
    error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    const asio::const_buffer all(octets.data(), octets.size());
    co_await asio::async_write(socket_, all, token);
    no_deadline();
    co_return !failed;
}

bool TimedSocket::gone() {
    pollfd client{descriptor(), 0, 0};
    return ::poll(&client, 1, 0) > 0 && (client.revents & (POLLHUP | POLLERR)) != 0;
}

asio::awaitable<void> TimedSocket::linger() {
    error_code failed;
    socket_.shutdown(Socket::shutdown_send, failed);
    set_deadline(kLinger);
    while (!failed && !connection_.expired) {
        buffer_.consume(buffer_.size());
        failed = co_await fill(kLingerReadSize);
    }
}

}  // namespace cabroker::api
