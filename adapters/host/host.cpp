#include "adapters/host/host.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include "adapters/host/mailboxes.hpp"
#include "adapters/host/traces.hpp"
#include "adapters/protocol/channel.hpp"
#include "adapters/protocol/codec.hpp"
#include "adapters/protocol/json_text.hpp"
#include "config/adapter_settings.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/spawn.hpp"
#include "transport/http_client.hpp"
#include "transport/smtp_client.hpp"

namespace cabroker::adapters::host {

namespace asio = boost::asio;
namespace bj = boost::json;
using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

constexpr std::size_t kMostSteps = 64;
/// A step may answer this much after its deadline before it is cancelled.
constexpr auto kLastWord = std::chrono::milliseconds(1'000);
/// How long `configured` waits for programs that have to say what they can do.
constexpr auto kTimeToStart = std::chrono::milliseconds(3'000);
constexpr auto kLookAgain = std::chrono::milliseconds(10);
constexpr domain::Duration kCheckAtMost = std::chrono::minutes(2);

// What one `configure` brought. Steps that run hold on to theirs.
struct Generation {
    Mailers mailers;
    HostSecrets secrets;
    std::optional<Services> services;
    std::map<std::string, std::unique_ptr<Adapter>> adapters;
    /// Adapters that could not be made, and why.
    std::map<std::string, std::string> problems;
};

struct Session : std::enable_shared_from_this<Session> {
    Session(asio::local::stream_protocol::socket socket, HostOptions given)
        : options(std::move(given)),
          executor(socket.get_executor()),
          channel(std::move(socket)),
          http(executor),
          smtp(executor),
          mailboxes(
              [this](std::string op, std::uint64_t id, std::shared_ptr<bj::object> body,
                     protocol::Blobs blobs) {
                  runtime::spawn(executor, "mail frame",
                                 tell(shared_from_this(), std::move(op), id, std::move(body),
                                      std::move(blobs)));
              },
              clock, executor),
          traces(channel, executor) {}

    HostOptions options;
    asio::any_io_executor executor;
    protocol::Channel channel;
    runtime::SystemClock clock;
    transport::CurlHttpClient http;
    transport::CurlSmtpClient smtp;
    Mailboxes mailboxes;
    Traces traces;
    std::shared_ptr<Generation> generation = std::make_shared<Generation>();
    std::size_t running = 0;
    /// What `configured` or the last pong told of the adapters is not true any more.
    bool told_is_old = false;

    asio::awaitable<void> answer(std::string op, std::uint64_t id, std::shared_ptr<bj::object> body,
                                 protocol::Blobs blobs);
    static asio::awaitable<void> tell(std::shared_ptr<Session> self, std::string op,
                                      std::uint64_t id, std::shared_ptr<bj::object> body,
                                      protocol::Blobs blobs);
    asio::awaitable<void> hello(protocol::Frame frame);
    /// Puts capabilities and problems of all adapters into `body`.
    void tell_adapters(bj::object& body);
    asio::awaitable<void> start_adapters(std::shared_ptr<Generation> of);
    asio::awaitable<void> pong(protocol::Frame frame);
    asio::awaitable<void> configure(protocol::Frame frame);
    static asio::awaitable<void> advance(std::shared_ptr<Session> self, protocol::Frame frame);
    static asio::awaitable<void> prove(std::shared_ptr<Session> self, protocol::Frame frame);
    static asio::awaitable<void> check(std::shared_ptr<Session> self, protocol::Frame frame);
    asio::awaitable<void> fail(std::uint64_t id, Error error);
    asio::awaitable<bool> take(protocol::Frame frame);
};

asio::awaitable<void> wait_for(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_after(time);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await timer.async_wait(token);
}

const bj::value* context_of(const protocol::Frame& frame) {
    return frame.body->get_object().if_contains("context");
}

// How long the frame was on its way: the host may have been stopped with the frame in its socket.
domain::Duration age_of(const protocol::Frame& frame) {
    const bj::value* told = frame.body->get_object().if_contains("told_at_ms");
    if (told == nullptr || !told->is_int64()) return domain::Duration::zero();
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
    return std::max(domain::Duration::zero(), domain::Duration(now.count() - told->get_int64()));
}

template <class Visit>
void each_member(const bj::object& object, std::string_view key, Visit visit) {
    const bj::value* value = object.if_contains(bj::string_view(key.data(), key.size()));
    if (value == nullptr || !value->is_object()) return;
    for (const auto& member : value->get_object()) visit(std::string(member.key()), member.value());
}

asio::awaitable<void> Session::answer(std::string op, std::uint64_t id,
                                      std::shared_ptr<bj::object> body, protocol::Blobs blobs) {
    const Result<void> written =
        co_await channel.write(std::move(op), id, std::move(body), std::move(blobs));
    if (written) co_return;
    runtime::log(runtime::Level::warning, "an answer could not be given",
                 {{"why", written.error().detail}});
    if (written.error().code != ErrorCode::limit_exceeded) {
        // A core that takes no answers is gone or hangs; read() may not have seen it yet.
        channel.close();
        co_return;
    }
    auto instead = std::make_shared<bj::object>();
    (*instead)["code"] = "no_answer";
    (*instead)["detail"] = written.error().detail;
    protocol::Blobs none;
    const Result<void> told =
        co_await channel.write("error", id, std::move(instead), std::move(none));
    if (!told) channel.close();
}

// A word about mail. What is not told is told again: mails are offered until they are taken.
asio::awaitable<void> Session::tell(std::shared_ptr<Session> self, std::string op, std::uint64_t id,
                                    std::shared_ptr<bj::object> body, protocol::Blobs blobs) {
    const Result<void> written =
        co_await self->channel.write(std::move(op), id, std::move(body), std::move(blobs));
    if (written) co_return;
    runtime::log(runtime::Level::warning, "a word about mail was not told",
                 {{"why", written.error().detail}});
}

asio::awaitable<void> Session::hello(protocol::Frame frame) {
    bool spoken = false;
    const bj::value* versions = frame.body->get_object().if_contains("protocols");
    if (versions != nullptr && versions->is_array()) {
        for (const bj::value& version : versions->get_array()) {
            spoken =
                spoken || (version.is_int64() && version.get_int64() == protocol::kProtocolVersion);
        }
    }
    auto body = std::make_shared<bj::object>();
    (*body)["build"] = options.build;
    if (spoken) {
        (*body)["protocol"] = protocol::kProtocolVersion;
    } else {
        (*body)["protocol"] = nullptr;
    }
    protocol::Blobs none;
    co_await answer("hello", frame.id, std::move(body), std::move(none));
}

asio::awaitable<void> Session::configure(protocol::Frame frame) {
    auto next = std::make_shared<Generation>();
    const bj::object& object = frame.body->get_object();
    each_member(object, "secrets", [&](const std::string& name, const bj::value& value) {
        const bj::object* held = value.if_object();
        const bj::value* secret = held == nullptr ? nullptr : held->if_contains("secret");
        if (secret == nullptr || !secret->is_string()) return;
        next->secrets.emplace(name, domain::Secret(std::string_view(secret->get_string().data(),
                                                                    secret->get_string().size())));
    });
    each_member(object, "mailers", [&](const std::string& name, const bj::value& value) {
        json::Problems found;
        config::MailerSettings mailer = config::decode_mailer(name, value, "", found);
        if (found.empty()) {
            next->mailers.emplace(name, std::move(mailer));
        } else {
            next->problems["mailer " + name] = found.front().pointer + " " + found.front().detail;
        }
    });
    next->services.emplace(Services{http, smtp, clock, next->mailers, next->secrets});
    const bj::value* trace = object.if_contains("trace");
    if (trace != nullptr && trace->is_bool() && trace->get_bool()) {
        // Called from within steps, which hold on to the session.
        next->services->trace = [this](std::string exchange) {
            traces.take(std::move(exchange), shared_from_this());
        };
    }
    std::vector<mailbox::CodeRule> rules;
    each_member(object, "adapters", [&](const std::string& name, const bj::value& value) {
        if (auto rule = code_rule_of(name, value)) rules.push_back(std::move(*rule));
        auto made = options.make_adapter(name, bj::serialize(value), *next->services);
        if (!made) {
            next->problems[name] = made.error().detail;
            return;
        }
        next->adapters.emplace(name, std::move(*made));
    });
    generation = next;
    mailboxes.configure(std::move(rules));
    const std::uint64_t id = frame.id;
    frame.body.reset();  // it holds secrets
    co_await start_adapters(std::move(next));
    auto body = std::make_shared<bj::object>();
    tell_adapters(*body);
    protocol::Blobs none;
    co_await answer("configured", id, std::move(body), std::move(none));
}

void Session::tell_adapters(bj::object& body) {
    bj::object capabilities;
    bj::object problems;
    bj::array down;
    for (const auto& [name, why] : generation->problems) problems[name] = why;
    for (const auto& [name, adapter] : generation->adapters) {
        const std::string trouble = adapter->trouble();
        const protocol::Capabilities can = adapter->capabilities();
        if (trouble.empty() || !can.kinds.empty()) capabilities[name] = protocol::to_json(can);
        if (trouble.empty()) continue;
        problems[name] = "adapter " + name + ": " + trouble;
        down.emplace_back(name);
    }
    body["capabilities"] = std::move(capabilities);
    body["problems"] = std::move(problems);
    body["down"] = std::move(down);
    protocol::clean_texts(body);
    told_is_old = false;
}

// Waits a little for those that have to say what they can do.
asio::awaitable<void> Session::start_adapters(std::shared_ptr<Generation> of) {
    for (auto& [name, adapter] : of->adapters) {
        auto changed = [weak = weak_from_this()] {
            if (const auto alive = weak.lock()) alive->told_is_old = true;
        };
        adapter->start(executor, std::move(changed));
    }
    const auto until = std::chrono::steady_clock::now() + kTimeToStart;
    for (auto& [name, adapter] : of->adapters) {
        while (!adapter->trouble().empty() && std::chrono::steady_clock::now() < until) {
            co_await wait_for(kLookAgain);
        }
    }
}

asio::awaitable<void> Session::pong(protocol::Frame frame) {
    auto body = std::make_shared<bj::object>();
    if (told_is_old) tell_adapters(*body);
    protocol::Blobs none;
    co_await answer("pong", frame.id, std::move(body), std::move(none));
}

asio::awaitable<void> Session::fail(std::uint64_t id, Error error) {
    auto body = std::make_shared<bj::object>();
    const std::string_view code = domain::name_of(error.code);
    (*body)["code"] = bj::string_view(code.data(), code.size());
    (*body)["detail"] = error.detail;
    protocol::Blobs none;
    co_await answer("error", id, std::move(body), std::move(none));
}

// The answer to a step that cannot even be given to an adapter.
protocol::StepResult no_adapter(const std::string& name) {
    protocol::StepResult result;
    result.answer = protocol::Misconfigured{"the adapter " + name +
                                            " is not configured or its settings are wrong"};
    return result;
}

// An adapter's bug must cost one step, not the link; operator|| would swallow it until the
// deadline.
asio::awaitable<Result<protocol::StepResult>> advance_safely(Adapter& adapter,
                                                             protocol::StepContext context) {
    try {
        co_return co_await adapter.advance(std::move(context));
    } catch (const std::exception& bug) {
        runtime::log(runtime::Level::error, "an adapter threw", {{"why", bug.what()}});
    }
    co_return Error(ErrorCode::no_answer, "the adapter failed");
}

asio::awaitable<Result<protocol::Proof>> prove_safely(Adapter& adapter,
                                                      protocol::ProofContext context) {
    try {
        co_return co_await adapter.prove(std::move(context));
    } catch (const std::exception& bug) {
        runtime::log(runtime::Level::error, "an adapter threw", {{"why", bug.what()}});
    }
    co_return Error(ErrorCode::no_answer, "the adapter failed");
}

asio::awaitable<Result<protocol::StepResult>> step_in_time(Adapter& adapter,
                                                           protocol::StepContext context) {
    using asio::experimental::awaitable_operators::operator||;
    auto patience = std::chrono::milliseconds(context.deadline) + kLastWord;
    if (context.leave) {
        // Not one octet of an effect may leave after its time.
        if (context.leave->act_for <= domain::Duration::zero()) {
            co_return Error(ErrorCode::unreachable, "the leave to act came too late");
        }
        patience = std::min(patience, std::chrono::milliseconds(context.leave->act_for));
    }
    auto raced = co_await (advance_safely(adapter, std::move(context)) || wait_for(patience));
    if (raced.index() == 0) co_return std::move(std::get<0>(raced));
    co_return Error(ErrorCode::no_answer, "the adapter did not end in time");
}

asio::awaitable<Result<protocol::Proof>> proof_in_time(Adapter& adapter,
                                                       protocol::ProofContext context) {
    using asio::experimental::awaitable_operators::operator||;
    const auto patience = context.step.deadline + kLastWord;
    auto raced = co_await (prove_safely(adapter, std::move(context)) || wait_for(patience));
    if (raced.index() == 0) co_return std::move(std::get<0>(raced));
    co_return Error(ErrorCode::no_answer, "the adapter did not end in time");
}

asio::awaitable<void> Session::advance(std::shared_ptr<Session> self, protocol::Frame frame) {
    ++self->running;
    const std::shared_ptr<Generation> mine = self->generation;
    const bj::value* asked = context_of(frame);
    const bj::value nothing;
    Result<protocol::StepContext> context =
        protocol::step_context_from(asked == nullptr ? nothing : *asked, frame.blobs);
    const domain::Duration age = age_of(frame);
    frame.body.reset();  // it holds secrets
    Result<protocol::StepResult> result =
        Error(ErrorCode::unreachable, "the step could not be read");
    if (context && context->leave) context->leave->act_for -= age;
    if (!context) {
        result = Error(ErrorCode::unreachable, "the step: " + context.error().detail);
    } else {
        const auto adapter = mine->adapters.find(context->adapter);
        if (adapter == mine->adapters.end()) {
            result = no_adapter(context->adapter);
        } else {
            result = co_await step_in_time(*adapter->second, std::move(*context));
        }
    }
    --self->running;
    if (!result) {
        co_await self->fail(frame.id, result.error());
        co_return;
    }
    protocol::Blobs blobs;
    auto body = std::make_shared<bj::object>();
    (*body)["result"] = protocol::to_json(*result, std::to_string(frame.id), blobs);
    co_await self->answer("result", frame.id, std::move(body), std::move(blobs));
}

asio::awaitable<void> Session::prove(std::shared_ptr<Session> self, protocol::Frame frame) {
    ++self->running;
    const std::shared_ptr<Generation> mine = self->generation;
    const bj::value* asked = context_of(frame);
    const bj::value nothing;
    Result<protocol::ProofContext> context =
        protocol::proof_context_from(asked == nullptr ? nothing : *asked, frame.blobs);
    frame.body.reset();  // it holds secrets
    Result<protocol::Proof> proof =
        Error(ErrorCode::unreachable, "the adapter is not configured or its settings are wrong");
    if (!context) {
        proof = Error(ErrorCode::unreachable, "the question: " + context.error().detail);
    } else {
        const auto adapter = mine->adapters.find(context->step.adapter);
        if (adapter != mine->adapters.end()) {
            proof = co_await proof_in_time(*adapter->second, std::move(*context));
        }
    }
    --self->running;
    if (!proof) {
        co_await self->fail(frame.id, proof.error());
        co_return;
    }
    protocol::Blobs blobs;
    auto body = std::make_shared<bj::object>();
    (*body)["proof"] = protocol::to_json(*proof, std::to_string(frame.id), blobs);
    co_await self->answer("proof", frame.id, std::move(body), std::move(blobs));
}

asio::awaitable<Result<protocol::CheckReport>> check_safely(Adapter& adapter,
                                                            domain::Duration within) {
    try {
        co_return co_await adapter.check(within);
    } catch (const std::exception& bug) {
        runtime::log(runtime::Level::error, "an adapter threw", {{"why", bug.what()}});
    }
    co_return Error(ErrorCode::no_answer, "the adapter failed");
}

// What cannot be looked at in time is not as expected: the answer is a report in any case.
asio::awaitable<protocol::CheckReport> check_in_time(Adapter& adapter, domain::Duration within) {
    using asio::experimental::awaitable_operators::operator||;
    const auto patience = std::chrono::milliseconds(within) + kLastWord;
    auto raced = co_await (check_safely(adapter, within) || wait_for(patience));
    if (raced.index() != 0)
        co_return protocol::CheckReport(false, "the adapter did not end in time");
    Result<protocol::CheckReport> report = std::move(std::get<0>(raced));
    if (!report) co_return protocol::CheckReport(false, report.error().detail);
    co_return std::move(*report);
}

asio::awaitable<void> Session::check(std::shared_ptr<Session> self, protocol::Frame frame) {
    ++self->running;
    const std::shared_ptr<Generation> mine = self->generation;
    const bj::object& asked = frame.body->get_object();
    const bj::value* name = asked.if_contains("adapter");
    const bj::value* limit = asked.if_contains("deadline_ms");
    domain::Duration within = kCheckAtMost;
    if (limit != nullptr && limit->is_int64())
        within =
            std::clamp(domain::Duration(limit->get_int64()), domain::Duration(1), kCheckAtMost);
    auto adapter = mine->adapters.end();
    if (name != nullptr && name->is_string())
        adapter = mine->adapters.find(std::string(name->get_string()));
    protocol::CheckReport report(false, "the adapter is not configured or its settings are wrong");
    if (adapter != mine->adapters.end()) {
        // A program that does not answer pings, or never said what it can do, has trouble.
        report.detail = adapter->second->trouble();
        if (report.detail.empty()) report = co_await check_in_time(*adapter->second, within);
    }
    --self->running;
    auto body = std::make_shared<bj::object>();
    (*body)["report"] = protocol::to_json(report);
    protocol::Blobs none;
    co_await self->answer("checked", frame.id, std::move(body), std::move(none));
}

asio::awaitable<bool> Session::take(protocol::Frame frame) {
    const std::string op = frame.op;
    const std::uint64_t id = frame.id;
    if (op == "hello") {
        co_await hello(std::move(frame));
    } else if (op == "configure") {
        co_await configure(std::move(frame));
    } else if (op == "mailbox_open") {
        mailboxes.open(frame);
    } else if (op == "mail_taken") {
        mailboxes.taken(frame);
    } else if ((op == "advance" || op == "prove" || op == "check") && running >= kMostSteps) {
        co_await fail(id, Error(ErrorCode::unreachable, "too many steps at once"));
    } else if (op == "advance") {
        runtime::spawn(executor, "step", advance(shared_from_this(), std::move(frame)));
    } else if (op == "check") {
        runtime::spawn(executor, "check", check(shared_from_this(), std::move(frame)));
    } else if (op == "prove") {
        runtime::spawn(executor, "proof", prove(shared_from_this(), std::move(frame)));
    } else if (op == "ping") {
        co_await pong(std::move(frame));
    } else {
        auto body = std::make_shared<bj::object>();
        protocol::Blobs none;
        std::string reply = "unsupported";
        co_await answer(std::move(reply), id, std::move(body), std::move(none));
    }
    co_return true;
}

}  // namespace

asio::awaitable<void> serve(asio::local::stream_protocol::socket socket, HostOptions options) {
    const auto silence = options.silence;
    const auto session = std::make_shared<Session>(std::move(socket), std::move(options));
    while (true) {
        Result<protocol::Frame> frame = co_await session->channel.read(silence);
        if (!frame) {
            runtime::log(runtime::Level::info, "the core has hung up",
                         {{"why", frame.error().detail}});
            break;
        }
        co_await session->take(std::move(*frame));
    }
    session->channel.close();
}

}  // namespace cabroker::adapters::host
