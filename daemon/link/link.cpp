#include "daemon/link/link.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <unordered_map>
#include <utility>

#include "adapters/protocol/channel.hpp"
#include "adapters/protocol/codec.hpp"
#include "adapters/protocol/mail_codec.hpp"
#include "daemon/link/host_process.hpp"
#include "daemon/link/mail_frames.hpp"
#include "json/parse.hpp"
#include "runtime/log.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::link {

namespace asio = boost::asio;
namespace bj = boost::json;
namespace protocol = adapters::protocol;
using domain::Error;
using domain::ErrorCode;
using domain::Result;
using runtime::Level;

namespace {

// One question that waits for its answer.
struct Pending {
    explicit Pending(const asio::any_io_executor& loop) : timer(loop) {}
    asio::steady_timer timer;
    std::optional<protocol::Frame> answer;
    bool lost = false;
};

asio::awaitable<void> sleep_on(asio::steady_timer& timer) {
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await timer.async_wait(token);
}

// CLOCK_MONOTONIC is one for all processes of a machine: with it the host knows how long a frame
// lay in its socket, and `act_for_ms` counts from here.
std::int64_t steady_milliseconds() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

bj::object json_map(const std::map<std::string, std::string>& texts) {
    bj::object object;
    for (const auto& [name, text] : texts) {
        auto value = json::parse(text);
        if (value) object[name] = std::move(*value);
    }
    return object;
}

}  // namespace

struct Link::State : std::enable_shared_from_this<Link::State> {
    State(LinkOptions given, asio::any_io_executor executor, runtime::Random& source)
        : options(std::move(given)), loop(std::move(executor)), random(source), pause(loop) {}

    LinkOptions options;
    asio::any_io_executor loop;
    runtime::Random& random;
    asio::steady_timer pause;
    Configuration configuration;
    std::shared_ptr<protocol::Channel> channel;
    std::map<std::uint64_t, std::shared_ptr<Pending>> pending;
    std::map<std::string, protocol::Capabilities> capabilities;
    std::map<std::string, AdapterProblem> problems;
    std::vector<std::function<void()>> handlers;
    MailHandlers mail;
    std::uint64_t next_id = 1;
    /// Grows with every configure(): what was sent is known to be the last or not.
    std::uint64_t wanted = 0;
    bool up = false;
    bool stopping = false;
    std::string trouble = "down";

    void changed() {
        for (const auto& handler : handlers) handler();
    }
    void fell() {
        const bool was_up = up;
        up = false;
        if (trouble.empty()) trouble = "down";
        if (was_up) changed();
    }
    void lose_questions() {
        for (auto& [id, question] : pending) {
            question->lost = true;
            question->timer.cancel();
        }
    }
    asio::awaitable<Result<protocol::Frame>> ask(std::string op, std::shared_ptr<bj::object> body,
                                                 std::uint64_t id, protocol::Blobs blobs,
                                                 std::chrono::milliseconds patience);
    asio::awaitable<void> serve(std::shared_ptr<protocol::Channel> link);
    asio::awaitable<bool> greet();
    asio::awaitable<bool> send_configuration();
    void take_capabilities(const bj::object& object);
    asio::awaitable<void> keep_alive(std::shared_ptr<protocol::Channel> link);
    asio::awaitable<void> read_all(std::shared_ptr<protocol::Channel> link);
    asio::awaitable<void> reconfigure();
    static asio::awaitable<void> tell(std::shared_ptr<State> self, std::string op,
                                      std::shared_ptr<bj::object> body);
    asio::awaitable<Result<std::shared_ptr<protocol::Channel>>> open(pid_t& child);
    asio::awaitable<void> reap(pid_t child);
    static asio::awaitable<void> run(std::shared_ptr<State> self);
};

