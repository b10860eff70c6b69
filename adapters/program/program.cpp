#include "adapters/program/program.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "adapters/program/runner.hpp"
#include "adapters/program/said.hpp"
#include "adapters/protocol/codec.hpp"
#include "adapters/protocol/json_text.hpp"
#include "runtime/log.hpp"

namespace cabroker::adapters::program {

namespace asio = boost::asio;
namespace bj = boost::json;
using domain::Error;
using domain::ErrorCode;
using domain::Result;
using protocol::Proof;
using protocol::StepContext;
using protocol::StepResult;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// A step may answer this much after its deadline.
constexpr auto kLastWord = milliseconds(800);
/// Ending a program takes a moment: with leave it begins this much earlier.
constexpr auto kTimeToEnd = milliseconds(250);

struct Question {
    std::string op;
    std::string answer_op;
};

template <class Value>
bool holds(const std::vector<Value>& list, Value value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

std::vector<std::string> secrets_of(const StepContext& context) {
    std::vector<std::string> secrets;
    for (const protocol::Input& input : context.inputs) secrets.emplace_back(input.value.reveal());
    secrets.emplace_back(context.cookie.reveal());
    if (context.session) secrets.emplace_back(context.session->jar.reveal());
    return secrets;
}

// What people will see must not hold what they must not see, whatever the program wrote.
void redact_texts(bj::value& value, const std::vector<std::string>& secrets) {
    if (auto* object = value.if_object()) {
        for (auto& member : *object) {
            const bool opaque = member.key() == "secret" || member.key() == "base64";
            if (!opaque) redact_texts(member.value(), secrets);
        }
    } else if (auto* array = value.if_array()) {
        for (bj::value& element : *array) redact_texts(element, secrets);
    } else if (auto* text = value.if_string()) {
        std::string changed(text->data(), text->size());
        redact(changed, secrets);
        *text = changed;
    }
}

milliseconds patience_for(const StepContext& context) {
    milliseconds patience = context.deadline + kLastWord;
    if (context.leave) {
        const milliseconds act = context.leave->act_for;
        patience = std::min(patience, act - std::min(kTimeToEnd, act / 10));
    }
    return patience;
}

StepResult cannot(const std::string& name, const StepContext& context) {
    protocol::Unsupported answer;
    answer.hint = "the program of adapter " + name + " does not do " +
                  std::string(domain::name_of(domain::kind_of(context.params))) + " for " +
                  std::string(domain::name_of(context.order.brand));
    StepResult result;
    result.answer = std::move(answer);
    result.step = "unsupported";
    return result;
}

class Program final : public Adapter {
  public:
    Program(std::string name, config::ProgramSettings settings)
        : name_(std::move(name)), settings_(std::move(settings)) {}
    ~Program() override {
        if (runner_) runner_->stop();
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void start(asio::any_io_executor loop, std::function<void()> changed) override {
        runner_ = std::make_shared<Runner>(name_, settings_, std::move(loop), std::move(changed));
        runner_->start();
    }

    [[nodiscard]] protocol::Capabilities capabilities() const override {
        if (runner_ && runner_->capabilities()) return *runner_->capabilities();
        protocol::Capabilities none;
        none.type = "program";
        none.channel = domain::Channel::program;
        return none;
    }

    [[nodiscard]] std::string trouble() const override {
        if (!away()) return {};
        return "its program is not running: " + why_away() +
               "; it is started again by itself; see what it wrote in the log of "
               "cabroker-adapters, and adapters." +
               name_ + ".command";
    }

    [[nodiscard]] asio::awaitable<Result<StepResult>> advance(StepContext context) override {
        if (!serves(context)) co_return cannot(name_, context);
        if (away()) {
            protocol::Unreachable answer;
            answer.detail = "the program of adapter " + name_ + " does not run: " + why_away();
            if (runner_) answer.retry_after = runner_->back_in();
            StepResult result;
            result.answer = std::move(answer);
            co_return result;
        }
        const std::vector<std::string> secrets = secrets_of(context);
        const milliseconds patience = patience_for(context);
        const milliseconds act_for = context.leave ? context.leave->act_for : milliseconds::zero();
        Question question{"advance", "result"};
        std::uint64_t id = runner_->next_id();
        auto body = std::make_shared<bj::object>();
        protocol::Blobs blobs;
        (*body)["context"] = protocol::to_json(context, std::to_string(id), blobs);
        Result<protocol::Frame> answer = co_await exchange(
            std::move(question), id, std::move(body), std::move(blobs), secrets, patience, act_for);
        if (!answer) co_return answer.error();
        co_return read<StepResult>(*answer, "result", secrets, protocol::step_result_from);
    }

    [[nodiscard]] asio::awaitable<Result<Proof>> prove(protocol::ProofContext context) override {
        if (away())
            co_return Error(ErrorCode::unreachable, "the program does not run: " + why_away());
        const std::vector<std::string> secrets = secrets_of(context.step);
        const milliseconds patience = context.step.deadline + kLastWord;
        Question question{"prove", "proof"};
        std::uint64_t id = runner_->next_id();
        auto body = std::make_shared<bj::object>();
        protocol::Blobs blobs;
        (*body)["context"] = protocol::to_json(context, std::to_string(id), blobs);
        Result<protocol::Frame> answer =
            co_await exchange(std::move(question), id, std::move(body), std::move(blobs), secrets,
                              patience, milliseconds::zero());
        if (!answer) co_return answer.error();
        co_return read<Proof>(*answer, "proof", secrets, protocol::proof_from);
    }

  private:
    [[nodiscard]] bool away() const { return !runner_ || !runner_->trouble().empty(); }
    [[nodiscard]] std::string why_away() const {
        return runner_ ? runner_->trouble() : "it was not started";
    }

    [[nodiscard]] bool serves(const StepContext& context) const {
        if (!runner_ || !runner_->capabilities()) return true;
        const protocol::Capabilities& said = *runner_->capabilities();
        return holds(said.kinds, domain::kind_of(context.params)) &&
               (said.brands.empty() || holds(said.brands, context.order.brand));
    }

    // Waits for the turn, asks, and reads an `error` as what it means.
    asio::awaitable<Result<protocol::Frame>> exchange(Question question, std::uint64_t id,
                                                      std::shared_ptr<bj::object> body,
                                                      protocol::Blobs blobs,
                                                      std::vector<std::string> secrets,
                                                      milliseconds patience, milliseconds act_for) {
        const std::shared_ptr<Runner> runner = runner_;
        const auto began = steady_clock::now();
        const auto until = began + patience;
        const Runner::Turn turn = co_await Runner::turn(runner, until);
        if (!turn) co_return Error(ErrorCode::unreachable, "the program is busy with other steps");
        const auto now = steady_clock::now();
        if (bj::object* context = (*body)["context"].if_object(); act_for > milliseconds::zero()) {
            const auto waited = std::chrono::duration_cast<milliseconds>(now - began);
            (*context)["leave"].as_object()["act_for_ms"] = (act_for - waited).count();
        }
        (*body)["told_at_ms"] =
            std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
        runner->hide(std::move(secrets));
        Result<protocol::Frame> answer = co_await Runner::ask(
            runner, question.op, question.answer_op, std::move(body), id, std::move(blobs), until);
        if (!answer) {
            const bool nothing_left = answer.error().code == ErrorCode::not_sent;
            co_return Error(nothing_left ? ErrorCode::unreachable : ErrorCode::no_answer,
                            answer.error().detail);
        }
        if (answer->op != "error") co_return answer;
        const bj::object& told = answer->body->get_object();
        const bj::value* code = told.if_contains("code");
        const bool unreachable =
            code != nullptr && code->is_string() && code->get_string() == "unreachable";
        co_return Error(unreachable ? ErrorCode::unreachable : ErrorCode::no_answer,
                        "the program of adapter " + name_ + " could not do the step");
    }

    template <class Answer, class Read>
    Result<Answer> read(protocol::Frame& frame, const char* member,
                        const std::vector<std::string>& secrets, Read from) {
        const bj::value* told = frame.body->get_object().if_contains(member);
        bj::value copy = told == nullptr ? bj::value() : *told;
        redact_texts(copy, secrets);
        Result<Answer> answer = from(copy, frame.blobs);
        protocol::wipe_secrets(copy);
        if (!answer) {
            runner_->give_up("it broke the protocol: " + answer.error().detail);
            return Error(ErrorCode::no_answer, "the program's answer: " + answer.error().detail);
        }
        for (protocol::EvidenceBlob& blob : answer->evidence) redact(blob.octets, secrets);
        return answer;
    }

    std::string name_;
    config::ProgramSettings settings_;
    std::shared_ptr<Runner> runner_;
};

}  // namespace

std::unique_ptr<Adapter> make_program(std::string name, config::ProgramSettings settings) {
    return std::make_unique<Program>(std::move(name), std::move(settings));
}

}  // namespace cabroker::adapters::program
