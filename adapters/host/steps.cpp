#include "adapters/host/steps.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <utility>

#include "adapters/host/in_time.hpp"
#include "adapters/protocol/codec.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::adapters::host {

namespace asio = boost::asio;
namespace bj = boost::json;
using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

constexpr std::size_t kMostSteps = 64;
constexpr domain::Duration kCheckAtMost = std::chrono::minutes(2);

// Null when there is none, which no context can be read from.
const bj::value& context_of(const protocol::Frame& frame) {
    static const bj::value nothing;
    const bj::value* asked = frame.body->get_object().if_contains("context");
    return asked == nullptr ? nothing : *asked;
}

// How long the frame was on its way: the host may have been stopped with the frame in its socket.
domain::Duration age_of(const protocol::Frame& frame) {
    const bj::value* told = frame.body->get_object().if_contains("told_at_ms");
    if (told == nullptr || !told->is_int64()) return domain::Duration::zero();
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
    return std::max(domain::Duration::zero(), domain::Duration(now.count() - told->get_int64()));
}

// The answer to a step that cannot even be given to an adapter: it says nothing of the supplier.
protocol::StepResult cannot_be_given(std::string why) {
    protocol::StepResult result;
    result.answer = protocol::Misconfigured{std::move(why)};
    return result;
}

}  // namespace

bool Steps::asks(std::string_view op) { return op == "advance" || op == "prove" || op == "check"; }

asio::awaitable<void> Steps::take(protocol::Frame frame, std::shared_ptr<void> keep) {
    if (running_ >= kMostSteps) {
        Error busy(ErrorCode::unreachable, "too many steps at once");
        co_await answers_.fail(frame.id, std::move(busy));
    } else if (frame.op == "advance") {
        runtime::spawn(loop_, "step", advance(std::move(frame), std::move(keep)));
    } else if (frame.op == "check") {
        runtime::spawn(loop_, "check", check(std::move(frame), std::move(keep)));
    } else {
        runtime::spawn(loop_, "proof", prove(std::move(frame), std::move(keep)));
    }
}

asio::awaitable<void> Steps::advance(protocol::Frame frame,
                                     [[maybe_unused]] std::shared_ptr<void> keep) {
    ++running_;
    const std::shared_ptr<Generation> mine = adapters_.current();
    Result<protocol::StepContext> context =
        protocol::step_context_from(context_of(frame), frame.blobs);
    const domain::Duration age = age_of(frame);
    frame.body.reset();  // it holds secrets
    Result<protocol::StepResult> result =
        Error(ErrorCode::unreachable, "the step could not be read");
    if (context && context->leave) context->leave->act_for -= age;
    if (!context) {
        result = cannot_be_given("the step: " + context.error().detail);
    } else {
        const auto adapter = mine->adapters.find(context->adapter);
        if (adapter == mine->adapters.end()) {
            result = cannot_be_given("the adapter " + context->adapter +
                                     " is not configured or its settings are wrong");
        } else {
            result = co_await step_in_time(*adapter->second, std::move(*context));
        }
    }
    --running_;
    if (!result) {
        co_await answers_.fail(frame.id, result.error());
        co_return;
    }
    protocol::Blobs blobs;
    auto body = std::make_shared<bj::object>();
    (*body)["result"] = protocol::to_json(*result, std::to_string(frame.id), blobs);
    co_await answers_.give("result", frame.id, std::move(body), std::move(blobs));
}

asio::awaitable<void> Steps::prove(protocol::Frame frame,
                                   [[maybe_unused]] std::shared_ptr<void> keep) {
    ++running_;
    const std::shared_ptr<Generation> mine = adapters_.current();
    Result<protocol::ProofContext> context =
        protocol::proof_context_from(context_of(frame), frame.blobs);
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
    --running_;
    if (!proof) {
        co_await answers_.fail(frame.id, proof.error());
        co_return;
    }
    protocol::Blobs blobs;
    auto body = std::make_shared<bj::object>();
    (*body)["proof"] = protocol::to_json(*proof, std::to_string(frame.id), blobs);
    co_await answers_.give("proof", frame.id, std::move(body), std::move(blobs));
}

asio::awaitable<void> Steps::check(protocol::Frame frame,
                                   [[maybe_unused]] std::shared_ptr<void> keep) {
    ++running_;
    const std::shared_ptr<Generation> mine = adapters_.current();
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
    --running_;
    auto body = std::make_shared<bj::object>();
    (*body)["report"] = protocol::to_json(report);
    protocol::Blobs none;
    co_await answers_.give("checked", frame.id, std::move(body), std::move(none));
}

}  // namespace cabroker::adapters::host