// Errors: not_sent and no_answer, as Outside promises.
asio::awaitable<Result<protocol::Frame>> Link::State::ask(std::string op,
                                                          std::shared_ptr<bj::object> body,
                                                          std::uint64_t id, protocol::Blobs blobs,
                                                          std::chrono::milliseconds patience) {
    const std::shared_ptr<protocol::Channel> link = channel;
    if (!link || link->closed())
        co_return Error(ErrorCode::not_sent, "the adapters cannot be reached");
    const auto question = std::make_shared<Pending>(loop);
    question->timer.expires_after(patience);
    pending.emplace(id, question);
    const Result<void> written =
        co_await link->write(std::move(op), id, std::move(body), std::move(blobs), patience);
    if (!written) {
        pending.erase(id);
        if (written.error().code == ErrorCode::no_answer) co_return written.error();
        co_return Error(ErrorCode::not_sent, written.error().detail);
    }
    if (!question->answer && !question->lost) co_await sleep_on(question->timer);
    pending.erase(id);
    if (question->answer) co_return std::move(*question->answer);
    if (question->lost)
        co_return Error(ErrorCode::no_answer, "the link was lost before the answer came");
    co_return Error(ErrorCode::no_answer, "no answer came in time");
}

void Link::State::take_capabilities(const bj::object& object) {
    capabilities.clear();
    const std::map<std::string, AdapterProblem> before = std::exchange(problems, {});
    if (const auto* told = object.if_contains("capabilities");
        told != nullptr && told->is_object()) {
        for (const auto& entry : told->get_object()) {
            const std::string name(entry.key());
            auto read = protocol::capabilities_from(entry.value());
            if (read) {
                capabilities.emplace(name, std::move(*read));
            } else {
                problems[name].why = read.error().detail;
            }
        }
    }
    if (const auto* told = object.if_contains("problems"); told != nullptr && told->is_object()) {
        for (const auto& entry : told->get_object()) {
            if (!entry.value().is_string()) continue;
            AdapterProblem& problem = problems[std::string(entry.key())];
            if (problem.why.empty()) problem.why = entry.value().get_string();
        }
    }
    if (const auto* told = object.if_contains("down"); told != nullptr && told->is_array()) {
        for (const bj::value& name : told->get_array()) {
            const auto named =
                name.is_string() ? problems.find(std::string(name.get_string())) : problems.end();
            if (named != problems.end()) named->second.down = true;
        }
    }
    for (const auto& [name, problem] : problems) {
        const auto known = before.find(name);
        if (known != before.end() && known->second.why == problem.why) continue;
        runtime::log(Level::error, "an adapter cannot be used",
                     {{"adapter", name}, {"why", problem.why}});
    }
}

asio::awaitable<bool> Link::State::send_configuration() {
    const std::uint64_t sent = wanted;
    auto body = std::make_shared<bj::object>();
    (*body)["adapters"] = json_map(configuration.adapters);
    (*body)["mailers"] = json_map(configuration.mailers);
    bj::object secrets;
    for (const auto& [name, secret] : configuration.secrets) {
        bj::object held;
        held["secret"] = bj::string_view(secret.reveal().data(), secret.reveal().size());
        secrets[name] = std::move(held);
    }
    (*body)["secrets"] = std::move(secrets);
    if (options.trace) (*body)["trace"] = true;
    protocol::Blobs none;
    const Result<protocol::Frame> answer =
        co_await ask("configure", std::move(body), next_id++, std::move(none), options.silence);
    if (!answer || answer->op != "configured") {
        std::string why = "another answer than `configured` came";
        if (!answer) why = answer.error().detail;
        runtime::log(Level::error, "the adapters did not take their settings", {{"why", why}});
        co_return false;
    }
    take_capabilities(answer->body->get_object());
    // Somebody may have called configure() meanwhile.
    if (sent != wanted) co_return co_await send_configuration();
    co_return true;
}

asio::awaitable<bool> Link::State::greet() {
    auto body = std::make_shared<bj::object>();
    bj::array versions;
    versions.push_back(protocol::kProtocolVersion);
    (*body)["protocols"] = std::move(versions);
    (*body)["build"] = options.build;
    protocol::Blobs none;
    const Result<protocol::Frame> answer = co_await ask("hello", std::move(body), next_id++,
                                                        std::move(none), options.connect_patience);
    if (!answer) {
        runtime::log(Level::warning, "the adapter host does not greet",
                     {{"why", answer.error().detail}});
        co_return false;
    }
    const auto* version = answer->body->get_object().if_contains("protocol");
    if (answer->op != "hello" || version == nullptr || !version->is_int64() ||
        version->get_int64() != protocol::kProtocolVersion) {
        trouble = "protocol_mismatch";
        runtime::log(Level::error, "the adapter host speaks another version of the protocol");
        co_return false;
    }
    co_return co_await send_configuration();
}

