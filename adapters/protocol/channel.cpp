#include "adapters/protocol/channel.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <deque>
#include <set>

#include "adapters/protocol/messages.hpp"
#include "json/parse.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::adapters::protocol {

namespace asio = boost::asio;
namespace bj = boost::json;
using domain::Error;
using domain::ErrorCode;

namespace {

constexpr std::size_t kMostUnacknowledged = 8;
constexpr std::size_t kMostLines = 4096;
constexpr std::size_t kMostPendingBlobs = 64;

// A line on its way out: what became of it.
struct Line {
    std::string text;
    bool begun = false;
    bool written = false;
};

}  // namespace

struct Channel::State : std::enable_shared_from_this<Channel::State> {
    explicit State(asio::local::stream_protocol::socket taken)
        : socket(std::move(taken)),
          outgoing(socket.get_executor()),
          moved(socket.get_executor()),
          silence(socket.get_executor()) {
        outgoing.expires_at(asio::steady_timer::time_point::max());
        moved.expires_at(asio::steady_timer::time_point::max());
    }

    asio::local::stream_protocol::socket socket;
    /// Cancelled when there is something to write, or nothing ever again.
    asio::steady_timer outgoing;
    /// Cancelled when a line was written or a blob acknowledged.
    asio::steady_timer moved;
    asio::steady_timer silence;
    std::deque<std::shared_ptr<Line>> lines;
    std::size_t unacknowledged = 0;
    std::string incoming;
    Blobs pending;
    std::map<std::string, std::uint64_t, std::less<>> next_chunk;
    std::set<std::string, std::less<>> complete;
    bool closed = false;
    bool pumping = false;

    void close() {
        if (closed) return;
        closed = true;
        boost::system::error_code ignored;
        socket.close(ignored);  // NOLINT(bugprone-unused-return-value): nothing to be done about it
        silence.cancel();
        outgoing.cancel();
        moved.cancel();
    }
    void wake(asio::steady_timer& timer) {
        timer.expires_at(asio::steady_timer::time_point::max());  // completes all waits
    }
    void send(std::shared_ptr<Line> line) {
        lines.push_back(std::move(line));
        wake(outgoing);
    }
    void send_ack(const std::string& blob, std::uint64_t seq) {
        bj::object ack;
        ack["op"] = "blob_ack";
        ack["blob"] = blob;
        ack["seq"] = seq;
        auto line = std::make_shared<Line>();
        line->text = bj::serialize(ack) + "\n";
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
            line->begun = true;
            boost::system::error_code error;
            auto token = asio::redirect_error(asio::use_awaitable, error);
            const auto octets = asio::buffer(line->text);
            co_await asio::async_write(self->socket, octets, token);
            if (error) {
                self->close();
                break;
            }
            line->written = true;
            self->wake(self->moved);
        }
    }
    void start() {
        if (pumping) return;
        pumping = true;
        runtime::spawn(socket.get_executor(), "link writer", pump(shared_from_this()));
    }

    domain::Result<bool> take_blob(const bj::object& object);
    domain::Result<Frame> take_frame(std::shared_ptr<const bj::value> value);
};

namespace {

std::optional<std::string> text_of(const bj::object& object, std::string_view key) {
    const bj::value* value = object.if_contains(bj::string_view(key.data(), key.size()));
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string(value->get_string().data(), value->get_string().size());
}

std::optional<std::uint64_t> number_of(const bj::object& object, std::string_view key) {
    const bj::value* value = object.if_contains(bj::string_view(key.data(), key.size()));
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return std::nullopt;
    return static_cast<std::uint64_t>(value->get_int64());
}

}  // namespace

domain::Result<bool> Channel::State::take_blob(const bj::object& object) {
    const auto name = text_of(object, "blob");
    const auto seq = number_of(object, "seq");
    if (!name || !seq) return Error(ErrorCode::bad_answer, "a blob frame without blob or seq");
    if (text_of(object, "op") == "blob_ack") {
        if (unacknowledged > 0) --unacknowledged;
        wake(moved);
        return true;
    }
    const auto data = text_of(object, "data");
    const bj::value* last = object.if_contains("last");
    if (!data || last == nullptr || !last->is_bool()) {
        return Error(ErrorCode::bad_answer, "a blob frame without data or last");
    }
    if (next_chunk[*name] != *seq || complete.contains(*name)) {
        return Error(ErrorCode::bad_answer, "blob frames out of order");
    }
    domain::Result<std::string> octets = from_base64(*data);
    if (!octets) return octets.error();
    std::string& blob = pending[*name];
    blob += *octets;
    if (octets->size() > kBlobChunk || blob.size() > kMaxBlob ||
        pending.size() > kMostPendingBlobs) {
        return Error(ErrorCode::bad_answer, "blobs beyond the limit");
    }
    ++next_chunk[*name];
    if (last->get_bool()) complete.insert(*name);
    send_ack(*name, *seq);
    return true;
}

