// Tells the core what adapters tell of their exchanges with portals, for whoever repairs a profile
// (`trace` frames, docs/adapter-protocol.md). What there is no room for is dropped and counted: a
// step never waits for its trace.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "adapters/protocol/channel.hpp"
#include "adapters/protocol/mail_messages.hpp"

namespace cabroker::adapters::host {

/// One thread. The channel outlives it, or at least every `keep` that it was given.
class Traces {
  public:
    Traces(protocol::Channel& channel, boost::asio::any_io_executor executor);

    /// `exchange`: JSON text of an object. `keep` owns this and the channel until it is told.
    void take(std::string exchange, std::shared_ptr<void> keep);

  private:
    boost::asio::awaitable<void> tell(std::string exchange, std::shared_ptr<void> keep);

    protocol::Channel& channel_;
    boost::asio::any_io_executor executor_;
    std::size_t under_way_ = 0;
    std::uint64_t dropped_ = 0;
    std::uint64_t next_id_ = protocol::kFirstOwnId;
};

}  // namespace cabroker::adapters::host