asio::awaitable<void> Link::State::read_all(std::shared_ptr<protocol::Channel> link) {
    std::string why;
    while (!link->closed()) {
        Result<protocol::Frame> frame = co_await link->read(options.silence);
        if (!frame) {
            why = frame.error().detail;
            break;
        }
        if (take_mail_frame(*frame, mail) || take_trace_frame(*frame, options.trace)) continue;
        const auto question = pending.find(frame->id);
        // A late answer to a question nobody waits for any more is no crime; a number never used
        // is.
        if (question == pending.end()) {
            if (frame->id < next_id) continue;
            why = "an answer to a question that was never asked";
            break;
        }
        question->second->answer = std::move(*frame);
        question->second->timer.cancel();
    }
    link->close();
    if (!stopping) runtime::log(Level::warning, "the link to the adapters is down", {{"why", why}});
    // A later link and its questions are not touched.
    if (channel != link) co_return;
    fell();
    lose_questions();
    pause.cancel();  // serve() waits on it
}

asio::awaitable<void> Link::State::keep_alive(std::shared_ptr<protocol::Channel> link) {
    asio::steady_timer timer(loop);
    while (!link->closed()) {
        timer.expires_after(options.ping_every);
        co_await sleep_on(timer);
        if (link->closed()) break;
        auto body = std::make_shared<bj::object>();
        protocol::Blobs none;
        const Result<protocol::Frame> answer =
            co_await ask("ping", std::move(body), next_id++, std::move(none), options.silence);
        if (!answer) {
            link->close();
        } else if (answer->body->get_object().contains("capabilities")) {
            take_capabilities(answer->body->get_object());
            changed();
        }
    }
}

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
    asio::steady_timer timer(loop);
    // It ends by itself when the link closes; what does not is killed.
    for (int tries = 0; tries < 40; ++tries) {
        if (reap_host(child)) co_return;
        if (tries == 20) kill_host(child);
        timer.expires_after(std::chrono::milliseconds(50));
        co_await sleep_on(timer);
    }
}

asio::awaitable<void> Link::State::serve(std::shared_ptr<protocol::Channel> link) {
    channel = link;
    trouble = "down";
    runtime::spawn(loop, "link reader", read_all(link));
    const bool greeted = co_await greet();
    if (greeted && !link->closed()) {
        up = true;
        trouble.clear();
        runtime::log(Level::info, "the adapters are connected",
                     {{"adapters", std::to_string(capabilities.size())}});
        runtime::spawn(loop, "link pings", keep_alive(link));
        changed();
        while (!link->closed()) {
            pause.expires_after(std::chrono::hours(1));
            co_await sleep_on(pause);
        }
    }
    link->close();
    channel.reset();
    lose_questions();
    fell();
}

