#include "adapters/program/runner.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include "adapters/program/said.hpp"
#include "adapters/protocol/codec.hpp"
#include "domain/secret.hpp"
#include "runtime/log.hpp"
#include "runtime/random.hpp"
#include "runtime/sleep.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::adapters::program {

namespace asio = boost::asio;
namespace bj = boost::json;
using domain::Error;
using domain::ErrorCode;
using domain::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr auto kGreeting = milliseconds(10'000);
constexpr auto kFirstPause = milliseconds(500);
constexpr auto kLongestPause = milliseconds(60'000);
/// One that ran this long did not fail at once: the pauses begin anew.
constexpr auto kRanWell = std::chrono::minutes(1);
constexpr domain::Duration kLongestStep = std::chrono::hours(1);
constexpr domain::Duration kLongestSettle = std::chrono::hours(24 * 7);

// Full jitter, so that several programs that fail together do not come back together.
milliseconds with_jitter(milliseconds most) {
    runtime::SystemRandom random;
    return most / 2 + milliseconds(static_cast<std::int64_t>(
                          random.fraction() * static_cast<double>(most.count()) / 2));
}

}  // namespace

struct Runner::Question {
    Question(const asio::any_io_executor& loop, std::string op)
        : timer(loop), answer_op(std::move(op)) {}
    asio::steady_timer timer;
    std::string answer_op;
    std::optional<protocol::Frame> answer;
    bool lost = false;
};

Runner::Runner(std::string name, config::ProgramSettings settings, asio::any_io_executor loop,
               std::function<void()> changed)
    : name_(std::move(name)),
      settings_(std::move(settings)),
      loop_(std::move(loop)),
      changed_(std::move(changed)),
      trouble_("the program is being started"),
      pause_(loop_),
      freed_(loop_) {}

void Runner::start() { runtime::spawn(loop_, "adapter program", run(shared_from_this())); }

void Runner::stop() {
    stopping_ = true;
    changed_ = [] {};
    fell("the adapter is not used any more");
    pause_.cancel();
}

milliseconds Runner::back_in() const {
    const auto left = std::chrono::duration_cast<milliseconds>(again_at_ - steady_clock::now());
    return std::clamp(left, kFirstPause, kLongestPause);
}

void Runner::fell(const std::string& why) {
    if (process_) process_->kill();
    if (!channel_) return;
    channel_->close();
    channel_.reset();
    trouble_ = why;
    for (const auto& [id, question] : pending_) {
        question->lost = true;
        question->timer.cancel();
    }
    pending_.clear();
    pause_.cancel();
    changed_();
}

void Runner::give_up(const std::string& why) {
    if (!channel_) return;
    runtime::log(runtime::Level::warning, "an adapter program is ended",
                 {{"adapter", name_}, {"why", why}});
    fell(why);
}

Runner::Turn::~Turn() {
    if (!runner_) return;
    if (runner_->asked_) runner_->give_up("it did not answer in time");
    runner_->asked_ = false;
    runner_->busy_ = false;
    runner_->freed_.cancel();
}

asio::awaitable<Runner::Turn> Runner::turn(std::shared_ptr<Runner> self, SteadyTime until) {
    while (self->busy_ && steady_clock::now() < until) {
        // Many may wait on this one timer; each looks again when it moves.
        self->freed_.expires_at(until);
        co_await runtime::sleep_on(self->freed_);
    }
    if (self->busy_) co_return Turn();
    self->busy_ = true;
    Turn taken(self);
    co_return taken;
}

asio::awaitable<Result<protocol::Frame>> Runner::ask(std::shared_ptr<Runner> self, std::string op,
                                                     std::string answer_op,
                                                     std::shared_ptr<bj::object> body,
                                                     std::uint64_t id, protocol::Blobs blobs,
                                                     SteadyTime until) {
    const std::shared_ptr<protocol::Channel> channel = self->channel_;
    if (!channel) co_return Error(ErrorCode::not_sent, self->trouble_);
    const bool step = op != "ping" && op != "hello";
    const auto question = std::make_shared<Question>(self->loop_, std::move(answer_op));
    self->pending_.emplace(id, question);
    if (step) self->asked_ = true;
    const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now());
    const Result<void> written =
        co_await channel->write(std::move(op), id, std::move(body), std::move(blobs), left);
    if (!written) {
        self->pending_.erase(id);
        if (step) self->asked_ = false;
        if (written.error().code == ErrorCode::limit_exceeded) {
            co_return Error(ErrorCode::not_sent, written.error().detail);
        }
        self->give_up("it does not read: " + written.error().detail);
        co_return written.error();
    }
    question->timer.expires_at(until);
    if (!question->answer && !question->lost) co_await runtime::sleep_on(question->timer);
    if (question->answer || question->lost) {
        if (step) self->asked_ = false;
    }
    if (question->answer) co_return std::move(*question->answer);
    self->pending_.erase(id);
    if (question->lost) co_return Error(ErrorCode::no_answer, self->trouble_);
    self->give_up("it did not answer in time");
    if (step) self->asked_ = false;
    co_return Error(ErrorCode::no_answer, "the program did not answer in time");
}

