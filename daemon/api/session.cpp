// One connection: reads requests one after another, has them answered, writes the answers in order.
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "daemon/api/core.hpp"
#include "daemon/api/dispatch.hpp"
#include "daemon/api/incoming.hpp"
#include "daemon/api/peer.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/read_buffer.hpp"
#include "daemon/api/upload.hpp"
#include "daemon/api/wire.hpp"
#include "runtime/log.hpp"

namespace cabroker::api {
namespace {

using boost::system::error_code;
using domain::Error;
using domain::ErrorCode;

constexpr std::size_t kReadSize = 8UL * 1024;
constexpr std::size_t kUploadReadSize = 128UL * 1024;
/// The memory of an answer that a connection keeps for the next one.
constexpr std::size_t kMostKept = 4UL * 1024;
/// A large upload that is slower than this on average is given up.
constexpr std::uint64_t kLeastUploadRate = 64UL * 1024;
constexpr std::chrono::seconds kLinger{5};
/// Peers without a role that are served at one time: they must not take the others' connections.
constexpr std::size_t kStrangersAtOnce = 32;

/// One request and its answer on the way through the session.
struct Exchange {
    Incoming incoming;
    Head head;
    ApiCall call;
    const Route* route = nullptr;
    Response response;
    bool keep_alive = false;
    /// Octets of this request may still come; they are thrown away before closing.
    bool unread = false;

