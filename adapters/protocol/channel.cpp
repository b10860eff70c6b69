#include "adapters/protocol/channel.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "adapters/protocol/blob_intake.hpp"
#include "adapters/protocol/blob_sender.hpp"
#include "adapters/protocol/duplex.hpp"
#include "adapters/protocol/fields.hpp"
#include "adapters/protocol/json_text.hpp"
#include "adapters/protocol/line_reader.hpp"
#include "adapters/protocol/line_writer.hpp"
#include "adapters/protocol/messages.hpp"
#include "json/parse.hpp"
#include "runtime/sleep.hpp"

namespace cabroker::adapters::protocol {

namespace asio = boost::asio;
namespace bj = boost::json;
using domain::Error;
using domain::ErrorCode;
using SteadyTime = std::chrono::steady_clock::time_point;

struct Channel::State : std::enable_shared_from_this<Channel::State> {
    explicit State(Duplex given)
        : ends(std::move(given)),
          incoming(ends),
          outgoing(ends),
          blobs_out(outgoing),
          silence(ends.executor()) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    Duplex ends;
    LineReader incoming;
    LineWriter outgoing;
    BlobIntake blobs_in;
    BlobSender blobs_out;
    asio::steady_timer silence;

    void start() { LineWriter::start(std::shared_ptr<LineWriter>(shared_from_this(), &outgoing)); }
    void close() {
        outgoing.close();
        silence.cancel();
    }
    static asio::awaitable<bool> send_blobs(std::shared_ptr<State> state, Blobs blobs,
                                            SteadyTime until);
    void send_ack(const BlobIntake::Taken& taken);
    domain::Result<bool> take_blob(const bj::object& object);
    domain::Result<Frame> take_frame(bj::value&& value);
};

asio::awaitable<bool> Channel::State::send_blobs(std::shared_ptr<State> state, Blobs blobs,
                                                 SteadyTime until) {
    asio::steady_timer limit(state->ends.executor(), until);
    auto on_limit = [weak = std::weak_ptr<State>(state)](const boost::system::error_code& error) {
        const auto alive = weak.lock();
        if (!error && alive) alive->outgoing.wake();
    };
    limit.async_wait(std::move(on_limit));
    co_return co_await state->blobs_out.send(std::move(blobs), until);
}

void Channel::State::send_ack(const BlobIntake::Taken& taken) {
    // A peer that sends and never reads is not served without end.
    if (outgoing.full()) return close();
    bj::object ack;
    ack["op"] = "blob_ack";
    ack["blob"] = taken.blob;
    ack["seq"] = taken.seq;
    outgoing.send(std::make_shared<Line>(frame_text(ack)));
}

// True when it was a blob or its acknowledgement.
domain::Result<bool> Channel::State::take_blob(const bj::object& object) {
    const std::optional<std::string> op = text_member(object, "op");
    if (op == "blob_ack") {
        blobs_out.acknowledged();
        return true;
    }
    if (op != "blob") return false;
    const domain::Result<BlobIntake::Taken> taken = blobs_in.take(object);
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
    domain::Result<Blobs> blobs = blobs_in.give(*id);
    if (!blobs) return blobs.error();
    frame.blobs = std::move(*blobs);
    frame.body = body;
    return frame;
}

Channel::Channel(asio::local::stream_protocol::socket socket)
    : state_(std::make_shared<State>(Duplex(std::move(socket)))) {}

Channel::Channel(asio::posix::stream_descriptor from, asio::posix::stream_descriptor to)
    : state_(std::make_shared<State>(Duplex(std::move(from), std::move(to)))) {}

Channel::~Channel() { state_->close(); }

void Channel::close() { state_->close(); }
bool Channel::closed() const { return state_->ends.closed(); }

asio::awaitable<domain::Result<Frame>> Channel::read(std::chrono::milliseconds patience) {
    const std::shared_ptr<State> state = state_;
    state->start();
    while (!state->ends.closed()) {
        state->silence.expires_after(patience);
        auto on_silence =
            [weak = std::weak_ptr<State>(state)](const boost::system::error_code& error) {
                const auto alive = weak.lock();
                if (!error && alive) alive->close();
            };
        state->silence.async_wait(std::move(on_silence));
        const domain::Result<std::size_t> length = co_await state->incoming.read();
        state->silence.cancel();
        if (!length) {
            state->close();
            co_return length.error();
        }
        auto parsed = json::parse(state->incoming.line(*length));
        state->incoming.forget(*length);
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
    const auto line = std::make_shared<Line>(frame_text(*object));
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
    if (!blobs.empty()) {
        const bool crossed = co_await State::send_blobs(state, std::move(blobs), until);
        if (!crossed) co_return not_sent;
    }
    if (state->ends.closed() || state->outgoing.full()) co_return not_sent;
    line->waiter.emplace(state->ends.executor(), until);
    state->outgoing.send(line);
    while (!state->ends.closed() && !line->written && std::chrono::steady_clock::now() < until) {
        co_await runtime::sleep_on(*line->waiter);
    }
    if (line->written) co_return domain::Result<void>();
    line->dropped = true;
    if (line->begun) co_return Error(ErrorCode::no_answer, "the link was lost or did not move");
    co_return not_sent;
}

}  // namespace cabroker::adapters::protocol
