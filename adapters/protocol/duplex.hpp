// What the octets of a link go through: one stream socket, or a pair of pipes. Knows no lines.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <optional>

namespace cabroker::adapters::protocol {

/// One thread. What waits in it ends with an error when it is closed.
class Duplex {
  public:
    explicit Duplex(boost::asio::local::stream_protocol::socket socket);
    /// Reads from one pipe and writes to the other.
    Duplex(boost::asio::posix::stream_descriptor from, boost::asio::posix::stream_descriptor to);
    /// Only before its first use.
    Duplex(Duplex&&) = default;
    Duplex& operator=(Duplex&&) = delete;

    /// Some octets, as soon as there are any; else `failed` is set. What is passed lives until it
    /// is done.
    [[nodiscard]] boost::asio::awaitable<std::size_t> read_some(boost::asio::mutable_buffer space,
                                                                boost::system::error_code& failed);
    /// All octets, else `failed` is set. What is passed lives until it is done.
    [[nodiscard]] boost::asio::awaitable<std::size_t> write(boost::asio::const_buffer octets,
                                                            boost::system::error_code& failed);
    void close();
    [[nodiscard]] bool closed() const { return closed_; }
    [[nodiscard]] boost::asio::any_io_executor executor() { return socket_.get_executor(); }

  private:
    struct Pipes {
        boost::asio::posix::stream_descriptor from;
        boost::asio::posix::stream_descriptor to;
    };

    boost::asio::local::stream_protocol::socket socket_;
    /// Instead of the socket, which is closed then.
    std::optional<Pipes> pipes_;
    bool closed_ = false;
};

}  // namespace cabroker::adapters::protocol