std::string Runner::deliver(protocol::Frame frame) {
    const auto found = pending_.find(frame.id);
    if (found == pending_.end()) return "it answered what was not asked";
    const std::shared_ptr<Question> question = found->second;
    const bool fits =
        frame.op == question->answer_op ||
        (frame.op == "error" && question->answer_op != "pong" && question->answer_op != "hello");
    if (!fits)
        return "it answered `" + frame.op.substr(0, 32) + "` instead of `" + question->answer_op +
               "`";
    question->answer = std::move(frame);
    question->timer.cancel();
    pending_.erase(found);
    return {};
}

asio::awaitable<void> Runner::read_all(std::shared_ptr<Runner> self,
                                       std::shared_ptr<protocol::Channel> channel) {
    std::string why;
    while (why.empty() && !channel->closed()) {
        Result<protocol::Frame> frame = co_await channel->read(self->settings_.silence);
        if (!frame) {
            why = frame.error().code == ErrorCode::unreachable
                      ? "the program ended or fell silent"
                      : "it broke the protocol: " + frame.error().detail;
        } else {
            why = self->deliver(std::move(*frame));
        }
    }
    if (self->channel_ == channel) self->give_up(why);
}

asio::awaitable<void> Runner::listen(std::shared_ptr<Runner> self,
                                     std::shared_ptr<Process> process) {
    Said said(steady_clock::now());
    std::array<char, 4096> buffer{};
    while (true) {
        boost::system::error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        const auto room = asio::buffer(buffer);
        const std::size_t got = co_await process->errors.async_read_some(room, token);
        if (error) break;
        const std::string_view octets(buffer.data(), got);
        for (std::string& line : said.take(octets, self->secrets_, steady_clock::now())) {
            runtime::log(runtime::Level::info, "an adapter program says",
                         {{"adapter", self->name_}, {"line", std::move(line)}});
        }
    }
    explicit_bzero(buffer.data(), buffer.size());
}

std::string Runner::take_capabilities(const bj::object& object) {
    const bj::value* version = object.if_contains("protocol");
    if (version == nullptr || !version->is_int64() ||
        version->get_int64() != protocol::kProtocolVersion) {
        return "it speaks another version of the protocol";
    }
    const bj::value* told = object.if_contains("capabilities");
    if (told == nullptr || !told->is_object()) return "it does not tell its capabilities";
    bj::object shaped = told->get_object();
    // These two are not the program's to choose.
    shaped["type"] = "program";
    shaped["channel"] = "program";
    const bj::value value(std::move(shaped));
    Result<protocol::Capabilities> read = protocol::capabilities_from(value);
    if (!read) return "its capabilities: " + read.error().detail;
    if (read->kinds.empty()) return "its capabilities name no kind of request";
    if (const auto* brands = value.get_object().if_contains("brands");
        read->brands.empty() && brands != nullptr && brands->is_array() &&
        !brands->get_array().empty()) {
        return "its capabilities name no brand that there is";
    }
    if (settings_.settle) read->settle = *settings_.settle;
    read->settle = std::clamp(read->settle, domain::Duration::zero(), kLongestSettle);
    if (read->step_deadline) {
        read->step_deadline =
            std::clamp<domain::Duration>(*read->step_deadline, milliseconds(100), kLongestStep);
    }
    capabilities_ = std::move(*read);
    return {};
}

