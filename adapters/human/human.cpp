#include "adapters/human/human.hpp"

#include "adapters/human/steps.hpp"

namespace cabroker::adapters::human {

namespace asio = boost::asio;
using domain::Kind;
using protocol::StepContext;
using protocol::StepResult;

namespace {

constexpr const char* kNeed = "channel_confirmation";

StepResult ask(const StepContext& context, Kind kind) {
    const std::vector<std::string> steps = steps_for(context.order, context.params);
    domain::Need need;
    need.name = kNeed;
    need.hint = "do this by hand, then say in one sentence what you did and saw:";
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const std::string number = std::to_string(i + 1);
        need.hint += "\n" + number + ". " + steps[i];
        need.details.emplace("step_" + number, steps[i]);
    }
    need.details.emplace("kind", std::string(domain::name_of(kind)));
    protocol::NeedInput needs;
    needs.needs.push_back(std::move(need));
    StepResult result;
    result.answer = std::move(needs);
    result.step = kNeed;
    return result;
}

StepResult done(const StepContext& context, Kind kind, std::string_view words) {
    protocol::Done answer;
    answer.code = kind == Kind::cancel ? "canceled" : "transferred";
    answer.detail = "an operator did it by hand and confirmed it";
    if (const auto* transfer = std::get_if<domain::TransferParams>(&context.params)) {
        answer.account = transfer->target_account;
    }
    protocol::EvidenceBlob proof;
    proof.type = domain::EvidenceType::operator_;
    proof.name = "confirmation.txt";
    proof.content_type = "text/plain";
    proof.octets = std::string(words);
    StepResult result;
    result.answer = std::move(answer);
    result.step = "done";
    result.evidence.push_back(std::move(proof));
    return result;
}

StepResult unsupported() {
    protocol::Unsupported answer;
    answer.hint = "people are asked to cancel or to transfer orders only";
    StepResult result;
    result.answer = std::move(answer);
    result.step = "unsupported";
    return result;
}

class Human final : public Adapter {
  public:
    explicit Human(std::string name) : name_(std::move(name)) {}

    [[nodiscard]] protocol::Capabilities capabilities() const override {
        protocol::Capabilities ours;
        ours.type = "human";
        ours.channel = domain::Channel::human;
        ours.kinds.push_back(Kind::cancel);
        ours.kinds.push_back(Kind::transfer);
        return ours;
    }

    [[nodiscard]] asio::awaitable<domain::Result<StepResult>> advance(
        StepContext context) override {
        const Kind kind = domain::kind_of(context.params);
        if (kind != Kind::cancel && kind != Kind::transfer) co_return unsupported();
        for (const protocol::Input& input : context.inputs) {
            if (input.name == kNeed && !input.value.empty()) {
                co_return done(context, kind, input.value.reveal());
            }
        }
        co_return ask(context, kind);
    }

    [[nodiscard]] asio::awaitable<domain::Result<protocol::Proof>> prove(
        protocol::ProofContext context) override {
        // There are no effects of ours to prove: a person acts.
        protocol::Proof proof;
        proof.detail = "only the person who acted can tell";
        proof.cookie = std::move(context.step.cookie);
        co_return proof;
    }

  private:
    std::string name_;
};

}  // namespace

std::unique_ptr<Adapter> make_human(std::string name, config::HumanSettings) {
    return std::make_unique<Human>(std::move(name));
}

}  // namespace cabroker::adapters::human