asio::awaitable<void> Link::State::run(std::shared_ptr<State> self) {
    auto wait = self->options.first_pause;
    while (!self->stopping) {
        pid_t child = -1;
        const auto began = std::chrono::steady_clock::now();
        auto link = co_await self->open(child);
        if (link) {
            co_await self->serve(*link);
            (*link)->close();
        } else {
            self->trouble = "down";
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
        co_await sleep_on(self->pause);
        wait = std::min(wait * 2, self->options.longest_pause);
    }
}

Link::Link(LinkOptions options, asio::any_io_executor loop, runtime::Random& random)
    : state_(std::make_shared<State>(std::move(options), std::move(loop), random)) {}

Link::~Link() = default;

asio::awaitable<void> Link::State::reconfigure() {
    const std::shared_ptr<protocol::Channel> link = channel;
    const bool sent = co_await send_configuration();
    if (!sent && link) link->close();
    changed();
}

void Link::configure(Configuration configuration) {
    state_->configuration = std::move(configuration);
    ++state_->wanted;
    if (state_->up) runtime::spawn(state_->loop, "link configure", state_->reconfigure());
}

asio::awaitable<void> Link::run() { return State::run(state_); }

void Link::stop() {
    state_->stopping = true;
    if (state_->channel) state_->channel->close();
    state_->pause.cancel();
}

asio::awaitable<Result<protocol::StepResult>> Link::advance(protocol::StepContext context) {
    const std::shared_ptr<State> state = state_;
    if (!state->up) co_return Error(ErrorCode::not_sent, "the adapters cannot be reached");
    const std::uint64_t id = state->next_id++;
    const auto patience = context.deadline + state->options.grace;
    protocol::Blobs blobs;
    auto body = std::make_shared<bj::object>();
    (*body)["context"] = protocol::to_json(context, std::to_string(id), blobs);
    (*body)["told_at_ms"] = steady_milliseconds();
    Result<protocol::Frame> answer =
        co_await state->ask("advance", std::move(body), id, std::move(blobs), patience);
    if (!answer) co_return answer.error();
    const bj::object& object = answer->body->get_object();
    if (answer->op == "result") {
        if (const auto* result = object.if_contains("result")) {
            co_return protocol::step_result_from(*result, answer->blobs);
        }
    }
    if (answer->op == "error") {
        const auto* code = object.if_contains("code");
        const auto* detail = object.if_contains("detail");
        const bool unreached =
            code != nullptr && code->is_string() && code->get_string() == "unreachable";
        std::string why = "the adapter gave no answer";
        if (detail != nullptr && detail->is_string()) why = std::string(detail->get_string());
        auto kind = ErrorCode::no_answer;
        if (unreached) kind = ErrorCode::not_sent;
        co_return Error(kind, why);
    }
    co_return Error(ErrorCode::bad_answer, "the adapter answered " + answer->op);
}

asio::awaitable<Result<protocol::Proof>> Link::prove(protocol::ProofContext context) {
    const std::shared_ptr<State> state = state_;
    if (!state->up) co_return Error(ErrorCode::not_sent, "the adapters cannot be reached");
    const std::uint64_t id = state->next_id++;
    const auto patience = context.step.deadline + state->options.grace;
    protocol::Blobs blobs;
    auto body = std::make_shared<bj::object>();
    (*body)["context"] = protocol::to_json(context, std::to_string(id), blobs);
    Result<protocol::Frame> answer =
        co_await state->ask("prove", std::move(body), id, std::move(blobs), patience);
    if (!answer) co_return answer.error();
    if (answer->op == "proof") {
        if (const auto* proof = answer->body->get_object().if_contains("proof")) {
            co_return protocol::proof_from(*proof, answer->blobs);
        }
    }
    co_return Error(ErrorCode::no_answer, "the adapter gave no proof");
}

// A word that wants no answer. What does not arrive is made up for: the mail is offered again.
asio::awaitable<void> Link::State::tell(std::shared_ptr<State> self, std::string op,
                                        std::shared_ptr<bj::object> body) {
    const std::shared_ptr<protocol::Channel> link = self->channel;
    if (!link) co_return;
    protocol::Blobs none;
    const Result<void> written =
        co_await link->write(std::move(op), self->next_id++, std::move(body), std::move(none));
    if (written) co_return;
    runtime::log(Level::warning, "a word about mail was not told",
                 {{"why", written.error().detail}});
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

void Link::on_mail(MailHandlers handlers) { state_->mail = std::move(handlers); }

asio::awaitable<Result<protocol::CheckReport>> Link::check(std::string adapter,
                                                           domain::Duration within) {
    const std::shared_ptr<State> state = state_;
    if (!state->up) co_return Error(ErrorCode::not_sent, "the adapters cannot be reached");
    auto body = std::make_shared<bj::object>();
    (*body)["adapter"] = adapter;
    (*body)["deadline_ms"] = within.count();
    protocol::Blobs none;
    const auto patience = within + state->options.grace;
    Result<protocol::Frame> answer =
        co_await state->ask("check", std::move(body), state->next_id++, std::move(none), patience);
    if (!answer) co_return answer.error();
    // An adapter host of an older build does not know the question.
    if (answer->op == "unsupported")
        co_return Error(ErrorCode::bad_answer, "the adapters cannot look at suppliers");
    if (answer->op == "checked") {
        if (const auto* report = answer->body->get_object().if_contains("report"))
            co_return protocol::check_report_from(*report);
    }
    co_return Error(ErrorCode::bad_answer, "the adapters answered " + answer->op);
}

bool Link::up() const { return state_->up; }
std::string Link::trouble() const { return state_->trouble; }
const std::map<std::string, protocol::Capabilities>& Link::capabilities() const {
    return state_->capabilities;
}
void Link::on_change(std::function<void()> handler) {
    state_->handlers.push_back(std::move(handler));
}
const std::map<std::string, AdapterProblem>& Link::problems() const { return state_->problems; }
std::size_t Link::in_flight() const { return state_->pending.size(); }

}  // namespace cabroker::link
