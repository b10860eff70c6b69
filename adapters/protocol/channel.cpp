#include "adapters/protocol/channel.hpp"

#include <string.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <deque>

#include "adapters/protocol/blob_intake.hpp"
#include "adapters/protocol/fields.hpp"
#include "adapters/protocol/json_text.hpp"
#include "adapters/protocol/messages.hpp"
#include "domain/secret.hpp"
#include "json/parse.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::adapters::protocol {

namespace asio = boost::asio;
namespace bj = boost::json;
using domain::Error;
using domain::ErrorCode;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {

constexpr std::size_t kMostUnacknowledged = 8;
constexpr std::size_t kMostLines = 4096;

struct Pipes {
    asio::posix::stream_descriptor from;
    asio::posix::stream_descriptor to;
};

// A line on its way out: what became of it. It may hold secrets: nothing of it stays behind.
struct Line {
    Line() = default;
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    ~Line() { domain::wipe(text); }

    std::string text;
    bool begun = false;
    bool written = false;
    /// Nobody waits for it any more: it must not leave.
    bool dropped = false;
};

}  // namespace

struct Channel::State : std::enable_shared_from_this<Channel::State> {
    explicit State(asio::local::stream_protocol::socket taken, std::optional<Pipes> given = {})
        : socket(std::move(taken)),
          pipes(std::move(given)),
          outgoing(socket.get_executor()),
          moved(socket.get_executor()),
          silence(socket.get_executor()) {
        outgoing.expires_at(SteadyTime::max());
        moved.expires_at(SteadyTime::max());
        // Never grows, so that growing leaves no copies behind.
        incoming.reserve(kMaxFrame + 1);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { domain::wipe(incoming); }

    asio::local::stream_protocol::socket socket;
    /// Instead of the socket, which is closed then.
    std::optional<Pipes> pipes;
    /// Cancelled when there is something to write, or nothing ever again.
    asio::steady_timer outgoing;
    /// Cancelled when a line was written, a blob acknowledged, or somebody's patience ended.
    asio::steady_timer moved;
    asio::steady_timer silence;
    std::deque<std::shared_ptr<Line>> lines;
    std::size_t unacknowledged = 0;
    /// One frame's blobs at a time: the other end keeps those of one frame only.
    bool blobs_crossing = false;
    std::string incoming;
    /// What was read last, for as long as it takes to append it.
    std::array<char, 16UL * 1024> piece;
    BlobIntake intake;
    bool closed = false;
    bool pumping = false;

    void close() {
        if (closed) return;
        closed = true;
        boost::system::error_code ignored;
        socket.close(ignored);  // NOLINT(bugprone-unused-return-value): nothing to be done about it
        if (pipes) {
            pipes->from.close(ignored);  // NOLINT(bugprone-unused-return-value): likewise
            pipes->to.close(ignored);    // NOLINT(bugprone-unused-return-value): likewise
        }
        silence.cancel();
        outgoing.cancel();
        moved.cancel();
        lines.clear();
    }
    static void wake(asio::steady_timer& timer) {
        timer.expires_at(SteadyTime::max());  // completes all waits
    }
    void send(std::shared_ptr<Line> line) {
        lines.push_back(std::move(line));
        wake(outgoing);
    }
    void send_ack(const BlobIntake::Taken& taken) {
        // A peer that sends and never reads is not served without end.
        if (lines.size() >= kMostLines) return close();
        bj::object ack;
        ack["op"] = "blob_ack";
        ack["blob"] = taken.blob;
        ack["seq"] = taken.seq;
        auto line = std::make_shared<Line>();
        line->text = frame_text(ack);
        send(std::move(line));
    }
    static asio::awaitable<void> wait(asio::steady_timer& timer) {
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await timer.async_wait(token);
    }
    static asio::awaitable<void> pump(std::shared_ptr<State> self) {
        while (!self->closed) {
            if (self->lines.empty()) {
                co_await wait(self->outgoing);
                continue;
            }
            const std::shared_ptr<Line> line = self->lines.front();
            self->lines.pop_front();
            if (line->dropped) continue;
            line->begun = true;
            boost::system::error_code error;
            auto token = asio::redirect_error(asio::use_awaitable, error);
            const auto octets = asio::buffer(line->text);
            if (self->pipes) {
                co_await asio::async_write(self->pipes->to, octets, token);
            } else {
                co_await asio::async_write(self->socket, octets, token);
            }
            if (error) {
                self->close();
                break;
            }
            line->written = true;
            wake(self->moved);
        }
    }
    void start() {
        if (pumping) return;
        pumping = true;
        runtime::spawn(socket.get_executor(), "link writer", pump(shared_from_this()));
    }
    // Reads on until there is a whole line, and gives its length. By hand, because asio's buffer
    // writes 64 KiB of zeros before each read.
    static asio::awaitable<domain::Result<std::size_t>> read_line(std::shared_ptr<State> self) {
        std::size_t looked_at = 0;
        while (true) {
            std::string& line = self->incoming;
            const std::size_t end = line.find('\n', looked_at);
            if (end != std::string::npos) co_return end + 1;
            looked_at = line.size();
            const std::size_t room = std::min(self->piece.size(), kMaxFrame - line.size());
            if (room == 0) co_return Error(ErrorCode::bad_answer, "a frame over 1 MiB");
            boost::system::error_code error;
            auto token = asio::redirect_error(asio::use_awaitable, error);
            const auto buffer = asio::buffer(self->piece.data(), room);
            std::size_t octets = 0;
            if (self->pipes) {
                octets = co_await self->pipes->from.async_read_some(buffer, token);
            } else {
                octets = co_await self->socket.async_read_some(buffer, token);
            }
            if (error) {
                co_return Error(ErrorCode::unreachable, "the other process hung up or fell silent");
            }
            line.append(self->piece.data(), octets);
            explicit_bzero(self->piece.data(), octets);
        }
    }
    // Takes the first line out of the buffer.
    void forget_line(std::size_t length) {
        const std::size_t rest = incoming.size() - length;
        memmove(incoming.data(), incoming.data() + length, rest);
        explicit_bzero(incoming.data() + rest, length);
        incoming.resize(rest);
    }

    domain::Result<bool> take_blob(const bj::object& object);
    domain::Result<Frame> take_frame(bj::value&& value);
    static asio::awaitable<bool> send_blobs(std::shared_ptr<State> self, Blobs blobs,
                                            SteadyTime until);
    static asio::awaitable<bool> send_one(std::shared_ptr<State> self, std::string name,
                                          std::string octets, SteadyTime until);
};

// True when it was a blob or its acknowledgement.
domain::Result<bool> Channel::State::take_blob(const bj::object& object) {
    const std::optional<std::string> op = text_member(object, "op");
    if (op == "blob_ack") {
        if (unacknowledged > 0) --unacknowledged;
        wake(moved);
        return true;
    }
    if (op != "blob") return false;
    const domain::Result<BlobIntake::Taken> taken = intake.take(object);
    if (!taken) return taken.error();
    send_ack(*taken);
    return true;
}

domain::Result<Frame> Channel::State::take_frame(bj::value&& value) {
    const std::shared_ptr<const bj::value> body = held(std::move(value));
    const bj::object* object = body->if_object();
    if (object == nullptr) return Error(ErrorCode::bad_answer, "a frame that is no JSON object");
    const auto id = number_member(*object, "id");
    Frame frame;
    frame.op = text_member(*object, "op").value_or("");
    if (frame.op.empty() || !id) return Error(ErrorCode::bad_answer, "a frame without op or id");
    frame.id = *id;
    domain::Result<Blobs> blobs = intake.give(*id);
    if (!blobs) return blobs.error();
    frame.blobs = std::move(*blobs);
    frame.body = body;
    return frame;
}

asio::awaitable<bool> Channel::State::send_one(std::shared_ptr<State> self, std::string name,
                                               std::string octets, SteadyTime until) {
    for (std::uint64_t seq = 0, at = 0; at < octets.size(); ++seq, at += kBlobChunk) {
        while (!self->closed && self->unacknowledged >= kMostUnacknowledged &&
               std::chrono::steady_clock::now() < until) {
            co_await wait(self->moved);
        }
        if (self->closed || self->unacknowledged >= kMostUnacknowledged) co_return false;
        bj::object chunk;
        chunk["op"] = "blob";
        chunk["blob"] = name;
        chunk["seq"] = seq;
        chunk["data"] = base64(std::string_view(octets).substr(at, kBlobChunk));
        chunk["last"] = at + kBlobChunk >= octets.size();
        auto line = std::make_shared<Line>();
        line->text = frame_text(chunk);
        ++self->unacknowledged;
        self->send(std::move(line));
    }
    co_return true;
}

asio::awaitable<bool> Channel::State::send_blobs(std::shared_ptr<State> self, Blobs blobs,
                                                 SteadyTime until) {
    while (!self->closed && self->blobs_crossing && std::chrono::steady_clock::now() < until) {
        co_await wait(self->moved);
    }
    if (self->closed || self->blobs_crossing) co_return false;
    self->blobs_crossing = true;
    bool crossed = true;
    bool begun = false;
    for (auto& [name, octets] : blobs) {
        begun = true;
        crossed = co_await send_one(self, name, std::move(octets), until);
        if (!crossed) break;
    }
    self->blobs_crossing = false;
    // Half a blob is left at the other end, which would hold it for ever.
    if (begun && !crossed) self->close();
    wake(self->moved);
    co_return crossed;
}

Channel::Channel(asio::local::stream_protocol::socket socket)
    : state_(std::make_shared<State>(std::move(socket))) {}

Channel::Channel(asio::posix::stream_descriptor from, asio::posix::stream_descriptor to) {
    asio::local::stream_protocol::socket none(from.get_executor());
    Pipes pipes{std::move(from), std::move(to)};
    state_ = std::make_shared<State>(std::move(none), std::move(pipes));
}

Channel::~Channel() { state_->close(); }

void Channel::close() { state_->close(); }
bool Channel::closed() const { return state_->closed; }

asio::awaitable<domain::Result<Frame>> Channel::read(std::chrono::milliseconds patience) {
    const std::shared_ptr<State> state = state_;
    state->start();
    while (!state->closed) {
        state->silence.expires_after(patience);
        auto on_silence =
            [weak = std::weak_ptr<State>(state)](const boost::system::error_code& error) {
                const auto alive = weak.lock();
                if (!error && alive) alive->close();
            };
        state->silence.async_wait(std::move(on_silence));
        const domain::Result<std::size_t> length = co_await State::read_line(state);
        state->silence.cancel();
        if (!length) {
            state->close();
            co_return length.error();
        }
        auto parsed = json::parse(std::string_view(state->incoming).substr(0, *length));
        state->forget_line(*length);
        if (!parsed || !parsed->is_object()) {
            state->close();
            co_return Error(ErrorCode::bad_answer, "a frame that is no JSON object");
        }
        const domain::Result<bool> blob = state->take_blob(parsed->get_object());
        if (!blob) {
            state->close();
            co_return blob.error();
        }
        if (*blob) continue;
        domain::Result<Frame> frame = state->take_frame(std::move(*parsed));
        if (!frame) state->close();
        co_return frame;
    }
    co_return Error(ErrorCode::unreachable, "the link is closed");
}

asio::awaitable<domain::Result<void>> Channel::write(std::string op, std::uint64_t id,
                                                     std::shared_ptr<bj::object> object,
                                                     Blobs blobs,
                                                     std::chrono::milliseconds patience) {
    const std::shared_ptr<State> state = state_;
    state->start();
    const Error not_sent(ErrorCode::not_sent, "the link is down or does not move");
    (*object)["op"] = op;
    (*object)["id"] = id;
    const auto line = std::make_shared<Line>();
    line->text = frame_text(*object);
    wipe_secrets(*object);
    std::size_t total = 0;
    for (const auto& [name, octets] : blobs) {
        total += octets.size();
        if (octets.size() > kMaxBlob) total = kMaxBlobs + 1;
    }
    if (line->text.size() > kMaxFrame || total > kMaxBlobs) {
        co_return Error(ErrorCode::limit_exceeded,
                        "what is to be told is larger than a frame may be");
    }
    const SteadyTime until = std::chrono::steady_clock::now() + patience;
    asio::steady_timer limit(state->socket.get_executor());
    limit.expires_at(until);
    auto on_limit = [weak = std::weak_ptr<State>(state)](const boost::system::error_code& error) {
        const auto alive = weak.lock();
        if (!error && alive) State::wake(alive->moved);
    };
    limit.async_wait(std::move(on_limit));
    if (!blobs.empty()) {
        const bool crossed = co_await State::send_blobs(state, std::move(blobs), until);
        if (!crossed) co_return not_sent;
    }
    if (state->closed || state->lines.size() >= kMostLines) co_return not_sent;
    state->send(line);
    while (!state->closed && !line->written && std::chrono::steady_clock::now() < until) {
        co_await State::wait(state->moved);
    }
    if (line->written) co_return domain::Result<void>();
    line->dropped = true;
    if (line->begun) co_return Error(ErrorCode::no_answer, "the link was lost or did not move");
    co_return not_sent;
}

}  // namespace cabroker::adapters::protocol
