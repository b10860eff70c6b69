// Frames over a stream socket or two pipes: one JSON object a line, larger octets as blobs before
// the frame that names them. Used by both ends; knows no operation but blob and blob_ack.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/json/fwd.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "adapters/protocol/octets.hpp"
#include "domain/error.hpp"

namespace cabroker::adapters::protocol {

struct Frame {
    std::string op;
    std::uint64_t id = 0;
    /// The whole object, `op` and `id` included. Its secrets are wiped with the last owner.
    std::shared_ptr<const boost::json::value> body;
    Blobs blobs;
};

/// One end of a link. One thread. Several coroutines may write; one reads.
class Channel {
  public:
    explicit Channel(boost::asio::local::stream_protocol::socket socket);
    /// Over two pipes: frames are read from one and written to the other. The process must ignore
    /// SIGPIPE.
    Channel(boost::asio::posix::stream_descriptor from, boost::asio::posix::stream_descriptor to);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// The next frame with its blobs. Errors: unreachable (the peer hung up, or was silent for
    /// `patience`), bad_answer (too long, not JSON, no op or id, blobs against the rules). After an
    /// error the channel is closed.
    [[nodiscard]] boost::asio::awaitable<domain::Result<Frame>> read(
        std::chrono::milliseconds patience);
    /// Sends the blobs, then `object` with `op` and `id` put in; the secrets in `object` are wiped.
    /// Returns when it was given to the kernel, or after `patience`. not_sent: nothing of the frame
    /// itself left, nor will; no_answer: a part of it may have; limit_exceeded: it is too large for
    /// the protocol and nothing was sent.
    [[nodiscard]] boost::asio::awaitable<domain::Result<void>> write(
        std::string op, std::uint64_t id, std::shared_ptr<boost::json::object> object, Blobs blobs,
        std::chrono::milliseconds patience = std::chrono::seconds(30));
    void close();
    [[nodiscard]] bool closed() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace cabroker::adapters::protocol
