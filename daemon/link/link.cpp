#include "daemon/link/link.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <utility>

#include "adapters/protocol/channel.hpp"
#include "adapters/protocol/mail_codec.hpp"
#include "daemon/link/host_process.hpp"
#include "daemon/link/session.hpp"
#include "daemon/link/step_frames.hpp"
#include "runtime/log.hpp"
#include "runtime/sleep.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::link {

namespace asio = boost::asio;
namespace bj = boost::json;
namespace protocol = adapters::protocol;
using domain::Error;
using domain::ErrorCode;
using domain::Result;
using runtime::Level;

struct Link::State {
    State(LinkOptions given, asio::any_io_executor executor, runtime::Random& source)
        : options(std::move(given)),
          loop(std::move(executor)),
          random(source),
          pause(loop),
          session(options, loop) {}

    LinkOptions options;
    asio::any_io_executor loop;
    runtime::Random& random;
    /// Between two links.
    asio::steady_timer pause;
    Session session;
    bool stopping = false;

    asio::awaitable<Result<std::shared_ptr<protocol::Channel>>> open(pid_t& child);
    asio::awaitable<void> reap(pid_t child);
    static asio::awaitable<void> run(std::shared_ptr<State> self);
    static asio::awaitable<void> tell(std::shared_ptr<State> self, std::string op,
                                      std::shared_ptr<bj::object> body);
};

asio::awaitable<Result<std::shared_ptr<protocol::Channel>>> Link::State::open(pid_t& child) {
    asio::local::stream_protocol::socket socket(loop);
    if (!options.program.empty()) {
        const Result<HostProcess> host = start_host(options.program);
        if (!host) co_return host.error();
        child = host->pid;
        boost::system::error_code error;
        socket.assign(asio::local::stream_protocol(), host->socket, error);
        if (error) co_return Error(ErrorCode::unreachable, error.message());
        co_return std::make_shared<protocol::Channel>(std::move(socket));
    }
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    const asio::local::stream_protocol::endpoint where(options.socket);
    co_await socket.async_connect(where, token);
    if (error) co_return Error(ErrorCode::unreachable, options.socket + ": " + error.message());
    co_return std::make_shared<protocol::Channel>(std::move(socket));
}

asio::awaitable<void> Link::State::reap(pid_t child) {
    // It ends by itself when the link closes; what does not is killed.
    for (int tries = 0; tries < 40; ++tries) {
        if (reap_host(child)) co_return;
        if (tries == 20) kill_host(child);
        co_await runtime::sleep_for(std::chrono::milliseconds(50));
    }
}

asio::awaitable<void> Link::State::run(std::shared_ptr<State> self) {
    auto wait = self->options.first_pause;
    while (!self->stopping) {
        pid_t child = -1;
        const auto began = std::chrono::steady_clock::now();
        auto link = co_await self->open(child);
        if (link) {
            co_await self->session.serve(*link);
            (*link)->close();
        } else {
            self->session.not_opened();
            runtime::log(Level::warning, "cannot reach the adapters",
                         {{"why", link.error().detail}});
        }
        if (child > 0) co_await self->reap(child);
        if (self->stopping) break;
        if (std::chrono::steady_clock::now() - began > std::chrono::seconds(10))
            wait = self->options.first_pause;
        const double spread = 0.5 + 0.5 * self->random.fraction();
        const auto sleep =
            std::chrono::duration<double, std::milli>(static_cast<double>(wait.count()) * spread);
        self->pause.expires_after(std::chrono::duration_cast<std::chrono::milliseconds>(sleep));
        co_await runtime::sleep_on(self->pause);
        wait = std::min(wait * 2, self->options.longest_pause);
    }
}

asio::awaitable<void> Link::State::tell(std::shared_ptr<State> self, std::string op,
                                        std::shared_ptr<bj::object> body) {
    co_await self->session.tell(std::move(op), std::move(body));
}

Link::Link(LinkOptions options, asio::any_io_executor loop, runtime::Random& random)
    : state_(std::make_shared<State>(std::move(options), std::move(loop), random)) {}

Link::~Link() = default;

void Link::configure(Configuration configuration) {
    state_->session.configure(std::move(configuration));
}

asio::awaitable<void> Link::run() { return State::run(state_); }

void Link::stop() {
    state_->stopping = true;
    state_->session.hang_up();
    state_->pause.cancel();
}

asio::awaitable<Result<protocol::StepResult>> Link::advance(protocol::StepContext context) {
    const std::shared_ptr<State> state = state_;
    if (!state->session.up()) co_return not_reached();
    const std::uint64_t id = state->session.next_id();
    const auto patience = context.deadline + state->options.grace;
    protocol::Blobs blobs;
    auto body = advance_question(context, id, blobs);
    Result<protocol::Frame> answer =
        co_await state->session.ask("advance", id, std::move(body), std::move(blobs), patience);
    if (!answer) co_return answer.error();
    co_return step_answer(*answer);
}

asio::awaitable<Result<protocol::Proof>> Link::prove(protocol::ProofContext context) {
    const std::shared_ptr<State> state = state_;
    if (!state->session.up()) co_return not_reached();
    const std::uint64_t id = state->session.next_id();
    const auto patience = context.step.deadline + state->options.grace;
    protocol::Blobs blobs;
    auto body = prove_question(context, id, blobs);
    Result<protocol::Frame> answer =
        co_await state->session.ask("prove", id, std::move(body), std::move(blobs), patience);
    if (!answer) co_return answer.error();
    co_return proof_answer(*answer);
}

asio::awaitable<Result<protocol::CheckReport>> Link::check(std::string adapter,
                                                           domain::Duration within) {
    const std::shared_ptr<State> state = state_;
    if (!state->session.up()) co_return not_reached();
    const std::uint64_t id = state->session.next_id();
    const auto patience = within + state->options.grace;
    protocol::Blobs none;
    auto body = check_question(adapter, within);
    Result<protocol::Frame> answer =
        co_await state->session.ask("check", id, std::move(body), std::move(none), patience);
    if (!answer) co_return answer.error();
    co_return check_answer(*answer);
}

void Link::open_mailbox(protocol::MailboxOpen open) {
    auto body = std::make_shared<bj::object>(protocol::to_json(open));
    runtime::spawn(state_->loop, "mailbox open",
                   State::tell(state_, "mailbox_open", std::move(body)));
}

void Link::mail_taken(std::string mailbox, protocol::MailRef ref) {
    protocol::MailFiled taken;
    taken.mailbox = std::move(mailbox);
    taken.ref = std::move(ref);
    auto body = std::make_shared<bj::object>(protocol::to_json(taken));
    runtime::spawn(state_->loop, "mail taken", State::tell(state_, "mail_taken", std::move(body)));
}

void Link::on_mail(MailHandlers handlers) { state_->session.on_mail(std::move(handlers)); }

void Link::on_change(std::function<void()> handler) {
    state_->session.on_change(std::move(handler));
}

bool Link::up() const { return state_->session.up(); }

std::string Link::trouble() const { return state_->session.trouble(); }

const std::map<std::string, protocol::Capabilities>& Link::capabilities() const {
    return state_->session.roster().capabilities();
}

const std::map<std::string, AdapterProblem>& Link::problems() const {
    return state_->session.roster().problems();
}

std::size_t Link::in_flight() const { return state_->session.in_flight(); }

}  // namespace cabroker::link