asio::awaitable<bool> Runner::greet(std::shared_ptr<Runner> self) {
    auto body = std::make_shared<bj::object>();
    bj::array versions;
    versions.push_back(protocol::kProtocolVersion);
    (*body)["protocols"] = std::move(versions);
    (*body)["build"] = "cabroker-adapters";
    protocol::Blobs none;
    const auto until =
        steady_clock::now() + std::min<milliseconds>(kGreeting, self->settings_.silence);
    const Result<protocol::Frame> answer = co_await ask(self, "hello", "hello", std::move(body),
                                                        self->next_id(), std::move(none), until);
    if (!answer) co_return false;
    const std::string wrong = self->take_capabilities(answer->body->get_object());
    if (!wrong.empty()) self->give_up(wrong);
    co_return wrong.empty() && self->channel_ != nullptr;
}

asio::awaitable<void> Runner::keep_pinging(std::shared_ptr<Runner> self,
                                           std::shared_ptr<protocol::Channel> channel) {
    asio::steady_timer timer(self->loop_);
    while (!channel->closed()) {
        timer.expires_after(self->settings_.silence / 3);
        co_await runtime::sleep_on(timer);
        if (self->channel_ != channel) break;
        auto body = std::make_shared<bj::object>();
        protocol::Blobs none;
        const auto until = steady_clock::now() + self->settings_.silence;
        const Result<protocol::Frame> answer = co_await ask(
            self, "ping", "pong", std::move(body), self->next_id(), std::move(none), until);
        if (!answer) break;
    }
}

asio::awaitable<void> Runner::live(std::shared_ptr<Runner> self, std::shared_ptr<Process> process) {
    auto channel =
        std::make_shared<protocol::Channel>(std::move(process->output), std::move(process->input));
    self->process_ = process;
    self->channel_ = channel;
    runtime::spawn(self->loop_, "adapter program's stderr", listen(self, process));
    runtime::spawn(self->loop_, "adapter program's answers", read_all(self, channel));
    const bool greeted = co_await greet(self);
    if (greeted) {
        self->trouble_.clear();
        runtime::log(runtime::Level::info, "an adapter program serves", {{"adapter", self->name_}});
        self->changed_();
        runtime::spawn(self->loop_, "adapter program's pings", keep_pinging(self, channel));
        while (self->channel_ == channel) {
            self->pause_.expires_after(std::chrono::hours(1));
            co_await runtime::sleep_on(self->pause_);
        }
    }
    const std::string how = co_await Process::end(process);
    runtime::log(self->stopping_ ? runtime::Level::info : runtime::Level::warning,
                 "an adapter program ended",
                 {{"adapter", self->name_}, {"how", how}, {"why", self->trouble_}});
    if (!self->stopping_) self->trouble_ += " (" + how + ")";
    self->process_.reset();
}

asio::awaitable<void> Runner::run(std::shared_ptr<Runner> self) {
    milliseconds pause = kFirstPause;
    while (!self->stopping_) {
        const auto began = steady_clock::now();
        Result<std::unique_ptr<Process>> process = Process::start(self->settings_, self->loop_);
        if (process) {
            std::shared_ptr<Process> running(std::move(*process));
            co_await live(self, std::move(running));
        } else {
            self->trouble_ = process.error().detail;
        }
        if (self->stopping_) break;
        if (steady_clock::now() - began > kRanWell) pause = kFirstPause;
        const milliseconds wait = with_jitter(pause);
        self->again_at_ = steady_clock::now() + wait;
        self->changed_();
        while (!self->stopping_ && steady_clock::now() < self->again_at_) {
            self->pause_.expires_at(self->again_at_);
            co_await runtime::sleep_on(self->pause_);
        }
        pause = std::min(pause * 2, kLongestPause);
    }
}

}  // namespace cabroker::adapters::program
