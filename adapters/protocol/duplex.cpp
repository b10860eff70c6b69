#include "adapters/protocol/duplex.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace cabroker::adapters::protocol {

namespace asio = boost::asio;
using boost::system::error_code;

Duplex::Duplex(asio::local::stream_protocol::socket socket) : socket_(std::move(socket)) {}

Duplex::Duplex(asio::posix::stream_descriptor from, asio::posix::stream_descriptor to)
    : socket_(from.get_executor()), pipes_(Pipes{std::move(from), std::move(to)}) {}

asio::awaitable<std::size_t> Duplex::read_some(asio::mutable_buffer space, error_code& failed) {
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    if (pipes_) return pipes_->from.async_read_some(space, token);
    return socket_.async_read_some(space, token);
}

asio::awaitable<std::size_t> Duplex::write(asio::const_buffer octets, error_code& failed) {
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    if (pipes_) return asio::async_write(pipes_->to, octets, token);
    return asio::async_write(socket_, octets, token);
}

void Duplex::close() {
    if (closed_) return;
    closed_ = true;
    error_code ignored;
    socket_.close(ignored);  // NOLINT(bugprone-unused-return-value): nothing to be done about it
    if (pipes_) {
        pipes_->from.close(ignored);  // NOLINT(bugprone-unused-return-value): likewise
        pipes_->to.close(ignored);    // NOLINT(bugprone-unused-return-value): likewise
    }
}

}  // namespace cabroker::adapters::protocol
