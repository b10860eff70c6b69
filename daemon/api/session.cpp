// One connection: has its requests read one after another, judged and answered, and writes the
// answers in order.
#include <unistd.h>

#include <algorithm>

#include "daemon/api/core.hpp"
#include "daemon/api/dispatch.hpp"
#include "daemon/api/exchange.hpp"
#include "daemon/api/peer.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/request_reader.hpp"
#include "daemon/api/timed_socket.hpp"
#include "daemon/api/upload.hpp"
#include "daemon/api/wire.hpp"
#include "runtime/log.hpp"
#include "runtime/sleep.hpp"

namespace cabroker::api {
namespace {

using domain::ErrorCode;

/// The memory of an answer that is kept for the next one.
constexpr std::size_t kMostKept = 64UL * 1024;
/// Peers without a role that are served at one time: they must not take the others' connections.
constexpr std::size_t kStrangersAtOnce = 32;
/// Connections over a user's share that are told so at one time; those beyond are just closed.
constexpr std::size_t kCrowdedAtOnce = 16;

class Session {
  public:
    Session(Server::Core& core, Socket socket)
        : core_(core),
          socket_(core, std::move(socket)),
          holding_(core),
          reader_(core, socket_, holding_) {}
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() {
        if (stranger_) --core_.strangers;
        if (!counted_) return;
        const auto mine = core_.connections_of.find(caller_.peer.uid);
        if (--mine->second == 0) core_.connections_of.erase(mine);
    }
    /// Until the connection ends.
    asio::awaitable<void> run(bool busy);

  private:
    // False when the connection is over without an answer.
    asio::awaitable<bool> know_peer();
    [[nodiscard]] bool take(Exchange& exchange);
    asio::awaitable<bool> let_continue();
    void end_reading(Exchange& exchange);
    void judge(Exchange& exchange);
    [[nodiscard]] Framing framing_of(const Exchange& exchange) const;
    void limit_answer(Exchange& exchange);
    [[nodiscard]] std::string write_text(Exchange& exchange, const Framing& framing);
    asio::awaitable<bool> write_rest(Exchange& exchange, const std::string& rest);
    asio::awaitable<bool> send_stream(Exchange& exchange);
    asio::awaitable<bool> wait_for_room(std::size_t octets);
    [[nodiscard]] bool may_read(const Exchange& exchange);
    void know_roles();
    [[nodiscard]] bool take_place();

