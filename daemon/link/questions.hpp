// The questions to the outside that wait for their answers, by number. A number is never used
// twice, not on a later link either. Internal to this folder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/fwd.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "adapters/protocol/channel.hpp"
#include "domain/error.hpp"

namespace cabroker::link {

/// not_sent, in the words of everybody who finds no link to ask over.
[[nodiscard]] domain::Error not_reached();

/// One thread: the loop's. Outlives every ask().
class Questions {
  public:
    explicit Questions(boost::asio::any_io_executor loop);
    ~Questions();
    Questions(const Questions&) = delete;
    Questions& operator=(const Questions&) = delete;

    /// A number for a frame to the outside.
    [[nodiscard]] std::uint64_t next_id() { return next_id_++; }
    /// Sends the question over `link`, which may be null, and waits for its answer. Errors:
    /// not_sent and no_answer, as Outside promises.
    [[nodiscard]] boost::asio::awaitable<domain::Result<adapters::protocol::Frame>> ask(
        std::shared_ptr<adapters::protocol::Channel> link, std::string op, std::uint64_t id,
        std::shared_ptr<boost::json::object> body, adapters::protocol::Blobs blobs,
        std::chrono::milliseconds patience);
    /// Brings an answer to whom asked; a late one is dropped. False: it was never asked for.
    [[nodiscard]] bool answered(adapters::protocol::Frame answer);
    /// The link is gone: those who wait get no answer.
    void lose_all();
    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  private:
    struct Question;

    boost::asio::any_io_executor loop_;
    std::map<std::uint64_t, std::shared_ptr<Question>> waiting_;
    std::uint64_t next_id_ = 1;
};

}  // namespace cabroker::link
