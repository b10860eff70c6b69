#include "adapters/host/in_time.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <chrono>
#include <utility>

#include "runtime/log.hpp"
#include "runtime/sleep.hpp"

namespace cabroker::adapters::host {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

/// A step may answer this much after its deadline before it is cancelled.
constexpr auto kLastWord = std::chrono::milliseconds(1'000);

template <class Answer, class Question>
using Call = asio::awaitable<Result<Answer>> (Adapter::*)(Question);

// An adapter's bug must cost one step, not the link; operator|| would swallow it until the
// deadline.
template <class Answer, class Question>
asio::awaitable<Result<Answer>> safely(Adapter& adapter, Call<Answer, Question> call,
                                       Question question) {
    try {
        co_return co_await (adapter.*call)(std::move(question));
    } catch (const std::exception& bug) {
        runtime::log(runtime::Level::error, "an adapter threw", {{"why", bug.what()}});
    }
    co_return Error(ErrorCode::no_answer, "the adapter failed");
}

template <class Answer, class Question>
asio::awaitable<Result<Answer>> within_patience(Adapter& adapter, Call<Answer, Question> call,
                                                Question question,
                                                std::chrono::milliseconds patience) {
    using asio::experimental::awaitable_operators::operator||;
    auto raced =
        co_await (safely(adapter, call, std::move(question)) || runtime::sleep_for(patience));
    if (raced.index() == 0) co_return std::move(std::get<0>(raced));
    co_return Error(ErrorCode::no_answer, "the adapter did not end in time");
}

}  // namespace

asio::awaitable<Result<protocol::StepResult>> step_in_time(Adapter& adapter,
                                                           protocol::StepContext context) {
    auto patience = std::chrono::milliseconds(context.deadline) + kLastWord;
    if (context.leave) {
        // Not one octet of an effect may leave after its time.
        if (context.leave->act_for <= domain::Duration::zero()) {
            co_return Error(ErrorCode::unreachable, "the leave to act came too late");
        }
        patience = std::min(patience, std::chrono::milliseconds(context.leave->act_for));
    }
    co_return co_await within_patience(adapter, &Adapter::advance, std::move(context), patience);
}

asio::awaitable<Result<protocol::Proof>> proof_in_time(Adapter& adapter,
                                                       protocol::ProofContext context) {
    const auto patience = context.step.deadline + kLastWord;
    co_return co_await within_patience(adapter, &Adapter::prove, std::move(context), patience);
}

asio::awaitable<protocol::CheckReport> check_in_time(Adapter& adapter, domain::Duration within) {
    const auto patience = std::chrono::milliseconds(within) + kLastWord;
    Result<protocol::CheckReport> report =
        co_await within_patience(adapter, &Adapter::check, within, patience);
    if (!report) co_return protocol::CheckReport(false, report.error().detail);
    co_return std::move(*report);
}

}  // namespace cabroker::adapters::host