domain::Result<Frame> Channel::State::take_frame(std::shared_ptr<const bj::value> value) {
    const bj::object& object = value->get_object();
    Frame frame;
    frame.op = text_of(object, "op").value_or("");
    const auto id = number_of(object, "id");
    if (frame.op.empty() || !id) return Error(ErrorCode::bad_answer, "a frame without op or id");
    frame.id = *id;
    const std::string prefix = std::to_string(*id) + ".";
    for (auto blob = pending.begin(); blob != pending.end();) {
        if (!blob->first.starts_with(prefix)) {
            ++blob;
            continue;
        }
        if (complete.erase(blob->first) == 0)
            return Error(ErrorCode::bad_answer, "a blob is not complete");
        next_chunk.erase(blob->first);
        frame.blobs.emplace(blob->first, std::move(blob->second));
        blob = pending.erase(blob);
    }
    frame.body = std::move(value);
    return frame;
}

Channel::Channel(asio::local::stream_protocol::socket socket)
    : state_(std::make_shared<State>(std::move(socket))) {}

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
        boost::system::error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        auto buffer = asio::dynamic_buffer(state->incoming, kMaxFrame);
        const std::size_t length =
            co_await asio::async_read_until(state->socket, buffer, '\n', token);
        state->silence.cancel();
        if (error) {
            const bool too_long = error == asio::error::not_found;
            state->close();
            if (too_long) co_return Error(ErrorCode::bad_answer, "a frame over 1 MiB");
            co_return Error(ErrorCode::unreachable, "the other process hung up or fell silent");
        }
        auto parsed = json::parse(std::string_view(state->incoming).substr(0, length));
        state->incoming.erase(0, length);
        if (!parsed || !parsed->is_object()) {
            state->close();
            co_return Error(ErrorCode::bad_answer, "a frame that is no JSON object");
        }
        const std::string op = text_of(parsed->get_object(), "op").value_or("");
        if (op == "blob" || op == "blob_ack") {
            const domain::Result<bool> taken = state->take_blob(parsed->get_object());
            if (taken) continue;
            state->close();
            co_return taken.error();
        }
        auto value = std::make_shared<const bj::value>(std::move(*parsed));
        domain::Result<Frame> frame = state->take_frame(std::move(value));
        if (!frame) state->close();
        co_return frame;
    }
    co_return Error(ErrorCode::unreachable, "the link is closed");
}

asio::awaitable<domain::Result<void>> Channel::write(std::string op, std::uint64_t id,
                                                     std::shared_ptr<bj::object> object,
                                                     Blobs blobs) {
    const std::shared_ptr<State> state = state_;
    state->start();
    const Error not_sent(ErrorCode::not_sent, "the link is down");
    for (const auto& [name, octets] : blobs) {
        for (std::uint64_t seq = 0, at = 0; at < octets.size(); ++seq, at += kBlobChunk) {
            while (!state->closed && state->unacknowledged >= kMostUnacknowledged) {
                co_await State::wait(state->moved);
            }
            if (state->closed) co_return not_sent;
            bj::object chunk;
            chunk["op"] = "blob";
            chunk["blob"] = name;
            chunk["seq"] = seq;
            chunk["data"] = base64(std::string_view(octets).substr(at, kBlobChunk));
            chunk["last"] = at + kBlobChunk >= octets.size();
            auto line = std::make_shared<Line>();
            line->text = bj::serialize(chunk) + "\n";
            ++state->unacknowledged;
            state->send(std::move(line));
        }
    }
    (*object)["op"] = op;
    (*object)["id"] = id;
    auto line = std::make_shared<Line>();
    line->text = bj::serialize(*object) + "\n";
    if (line->text.size() > kMaxFrame)
        co_return Error(ErrorCode::not_sent, "the frame is over 1 MiB");
    if (state->closed || state->lines.size() >= kMostLines) co_return not_sent;
    state->send(line);
    while (!state->closed && !line->written) co_await State::wait(state->moved);
    // What was said may hold secrets: nothing of it stays behind.
    domain::wipe(line->text);
    if (line->written) co_return domain::Result<void>();
    if (line->begun)
        co_return Error(ErrorCode::no_answer, "the link was lost while a step was being told");
    co_return not_sent;
}

}  // namespace cabroker::adapters::protocol
