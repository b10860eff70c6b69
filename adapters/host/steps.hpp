// The questions `advance`, `prove` and `check`: read, put to their adapter, and answered, many at a
// time. Internal to this folder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <string_view>

#include "adapters/host/answers.hpp"
#include "adapters/host/configured_adapters.hpp"
#include "adapters/protocol/channel.hpp"

namespace cabroker::adapters::host {

/// One thread: the loop's. Adapters and answers outlive it.
class Steps {
  public:
    Steps(const ConfiguredAdapters& adapters, Answers& answers, boost::asio::any_io_executor loop)
        : adapters_(adapters), answers_(answers), loop_(std::move(loop)) {}

    /// Is a frame of this `op` one for take()?
    [[nodiscard]] static bool asks(std::string_view op);
    /// Begins what the frame asks for, or refuses it when too much is under way; does not wait for
    /// the adapter. `keep` owns this and what it works with until the answer was given.
    [[nodiscard]] boost::asio::awaitable<void> take(protocol::Frame frame,
                                                    std::shared_ptr<void> keep);

  private:
    boost::asio::awaitable<void> advance(protocol::Frame frame, std::shared_ptr<void> keep);
    boost::asio::awaitable<void> prove(protocol::Frame frame, std::shared_ptr<void> keep);
    boost::asio::awaitable<void> check(protocol::Frame frame, std::shared_ptr<void> keep);

    const ConfiguredAdapters& adapters_;
    Answers& answers_;
    boost::asio::any_io_executor loop_;
    std::size_t running_ = 0;
};

}  // namespace cabroker::adapters::host
