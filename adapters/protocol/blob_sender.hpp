// Blobs on their way out: cuts them into frames, and sends no more at a time than the other end
// acknowledges. Their way in: BlobIntake.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <string>

#include "adapters/protocol/line_writer.hpp"
#include "adapters/protocol/octets.hpp"

namespace cabroker::adapters::protocol {

/// One direction of one link. One thread; several coroutines may send.
class BlobSender {
  public:
    /// `lines` outlives it.
    explicit BlobSender(LineWriter& lines) : lines_(lines) {}
    BlobSender(const BlobSender&) = delete;
    BlobSender& operator=(const BlobSender&) = delete;

    /// One frame's blobs at a time: the other end keeps those of one frame only. False: they are
    /// not across by `until`, or the link is closed, which it is too when one was begun.
    [[nodiscard]] boost::asio::awaitable<bool> send(Blobs blobs,
                                                    std::chrono::steady_clock::time_point until);
    /// The other end took a frame.
    void acknowledged();

  private:
    boost::asio::awaitable<bool> send_one(std::string name, std::string octets,
                                          std::chrono::steady_clock::time_point until);

    LineWriter& lines_;
    std::size_t unacknowledged_ = 0;
    bool crossing_ = false;
};

}  // namespace cabroker::adapters::protocol
