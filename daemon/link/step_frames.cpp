#include "daemon/link/step_frames.hpp"

#include <boost/json.hpp>
#include <chrono>

#include "adapters/protocol/codec.hpp"

namespace cabroker::link {

namespace bj = boost::json;
namespace protocol = adapters::protocol;
using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

// CLOCK_MONOTONIC is one for all processes of a machine: with it the host knows how long a frame
// lay in its socket, and `act_for_ms` counts from here.
std::int64_t steady_milliseconds() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// What an `error` frame says of a step.
Error step_error(const bj::object& object) {
    const auto* code = object.if_contains("code");
    const auto* detail = object.if_contains("detail");
    const bool unreached =
        code != nullptr && code->is_string() && code->get_string() == "unreachable";
    std::string why = "the adapter gave no answer";
    if (detail != nullptr && detail->is_string()) why = std::string(detail->get_string());
    return Error(unreached ? ErrorCode::not_sent : ErrorCode::no_answer, why);
}

}  // namespace

std::shared_ptr<bj::object> advance_question(const protocol::StepContext& context, std::uint64_t id,
                                             protocol::Blobs& blobs) {
    auto body = std::make_shared<bj::object>();
    (*body)["context"] = protocol::to_json(context, std::to_string(id), blobs);
    (*body)["told_at_ms"] = steady_milliseconds();
    return body;
}

std::shared_ptr<bj::object> prove_question(const protocol::ProofContext& context, std::uint64_t id,
                                           protocol::Blobs& blobs) {
    auto body = std::make_shared<bj::object>();
    (*body)["context"] = protocol::to_json(context, std::to_string(id), blobs);
    return body;
}

std::shared_ptr<bj::object> check_question(const std::string& adapter, domain::Duration within) {
    auto body = std::make_shared<bj::object>();
    (*body)["adapter"] = adapter;
    (*body)["deadline_ms"] = within.count();
    return body;
}

Result<protocol::StepResult> step_answer(protocol::Frame& answer) {
    const bj::object& object = answer.body->get_object();
    if (answer.op == "result") {
        if (const auto* result = object.if_contains("result"))
            return protocol::step_result_from(*result, answer.blobs);
    }
    if (answer.op == "error") return step_error(object);
    return Error(ErrorCode::bad_answer, "the adapter answered " + answer.op);
}

Result<protocol::Proof> proof_answer(protocol::Frame& answer) {
    if (answer.op == "proof") {
        if (const auto* proof = answer.body->get_object().if_contains("proof"))
            return protocol::proof_from(*proof, answer.blobs);
    }
    return Error(ErrorCode::no_answer, "the adapter gave no proof");
}

Result<protocol::CheckReport> check_answer(const protocol::Frame& answer) {
    // An adapter host of an older build does not know the question.
    if (answer.op == "unsupported")
        return Error(ErrorCode::bad_answer, "the adapters cannot look at suppliers");
    if (answer.op == "checked") {
        if (const auto* report = answer.body->get_object().if_contains("report"))
            return protocol::check_report_from(*report);
    }
    return Error(ErrorCode::bad_answer, "the adapters answered " + answer.op);
}

}  // namespace cabroker::link
