#include "tests/adapters/guest_portal/fake_core.hpp"

namespace cabroker::adapters {

using protocol::StepResult;

namespace {

std::string text_of(const domain::Need& need) {
    std::string text = need.name + " " + need.hint;
    for (const auto& [name, value] : need.details) text += " " + name + "=" + value;
    return text + "\n";
}

template <class Shown>
std::string extras_of(const Shown& answer) {
    std::string text;
    for (const auto& note : answer.notes) {
        text += note.text;
        for (const auto& [name, value] : note.details) text += " " + name + "=" + value;
        text += '\n';
    }
    for (const auto& blob : answer.evidence) text += blob.name + "\n" + blob.octets + "\n";
    return text;
}

struct Describe {
    std::string& shown;

    std::string operator()(const protocol::Done& answer) const {
        shown += answer.detail;
        return "done " + answer.code;
    }
    std::string operator()(const protocol::Wait& answer) const {
        shown += answer.reason;
        return "wait";
    }
    std::string operator()(const protocol::NeedInput& answer) const {
        std::string names = "need";
        for (const auto& need : answer.needs) {
            shown += text_of(need);
            names += " " + need.name;
        }
        return names;
    }
    std::string operator()(const protocol::Rejected& answer) const {
        shown += answer.detail + answer.hint;
        return "rejected " + answer.code;
    }
    std::string operator()(const protocol::Unreachable& answer) const {
        shown += answer.detail;
        return "unreachable";
    }
    std::string operator()(const protocol::Misconfigured& answer) const {
        shown += answer.detail;
        return "misconfigured";
    }
    std::string operator()(const protocol::Unsupported& answer) const {
        shown += answer.hint;
        return "unsupported";
    }
    std::string operator()(const protocol::UnknownOutcome& answer) const {
        shown += answer.detail;
        return "unknown_outcome";
    }
    std::string operator()(const protocol::Intend& answer) const {
        shown += answer.effect.summary + answer.effect.seen_before;
        return "intend " + std::string(domain::name_of(answer.effect.effect_class));
    }
};

}  // namespace

std::string text_of(const protocol::Answer& answer) {
    std::string ignored;
    return std::visit(Describe{ignored}, answer);
}

const domain::Need* need_of(const StepResult& result, const std::string& name) {
    const auto* needs = std::get_if<protocol::NeedInput>(&result.answer);
    if (needs == nullptr) return nullptr;
    for (const domain::Need& need : needs->needs) {
        if (need.name == name) return &need;
    }
    return nullptr;
}

FakeCore::FakeCore(Adapter& adapter, boost::asio::io_context& loop, domain::Order order,
                   domain::Params what)
    : params(std::move(what)),
      adapter_(&adapter),
      loop_(loop),
      order_(std::move(order)),
      request_(now, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) {}

void FakeCore::give(const std::string& name, const std::string& value) {
    protocol::Input input;
    input.name = name;
    input.value = domain::Secret(std::string_view(value));
    inputs_.push_back(std::move(input));
}

protocol::StepContext FakeCore::context(bool with_leave) {
    protocol::StepContext context;
    context.adapter = "test";
    context.request = request_;
    context.order = order_;
    context.params = params;
    context.cookie = cookie_.clone();
    context.now = now;
    for (const protocol::Input& input : inputs_) {
        protocol::Input copy;
        copy.name = input.name;
        copy.value = input.value.clone();
        context.inputs.push_back(std::move(copy));
    }
    context.inputs_told_before = inputs_told_before_;
    if (session_) {
        protocol::Session session;
        session.key = session_->key;
        session.expires_at = session_->expires_at;
        session.jar = session_->jar.clone();
        context.session = std::move(session);
    }
    if (account.size() == 3) {
        protocol::Account given;
        given.name = account[0];
        given.user = account[1];
        given.password = domain::Secret(std::string_view(account[2]));
        context.account = std::move(given);
    }
    context.mail_identity = mail_identity;
    if (with_leave) {
        protocol::Leave leave;
        leave.act_for = std::chrono::seconds(30);
        context.leave = leave;
        context.mail = mail;
    }
    context.deadline = std::chrono::seconds(30);
    return context;
}

void FakeCore::keep(domain::Secret cookie, std::optional<protocol::Session> session, bool drop) {
    cookie_ = std::move(cookie);
    session_dropped = drop;
    if (drop) session_.reset();
    if (session) session_ = std::move(session);
}

void FakeCore::take(const StepResult& result) {
    shown += std::visit(Describe{shown}, result.answer) + "\n" + extras_of(result);
    if (const auto* intend = std::get_if<protocol::Intend>(&result.answer)) {
        effects.push_back(intend->effect);
        mail = intend->mail;
    }
    // Inputs are used up by an answer, unless it says that nobody was reached.
    if (!std::holds_alternative<protocol::Unreachable>(result.answer)) inputs_.clear();
    inputs_told_before_ = false;
}

StepResult FakeCore::advance(bool with_leave) {
    auto result = await(loop_, adapter_->advance(context(with_leave)));
    if (!result) {
        shown += result.error().detail;
        throw std::runtime_error("no answer: " + result.error().detail);
    }
    take(*result);
    std::optional<protocol::Session> session;
    if (result->session) {
        protocol::Session copy;
        copy.key = result->session->key;
        copy.expires_at = result->session->expires_at;
        copy.jar = result->session->jar.clone();
        session = std::move(copy);
    }
    keep(result->cookie.clone(), std::move(session), result->drop_session);
    return std::move(*result);
}

StepResult FakeCore::step() { return advance(false); }
StepResult FakeCore::leave() { return advance(true); }

StepResult FakeCore::go() {
    StepResult result = step();
    for (int i = 0; i < 5 && std::holds_alternative<protocol::Intend>(result.answer); ++i) {
        result = leave();
    }
    return result;
}

void FakeCore::leave_and_lose_the_answer() {
    auto result = await(loop_, adapter_->advance(context(true)));
    inputs_.clear();
}

void FakeCore::step_and_lose_the_answer() {
    auto result = await(loop_, adapter_->advance(context(false)));
    inputs_told_before_ = true;
}

protocol::Proof FakeCore::prove() {
    protocol::ProofContext proof_context;
    proof_context.step = context(false);
    proof_context.effect = effects.back();
    auto proof = await(loop_, adapter_->prove(std::move(proof_context)));
    if (!proof) throw std::runtime_error("no proof: " + proof.error().detail);
    for (const domain::Need& need : proof->needs) shown += text_of(need);
    shown += proof->detail + extras_of(*proof);
    inputs_.clear();
    keep(proof->cookie.clone(), std::move(proof->session), proof->drop_session);
    return std::move(*proof);
}

void FakeCore::use_session_of(const FakeCore& other) {
    protocol::Session session;
    session.key = other.session_->key;
    session.expires_at = other.session_->expires_at;
    session.jar = other.session_->jar.clone();
    session_ = std::move(session);
}

std::string FakeCore::jar() const {
    return session_ ? std::string(session_->jar.reveal()) : std::string();
}

std::size_t FakeCore::count(domain::EffectClass kind) const {
    std::size_t found = 0;
    for (const domain::Effect& effect : effects) found += effect.effect_class == kind ? 1U : 0U;
    return found;
}

}  // namespace cabroker::adapters