    explicit Exchange(std::size_t max_header) : incoming(max_header) {}
    void refuse(Response why) {
        response = std::move(why);
        route = nullptr;
        keep_alive = false;
        unread = true;
    }
};

class Session {
  public:
    Session(Server::Core& core, Socket socket)
        : core_(core), socket_(std::move(socket)), registered_(core, connection_) {
        connection_.cancel = [this] {
            error_code ignored;
            socket_.cancel(ignored);
        };
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() {
        if (stranger_) --core_.strangers;
    }
    /// Until the connection ends.
    asio::awaitable<void> run(bool busy);

  private:
    // Those that return bool: false when the connection is over without an answer.
    asio::awaitable<bool> know_peer();
    asio::awaitable<bool> read_request(Exchange& exchange);
    asio::awaitable<bool> read_head(Exchange& exchange);
    asio::awaitable<bool> read_body(Exchange& exchange);
    asio::awaitable<error_code> fill(std::size_t size);
    asio::awaitable<bool> send(Exchange& exchange);
    asio::awaitable<bool> send_stream(Exchange& exchange);
    /// `octets` live until it is done.
    asio::awaitable<bool> write(std::string_view octets);
    asio::awaitable<void> linger();
    bool feed(Exchange& exchange);
    bool lost(Exchange& exchange, const error_code& why);
    void judge(Exchange& exchange);
    void know_roles();
    [[nodiscard]] bool open_sink(Exchange& exchange, bool large);

    void set_deadline(domain::Duration from_now) {
        connection_.expired = false;
        connection_.deadline = Steady::now() + from_now;
    }
    void no_deadline() { connection_.deadline = Connection::kNever; }
    [[nodiscard]] const config::ApiSettings& settings() const {
        return core_.api.services.settings->api;
    }

    Server::Core& core_;
    Socket socket_;
    Connection connection_;
    Registered registered_;
    ReadBuffer buffer_;
    Caller caller_;
    /// The octets of the last answer; the next one takes their memory.
    std::string answer_;
    std::shared_ptr<const config::Settings> roles_from_;
    /// Had no role when it came.
    bool stranger_ = false;
};

void Session::know_roles() {
    const auto& now = core_.api.services.settings;
    if (roles_from_ != now) caller_.roles = policy::roles_of(caller_.peer, now->roles, ::geteuid());
    roles_from_ = now;
}

asio::awaitable<bool> Session::know_peer() {
    Result<policy::Peer> peer = peer_of(socket_.native_handle());
    if (!peer) {
        runtime::log(runtime::Level::error, peer.error().detail);
        co_return false;
    }
    caller_.peer = std::move(*peer);
    const uid_t uid = caller_.peer.uid;
    caller_.person.uid = uid;
    know_roles();
    stranger_ = !caller_.roles.known();
    if (stranger_ && ++core_.strangers > kStrangersAtOnce) co_return false;
    auto& names = core_.api.names;
    if (!names.contains(uid)) {
        std::function<std::string()> look_up = [uid] { return user_name(uid); };
        std::string name = co_await from_pool(core_.api.services.pool, std::move(look_up));
        if (names.size() > 10'000) names.clear();
        names.emplace(uid, std::move(name));
    }
    caller_.person.name = names[uid];
    co_return true;
}

asio::awaitable<error_code> Session::fill(std::size_t size) {
    const auto [where, room] = buffer_.prepare(size);
    const asio::mutable_buffer space(where, room);
    error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    const std::size_t count = co_await socket_.async_read_some(space, token);
    buffer_.commit(count);
    co_return failed;
}

// False when the octets make no request; the refusal is set then.
bool Session::feed(Exchange& exchange) {
    if (buffer_.size() == 0) return true;
    Incoming::Fed fed = exchange.incoming.feed(buffer_.view());
    buffer_.consume(fed.used);
    if (!fed.failure) return true;
    exchange.refuse(problem(std::move(*fed.failure)));
    return false;
}

// The connection gave no more octets. True when there is somebody left to tell.
bool Session::lost(Exchange& exchange, const error_code& why) {
    if (connection_.expired) {
        ++core_.api.timeouts;
        exchange.refuse(problem(ErrorCode::request_timeout,
                                "cannot wait any longer: the request came too slowly"));
        return true;
    }
    if (why != asio::error::eof) return false;
    exchange.refuse(
        problem(ErrorCode::malformed_request, "cannot read the request: it ends too early"));
    return true;
}

asio::awaitable<bool> Session::read_head(Exchange& exchange) {
    connection_.idle = buffer_.size() == 0;
    const bool patient = connection_.idle && !stranger_;
    set_deadline(patient ? settings().idle_deadline : settings().read_deadline);
    while (feed(exchange) && !exchange.incoming.has_head()) {
        if (connection_.idle && core_.stopping) co_return false;
        const error_code failed = co_await fill(kReadSize);
        if (failed && connection_.idle) co_return false;
        if (failed) co_return lost(exchange, failed);
        if (connection_.idle) set_deadline(settings().read_deadline);
        connection_.idle = false;
    }
    connection_.idle = false;
    co_return true;
}

// Everything that the head alone decides: route or refusal, and whether the body is read.
void Session::judge(Exchange& exchange) {
    exchange.incoming.take_head(exchange.head, exchange.call);
    know_roles();
    const bool may_stay = caller_.roles.known() && !core_.stopping;
    exchange.keep_alive = exchange.incoming.keep_alive() && may_stay;
    exchange.call.caller = caller_;
    Passage passage = judge_head(core_.api.draining, exchange.head, exchange.call);
    exchange.route = passage.route;
    if (exchange.head.has_remote_user)
        exchange.call.caller.person.asserted = exchange.call.remote_user;
    if (!passage.refusal) return;

    const domain::Error& why = passage.refusal->problem->error;
    const bool leave_body = why.code == ErrorCode::malformed_request ||
                            (exchange.head.has_body && !exchange.head.expect.empty());
    if (leave_body) {
        exchange.refuse(std::move(*passage.refusal));
    } else {
        exchange.response = std::move(*passage.refusal);
    }
}

// False when the body cannot be taken; the refusal is set then.
bool Session::open_sink(Exchange& exchange, bool large) {
    const std::uint64_t limit = large ? settings().max_csv_body : settings().max_body;
    if (exchange.incoming.content_length().value_or(0) > limit) {
        Response too_large =
            problem(ErrorCode::body_too_large,
                    "cannot take the body: it is larger than " + std::to_string(limit) + " octets");
        exchange.refuse(std::move(too_large));
        return false;
    }
    if (!large) {
        exchange.incoming.read_body_into(&exchange.call.body, nullptr, limit);
        return true;
    }
    Result<Upload> upload = Upload::in(core_.api.services.settings->state_dir);
    if (!upload) {
        exchange.refuse(problem(upload.error()));
        return false;
    }
    exchange.call.upload = std::make_shared<Upload>(std::move(*upload));
    exchange.incoming.read_body_into(nullptr, exchange.call.upload.get(), limit);
    return true;
}

asio::awaitable<bool> Session::read_body(Exchange& exchange) {
    const bool large = exchange.route != nullptr && exchange.route->body == BodyKind::csv;
    if (!open_sink(exchange, large)) co_return true;
    if (exchange.incoming.expects_continue() && buffer_.size() == 0) {
        if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
    }
    set_deadline(settings().read_deadline);
    const Steady::time_point begin = Steady::now();
    const std::size_t read_size = large ? kUploadReadSize : kReadSize;
    std::uint64_t received = 0;
    while (feed(exchange) && !exchange.incoming.complete()) {
        const std::size_t before = buffer_.size();
        const error_code failed = co_await fill(read_size);
        if (failed) co_return lost(exchange, failed);
        received += buffer_.size() - before;
        const std::chrono::seconds earned(large ? received / kLeastUploadRate : 0);
        connection_.deadline = begin + settings().read_deadline + earned;
    }
    co_return true;
}

asio::awaitable<bool> Session::read_request(Exchange& exchange) {
    const bool heard = co_await read_head(exchange);
    if (!heard) co_return false;
    bool alive = true;
    if (!exchange.unread) judge(exchange);
    if (!exchange.unread && !exchange.incoming.complete()) {
        std::unique_ptr<Response> refusal;
        if (exchange.route == nullptr)
            refusal = std::make_unique<Response>(std::move(exchange.response));
        alive = co_await read_body(exchange);
        // The first thing wrong is what the client is told.
        if (refusal) exchange.response = std::move(*refusal);
    }
    no_deadline();
    if (exchange.call.upload) {
        Result<void> mapped = exchange.call.upload->finish();
        if (!mapped && exchange.route != nullptr) exchange.refuse(problem(mapped.error()));
    }
    const std::string& wanted = exchange.head.request_id;
    exchange.call.request_id = is_request_id(wanted) ? wanted : core_.make_request_id();
    co_return alive;
}

asio::awaitable<bool> Session::write(std::string_view octets) {
    set_deadline(settings().write_deadline);
    error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    const asio::const_buffer all(octets.data(), octets.size());
    co_await asio::async_write(socket_, all, token);
    no_deadline();
    co_return !failed;
}

asio::awaitable<bool> Session::send_stream(Exchange& exchange) {
    const bool chunked = exchange.head.version_1_1;
    while (!core_.stopping) {
        std::optional<std::string> text = co_await exchange.response.stream->next();
        if (!text) break;
        if (text->empty()) continue;
        std::string octets = std::move(*text);
        if (chunked) octets = chunk(octets);
        if (!co_await write(octets)) co_return false;
    }
    if (!chunked) co_return false;
    co_return co_await write("0\r\n\r\n");
}

// True when another request may follow.
asio::awaitable<bool> Session::send(Exchange& exchange) {
    Response& response = exchange.response;
    render_problem(response, exchange.call.request_id);
    Framing framing;
    framing.version_1_1 = exchange.head.version_1_1;
    framing.chunked = response.stream && framing.version_1_1;
    const bool until_close = response.stream && !framing.chunked;
    framing.keep_alive = exchange.keep_alive && !response.close && !core_.stopping && !until_close;
    core_.api.counts.count(exchange.head.method, response.status);

    const bool head_only = exchange.head.method == "HEAD";
    append_head(answer_, response, framing, exchange.call.request_id, core_.date());
    if (!head_only) answer_ += response.body;
    const bool written = co_await write(answer_);
    answer_.clear();
    if (answer_.capacity() > kMostKept) answer_ = std::string();
    if (!written) co_return false;
    if (!response.stream || head_only) co_return framing.keep_alive;
    const bool complete = co_await send_stream(exchange);
    co_return complete&& framing.keep_alive;
}

// A client that is still sending would lose the answer if the socket closed under it.
asio::awaitable<void> Session::linger() {
    error_code failed;
    socket_.shutdown(Socket::shutdown_send, failed);
    set_deadline(kLinger);
    while (!failed && !connection_.expired) {
        buffer_.consume(buffer_.size());
        failed = co_await fill(kUploadReadSize);
    }
}

asio::awaitable<void> Session::run(bool busy) {
    bool more = co_await know_peer();
    bool unread = false;
    while (more) {
        Exchange exchange(settings().max_headers);
        if (busy) {
            exchange.call.request_id = core_.make_request_id();
            exchange.refuse(problem(ErrorCode::not_ready, "cannot serve: too many connections"));
        } else {
            more = co_await read_request(exchange);
        }
        if (!more) break;
        if (exchange.route != nullptr) {
            std::string request_id = exchange.call.request_id;
            exchange.response = co_await dispatch(core_.api, *exchange.route, exchange.call);
            exchange.call.request_id = std::move(request_id);
        }
        unread = exchange.unread;
        more = co_await send(exchange);
    }
    if (unread) co_await linger();
}

}  // namespace

asio::awaitable<void> serve(std::shared_ptr<Server::Core> core, Socket socket, bool busy) {
    Session session(*core, std::move(socket));
    co_await session.run(busy);
}

}  // namespace cabroker::api
