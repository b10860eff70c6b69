// Gives the core its answers on one link, whatever becomes of them. Internal to this folder.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "adapters/protocol/channel.hpp"
#include "domain/error.hpp"

namespace cabroker::adapters::host {

/// One thread: the loop's. The channel outlives it, and it outlives its coroutines.
class Answers {
  public:
    explicit Answers(protocol::Channel& channel) : channel_(channel) {}

    /// `id` is the question's. Instead of an answer that is too large for the protocol an `error`
    /// goes out. A core that takes no answers loses its link.
    [[nodiscard]] boost::asio::awaitable<void> give(std::string op, std::uint64_t id,
                                                    std::shared_ptr<boost::json::object> body,
                                                    protocol::Blobs blobs);
    /// The answer `error`.
    [[nodiscard]] boost::asio::awaitable<void> fail(std::uint64_t id, domain::Error error);

  private:
    protocol::Channel& channel_;
};

}  // namespace cabroker::adapters::host
