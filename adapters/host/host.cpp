#include "adapters/host/host.hpp"

#include <boost/json.hpp>
#include <utility>

#include "adapters/host/answers.hpp"
#include "adapters/host/configured_adapters.hpp"
#include "adapters/host/mailboxes.hpp"
#include "adapters/host/steps.hpp"
#include "adapters/host/traces.hpp"
#include "adapters/protocol/channel.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::adapters::host {

namespace asio = boost::asio;
namespace bj = boost::json;
using domain::Result;

namespace {

// One core link: what arrives is dealt out to the parts that deal with it.
struct Session : std::enable_shared_from_this<Session> {
    Session(asio::local::stream_protocol::socket socket, HostOptions given)
        : build(std::move(given.build)),
          executor(socket.get_executor()),
          channel(std::move(socket)),
          answers(channel),
          mailboxes(
              [this](std::string op, std::uint64_t id, std::shared_ptr<bj::object> body,
                     protocol::Blobs blobs) {
                  runtime::spawn(executor, "mail frame",
                                 tell(shared_from_this(), std::move(op), id, std::move(body),
                                      std::move(blobs)));
              },
              clock, executor),
          traces(channel, executor),
          adapters(std::move(given.make_adapter), clock, executor,
                   // Steps hold on to the session.
                   [this](std::string exchange) {
                       traces.take(std::move(exchange), shared_from_this());
                   }),
          steps(adapters, answers, executor) {}

    std::string build;
    asio::any_io_executor executor;
    protocol::Channel channel;
    runtime::SystemClock clock;
    Answers answers;
    Mailboxes mailboxes;
    Traces traces;
    ConfiguredAdapters adapters;
    Steps steps;

    static asio::awaitable<void> tell(std::shared_ptr<Session> self, std::string op,
                                      std::uint64_t id, std::shared_ptr<bj::object> body,
                                      protocol::Blobs blobs);
    asio::awaitable<void> hello(protocol::Frame frame);
    asio::awaitable<void> configure(protocol::Frame frame);
    asio::awaitable<void> pong(protocol::Frame frame);
    asio::awaitable<void> take(protocol::Frame frame);
};

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
    (*body)["build"] = build;
    if (spoken) {
        (*body)["protocol"] = protocol::kProtocolVersion;
    } else {
        (*body)["protocol"] = nullptr;
    }
    protocol::Blobs none;
    co_await answers.give("hello", frame.id, std::move(body), std::move(none));
}

asio::awaitable<void> Session::configure(protocol::Frame frame) {
    auto code_rules = adapters.configure(frame.body->get_object());
    mailboxes.configure(std::move(code_rules));
    frame.body.reset();  // it holds secrets
    co_await adapters.start();
    auto body = std::make_shared<bj::object>();
    adapters.tell(*body);
    protocol::Blobs none;
    co_await answers.give("configured", frame.id, std::move(body), std::move(none));
}

asio::awaitable<void> Session::pong(protocol::Frame frame) {
    auto body = std::make_shared<bj::object>();
    if (adapters.told_is_old()) adapters.tell(*body);
    protocol::Blobs none;
    co_await answers.give("pong", frame.id, std::move(body), std::move(none));
}

asio::awaitable<void> Session::take(protocol::Frame frame) {
    if (frame.op == "hello") {
        co_await hello(std::move(frame));
    } else if (frame.op == "configure") {
        co_await configure(std::move(frame));
    } else if (frame.op == "mailbox_open") {
        mailboxes.open(frame);
    } else if (frame.op == "mail_taken") {
        mailboxes.taken(frame);
    } else if (Steps::asks(frame.op)) {
        co_await steps.take(std::move(frame), shared_from_this());
    } else if (frame.op == "ping") {
        co_await pong(std::move(frame));
    } else {
        auto body = std::make_shared<bj::object>();
        protocol::Blobs none;
        co_await answers.give("unsupported", frame.id, std::move(body), std::move(none));
    }
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