    Server::Core& core_;
    TimedSocket socket_;
    Holding holding_;
    RequestReader reader_;
    Caller caller_;
    std::shared_ptr<const config::Settings> roles_from_;
    /// Had no role when it came.
    bool stranger_ = false;
    bool counted_ = false;
    /// Its user has as many as one may have.
    bool crowded_ = false;
};

void Session::know_roles() {
    const auto& now = core_.api.services.settings;
    if (roles_from_ != now) caller_.roles = policy::roles_of(caller_.peer, now->roles, ::geteuid());
    roles_from_ = now;
}

// One user may not take all connections: a quarter stays for the others. False: not even the room
// to say so.
bool Session::take_place() {
    counted_ = true;
    const std::size_t mine = ++core_.connections_of[caller_.peer.uid];
    const std::size_t most = core_.api.services.settings->api.max_connections;
    const std::size_t share = most - most / 4;
    crowded_ = mine > share;
    // Those who are told so count among all connections, too.
    return mine <= share + std::clamp<std::size_t>(most / 8, 1, kCrowdedAtOnce);
}

asio::awaitable<bool> Session::know_peer() {
    Result<policy::Peer> peer = peer_of(socket_.descriptor());
    if (!peer) {
        runtime::log(runtime::Level::error, peer.error().detail);
        co_return false;
    }
    caller_.peer = std::move(*peer);
    const uid_t uid = caller_.peer.uid;
    caller_.person.uid = uid;
    holding_.belongs_to(uid);
    know_roles();
    stranger_ = !caller_.roles.known();
    if (stranger_ && ++core_.strangers > kStrangersAtOnce) co_return false;
    if (!take_place()) co_return false;
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

// Everything that the head alone decides: route or refusal, and whether the body is read.
void Session::judge(Exchange& exchange) {
    Head head;
    exchange.call = std::make_unique<ApiCall>();
    ApiCall& call = *exchange.call;
    exchange.incoming.take_head(head, call);
    exchange.version_1_1 = head.version_1_1;
    if (is_request_id(head.request_id)) exchange.request_id = head.request_id;
    know_roles();
    const bool may_stay = caller_.roles.known() && !core_.stopping;
    exchange.keep_alive = exchange.incoming.keep_alive() && may_stay;
    call.caller = caller_;
    call.client_gone = [this] { return socket_.gone(); };
    Passage passage = judge_head(core_.api.draining, head, call);
    exchange.method = std::move(head.method);
    exchange.route = passage.route;
    if (head.remote_users > 0) call.caller.person.asserted = call.remote_user;
    if (!passage.refusal) return;

    const domain::Error& why = passage.refusal->problem->error;
    const bool leave_body =
        why.code == ErrorCode::malformed_request || (head.has_body && !head.expect.empty());
    if (leave_body) {
        exchange.refuse(std::move(*passage.refusal));
    } else {
        exchange.turn_away(std::move(*passage.refusal));
    }
}

// As far as what came goes. True when there is nothing more to wait for.
bool Session::take(Exchange& exchange) {
    if (exchange.unread) return true;
    if (!exchange.call) {
        if (!reader_.take_head(exchange)) return exchange.unread;
        socket_.set_idle(false);
        judge(exchange);
        if (exchange.unread || exchange.incoming.complete()) return true;
        if (!reader_.begin_body(exchange)) return true;
    }
    return reader_.take_body(exchange);
}

asio::awaitable<bool> Session::let_continue() {
    const bool written = co_await socket_.write("HTTP/1.1 100 Continue\r\n\r\n");
    if (written) reader_.await_body();
    co_return written;
}

void Session::end_reading(Exchange& exchange) {
    socket_.set_idle(false);
    socket_.no_deadline();
    if (exchange.call && exchange.call->upload) {
        Result<void> mapped = exchange.call->upload->finish();
        if (!mapped) exchange.refuse(problem(mapped.error()));
    }
    if (exchange.request_id.empty()) exchange.request_id = core_.make_request_id();
    exchange.incoming.let_go();
}

// A reload may have taken the role away.
bool Session::may_read(const Exchange& exchange) {
    know_roles();
    return allows(exchange.route->access, caller_.roles);
}

// Until others have read or gone; false: there is nobody to wait for it any more.
asio::awaitable<bool> Session::wait_for_room(std::size_t octets) {
    constexpr std::chrono::milliseconds kLook{100};
    while (!holding_.fits(octets)) {
        if (core_.stopping || socket_.gone()) co_return false;
        co_await runtime::sleep_for(kLook);
    }
    co_return true;
}

asio::awaitable<bool> Session::send_stream(Exchange& exchange) {
    const bool chunked = exchange.version_1_1;
    while (!core_.stopping && !socket_.gone() && may_read(exchange)) {
        std::optional<std::string> text = co_await exchange.response.stream->next();
        if (!text) break;
        if (text->empty()) continue;
        std::string octets = std::move(*text);
        if (chunked) octets = chunk(octets);
        const bool room = co_await wait_for_room(octets.size());
        // The role may have gone meanwhile.
        if (!room || !may_read(exchange)) break;
        holding_.set(octets.size());
        const bool written = co_await socket_.write(octets);
        holding_.set(0);
        if (!written) co_return false;
    }
    if (!chunked) co_return false;
    co_return co_await socket_.write("0\r\n\r\n");
}

Framing Session::framing_of(const Exchange& exchange) const {
    const Response& response = exchange.response;
    Framing framing;
    framing.version_1_1 = exchange.version_1_1;
    framing.chunked = response.stream && framing.version_1_1;
    const bool until_close = response.stream && !framing.chunked;
    framing.keep_alive = exchange.keep_alive && !response.close && !core_.stopping && !until_close;
    return framing;
}

// Answers that nobody reads must not fill the memory.
void Session::limit_answer(Exchange& exchange) {
    // What changed something is told in any case; what a viewer may ask for changes nothing.
    const bool changes = exchange.method != "GET" && exchange.route != nullptr &&
                         exchange.route->access != Access::viewer;
    if (changes || holding_.fits(exchange.response.body.size())) return;
    exchange.response = problem(ErrorCode::not_ready,
                                "cannot answer now: too many answers wait to be read; try again");
}

// Head and body, as far as the client takes them at once; gives what is left. All connections make
// them in the same memory, which stays in the processor's cache.
std::string Session::write_text(Exchange& exchange, const Framing& framing) {
    std::string& text = core_.answer;
    text.clear();
    append_head(text, exchange.response, framing, exchange.request_id, core_.date());
    if (!exchange.head_only()) text += exchange.response.body;
    std::string().swap(exchange.response.body);
    const std::size_t taken = socket_.write_now(text);
    std::string rest = text.substr(taken);
    holding_.set(rest.size());
    if (text.capacity() > kMostKept) std::string().swap(text);
    return rest;
}

// False when no other request may follow.
asio::awaitable<bool> Session::write_rest(Exchange& exchange, const std::string& rest) {
    bool written = true;
    if (!rest.empty()) written = co_await socket_.write(rest);
    const bool streams = exchange.response.stream && !exchange.head_only();
    if (written && streams) written = co_await send_stream(exchange);
    co_return written;
}

asio::awaitable<void> Session::run(bool busy) {
    bool more = co_await know_peer();
    bool unread = false;
    while (more) {
        Exchange exchange(core_.api.services.settings->api.max_headers);
        if (busy)
            exchange.refuse(problem(ErrorCode::not_ready, "cannot serve: too many connections"));
        else if (crowded_)
            exchange.refuse(problem(ErrorCode::not_ready,
                                    "cannot serve: this user has too many connections open"));
        reader_.begin(!stranger_);
        // Waited for in here: what a connection holds while nothing comes is this frame and one
        // read.
        while (more && !take(exchange)) {
            if (socket_.idle() && core_.stopping) {
                more = false;
            } else if (reader_.owes_continue()) {
                more = co_await let_continue();
            } else {
                const auto failed = co_await socket_.fill(reader_.room());
                more = reader_.heard(exchange, failed);
            }
        }
        if (!more) break;
        end_reading(exchange);
        if (exchange.route != nullptr) {
            try {
                exchange.response =
                    co_await dispatch(core_.api, *exchange.route, std::move(exchange.call));
            } catch (const std::exception& thrown) {
                exchange.response =
                    answer_of_thrown(core_.api, *exchange.route, exchange.request_id, thrown);
            }
        }
        unread = exchange.unread;
        // It may have waited, and a reload taken the role away.
        const bool read = exchange.route != nullptr && exchange.method == "GET";
        if (read && !may_read(exchange)) {
            exchange.response = role_missing(*exchange.route, caller_.peer.uid);
        }
        limit_answer(exchange);
        render_problem(exchange.response, exchange.request_id);
        core_.api.counts.count(exchange.method, exchange.response.status);
        const Framing framing = framing_of(exchange);
        more = framing.keep_alive;
        const std::string rest = write_text(exchange, framing);
        if (!rest.empty() || exchange.response.stream) {
            const bool written = co_await write_rest(exchange, rest);
            more = more && written;
        }
        holding_.set(0);
    }
    if (unread) co_await socket_.linger();
}

}  // namespace

asio::awaitable<void> serve(std::shared_ptr<Server::Core> core, Socket socket, bool busy) {
    Session session(*core, std::move(socket));
    co_await session.run(busy);
}

}  // namespace cabroker::api
