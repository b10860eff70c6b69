#include "adapters/protocol/line_reader.hpp"

#include <string.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>

#include "adapters/protocol/messages.hpp"
#include "domain/secret.hpp"

namespace cabroker::adapters::protocol {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Result;

LineReader::LineReader(Duplex& from) : from_(from) {
    // Never grows, so that growing leaves no copies behind.
    incoming_.reserve(kMaxFrame + 1);
}

LineReader::~LineReader() { domain::wipe(incoming_); }

// By hand, because asio's buffer writes 64 KiB of zeros before each read.
asio::awaitable<Result<std::size_t>> LineReader::read() {
    std::size_t looked_at = 0;
    while (true) {
        const std::size_t end = incoming_.find('\n', looked_at);
        if (end != std::string::npos) co_return end + 1;
        looked_at = incoming_.size();
        const std::size_t room = std::min(piece_.size(), kMaxFrame - incoming_.size());
        if (room == 0) co_return Error(ErrorCode::bad_answer, "a frame over 1 MiB");
        boost::system::error_code failed;
        const asio::mutable_buffer space(piece_.data(), room);
        const std::size_t octets = co_await from_.read_some(space, failed);
        if (failed) {
            co_return Error(ErrorCode::unreachable, "the other process hung up or fell silent");
        }
        incoming_.append(piece_.data(), octets);
        explicit_bzero(piece_.data(), octets);
    }
}

std::string_view LineReader::line(std::size_t length) const {
    return std::string_view(incoming_).substr(0, length);
}

void LineReader::forget(std::size_t length) {
    const std::size_t rest = incoming_.size() - length;
    memmove(incoming_.data(), incoming_.data() + length, rest);
    explicit_bzero(incoming_.data() + rest, length);
    incoming_.resize(rest);
}

}  // namespace cabroker::adapters::protocol
