#include "daemon/link/session.hpp"

#include <boost/json.hpp>
#include <utility>

#include "daemon/link/mail_frames.hpp"
#include "daemon/link/setup_frames.hpp"
#include "runtime/log.hpp"
#include "runtime/sleep.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::link {

namespace asio = boost::asio;
namespace bj = boost::json;
namespace protocol = adapters::protocol;
using domain::Result;
using runtime::Level;

Session::Session(const LinkOptions& options, asio::any_io_executor loop)
    : options_(options), loop_(std::move(loop)), closed_(loop_), questions_(loop_) {}

asio::awaitable<void> Session::serve(std::shared_ptr<protocol::Channel> link) {
    channel_ = link;
    trouble_ = "down";
    runtime::spawn(loop_, "link reader", read_all(link));
    const bool greeted = co_await greet();
    if (greeted && !link->closed()) {
        up_ = true;
        trouble_.clear();
        runtime::log(Level::info, "the adapters are connected",
                     {{"adapters", std::to_string(roster_.capabilities().size())}});
        runtime::spawn(loop_, "link pings", keep_alive(link));
        changed();
        while (!link->closed()) {
            closed_.expires_after(std::chrono::hours(1));
            co_await runtime::sleep_on(closed_);
        }
    }
    link->close();
    channel_.reset();
    questions_.lose_all();
    fell();
}

void Session::hang_up() {
    hung_up_ = true;
    if (channel_) channel_->close();
    closed_.cancel();
}

asio::awaitable<bool> Session::greet() {
    auto body = hello_question(options_.build);
    protocol::Blobs none;
    const Result<protocol::Frame> answer = co_await ask("hello", next_id(), std::move(body),
                                                        std::move(none), options_.connect_patience);
    if (!answer) {
        runtime::log(Level::warning, "the adapter host does not greet",
                     {{"why", answer.error().detail}});
        co_return false;
    }
    if (!speaks_our_version(*answer)) {
        trouble_ = "protocol_mismatch";
        runtime::log(Level::error, "the adapter host speaks another version of the protocol");
        co_return false;
    }
    co_return co_await send_configuration();
}

asio::awaitable<bool> Session::send_configuration() {
    const std::uint64_t sent = wanted_;
    auto body = configure_question(configuration_, static_cast<bool>(options_.trace));
    protocol::Blobs none;
    const Result<protocol::Frame> answer =
        co_await ask("configure", next_id(), std::move(body), std::move(none), options_.silence);
    if (!answer || answer->op != "configured") {
        std::string why = "another answer than `configured` came";
        if (!answer) why = answer.error().detail;
        runtime::log(Level::error, "the adapters did not take their settings", {{"why", why}});
        co_return false;
    }
    roster_.take(answer->body->get_object());
    // Somebody may have called configure() meanwhile.
    if (sent != wanted_) co_return co_await send_configuration();
    co_return true;
}

void Session::configure(Configuration configuration) {
    configuration_ = std::move(configuration);
    ++wanted_;
    if (up_) runtime::spawn(loop_, "link configure", reconfigure());
}

asio::awaitable<void> Session::reconfigure() {
    const std::shared_ptr<protocol::Channel> link = channel_;
    const bool sent = co_await send_configuration();
    if (!sent && link) link->close();
    changed();
}

asio::awaitable<void> Session::read_all(std::shared_ptr<protocol::Channel> link) {
    std::string why;
    while (!link->closed()) {
        Result<protocol::Frame> frame = co_await link->read(options_.silence);
        if (!frame) {
            why = frame.error().detail;
            break;
        }
        if (take_mail_frame(*frame, mail_) || take_trace_frame(*frame, options_.trace)) continue;
        if (!questions_.answered(std::move(*frame))) {
            why = "an answer to a question that was never asked";
            break;
        }
    }
    link->close();
    if (!hung_up_) runtime::log(Level::warning, "the link to the adapters is down", {{"why", why}});
    // A later link and its questions are not touched.
    if (channel_ != link) co_return;
    fell();
    questions_.lose_all();
    closed_.cancel();
}

asio::awaitable<void> Session::keep_alive(std::shared_ptr<protocol::Channel> link) {
    asio::steady_timer timer(loop_);
    while (!link->closed()) {
        timer.expires_after(options_.ping_every);
        co_await runtime::sleep_on(timer);
        if (link->closed()) break;
        auto body = std::make_shared<bj::object>();
        protocol::Blobs none;
        const Result<protocol::Frame> answer =
            co_await ask("ping", next_id(), std::move(body), std::move(none), options_.silence);
        if (!answer) {
            link->close();
        } else if (answer->body->get_object().contains("capabilities")) {
            roster_.take(answer->body->get_object());
            changed();
        }
    }
}

asio::awaitable<Result<protocol::Frame>> Session::ask(std::string op, std::uint64_t id,
                                                      std::shared_ptr<bj::object> body,
                                                      protocol::Blobs blobs,
                                                      std::chrono::milliseconds patience) {
    return questions_.ask(channel_, std::move(op), id, std::move(body), std::move(blobs), patience);
}

asio::awaitable<void> Session::tell(std::string op, std::shared_ptr<bj::object> body) {
    const std::shared_ptr<protocol::Channel> link = channel_;
    if (!link) co_return;
    protocol::Blobs none;
    const Result<void> written =
        co_await link->write(std::move(op), next_id(), std::move(body), std::move(none));
    if (written) co_return;
    runtime::log(Level::warning, "a word about mail was not told",
                 {{"why", written.error().detail}});
}

void Session::changed() {
    for (const auto& handler : handlers_) handler();
}

void Session::fell() {
    const bool was_up = up_;
    up_ = false;
    if (trouble_.empty()) trouble_ = "down";
    if (was_up) changed();
}

}  // namespace cabroker::link
