#include "adapters/protocol/blob_sender.hpp"

#include <boost/json.hpp>
#include <cstdint>
#include <memory>
#include <string_view>

#include "adapters/protocol/json_text.hpp"
#include "adapters/protocol/messages.hpp"

namespace cabroker::adapters::protocol {

namespace asio = boost::asio;
namespace bj = boost::json;

namespace {

constexpr std::size_t kMostUnacknowledged = 8;

}  // namespace

asio::awaitable<bool> BlobSender::send_one(std::string name, std::string octets,
                                           std::chrono::steady_clock::time_point until) {
    for (std::uint64_t seq = 0, at = 0; at < octets.size(); ++seq, at += kBlobChunk) {
        while (!lines_.closed() && unacknowledged_ >= kMostUnacknowledged &&
               std::chrono::steady_clock::now() < until) {
            co_await lines_.moved();
        }
        if (lines_.closed() || unacknowledged_ >= kMostUnacknowledged) co_return false;
        bj::object chunk;
        chunk["op"] = "blob";
        chunk["blob"] = name;
        chunk["seq"] = seq;
        chunk["data"] = base64(std::string_view(octets).substr(at, kBlobChunk));
        chunk["last"] = at + kBlobChunk >= octets.size();
        ++unacknowledged_;
        lines_.send(std::make_shared<Line>(frame_text(chunk)));
    }
    co_return true;
}

asio::awaitable<bool> BlobSender::send(Blobs blobs, std::chrono::steady_clock::time_point until) {
    while (!lines_.closed() && crossing_ && std::chrono::steady_clock::now() < until) {
        co_await lines_.moved();
    }
    if (lines_.closed() || crossing_) co_return false;
    crossing_ = true;
    bool crossed = true;
    bool begun = false;
    for (auto& [name, octets] : blobs) {
        begun = true;
        crossed = co_await send_one(name, std::move(octets), until);
        if (!crossed) break;
    }
    crossing_ = false;
    // Half a blob is left at the other end, which would hold it for ever.
    if (begun && !crossed) lines_.close();
    lines_.wake();
    co_return crossed;
}

void BlobSender::acknowledged() {
    if (unacknowledged_ > 0) --unacknowledged_;
    lines_.wake();
}

}  // namespace cabroker::adapters::protocol
