#include "daemon/link/questions.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <optional>
#include <utility>

#include "runtime/sleep.hpp"

namespace cabroker::link {

namespace asio = boost::asio;
namespace protocol = adapters::protocol;
using domain::Error;
using domain::ErrorCode;
using domain::Result;

struct Questions::Question {
    explicit Question(const asio::any_io_executor& loop) : timer(loop) {}
    asio::steady_timer timer;
    std::optional<protocol::Frame> answer;
    bool lost = false;
};

Error not_reached() { return Error(ErrorCode::not_sent, "the adapters cannot be reached"); }

Questions::Questions(asio::any_io_executor loop) : loop_(std::move(loop)) {}

Questions::~Questions() = default;

asio::awaitable<Result<protocol::Frame>> Questions::ask(std::shared_ptr<protocol::Channel> link,
                                                        std::string op, std::uint64_t id,
                                                        std::shared_ptr<boost::json::object> body,
                                                        protocol::Blobs blobs,
                                                        std::chrono::milliseconds patience) {
    if (!link || link->closed()) co_return not_reached();
    const auto question = std::make_shared<Question>(loop_);
    question->timer.expires_after(patience);
    waiting_.emplace(id, question);
    const Result<void> written =
        co_await link->write(std::move(op), id, std::move(body), std::move(blobs), patience);
    if (!written) {
        waiting_.erase(id);
        if (written.error().code == ErrorCode::no_answer) co_return written.error();
        co_return Error(ErrorCode::not_sent, written.error().detail);
    }
    if (!question->answer && !question->lost) co_await runtime::sleep_on(question->timer);
    waiting_.erase(id);
    if (question->answer) co_return std::move(*question->answer);
    if (question->lost)
        co_return Error(ErrorCode::no_answer, "the link was lost before the answer came");
    co_return Error(ErrorCode::no_answer, "no answer came in time");
}

bool Questions::answered(protocol::Frame answer) {
    const auto question = waiting_.find(answer.id);
    // A late answer to a question nobody waits for any more is no crime; a number never used is.
    if (question == waiting_.end()) return answer.id < next_id_;
    question->second->answer = std::move(answer);
    question->second->timer.cancel();
    return true;
}

void Questions::lose_all() {
    for (auto& [id, question] : waiting_) {
        question->lost = true;
        question->timer.cancel();
    }
}

}  // namespace cabroker::link
