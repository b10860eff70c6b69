#include "daemon/engine/lane.hpp"

namespace cabroker::engine {

namespace protocol = adapters::protocol;

Sign sign_of(const protocol::StepResult& result) {
    if (const auto* away = std::get_if<protocol::Unreachable>(&result.answer))
        return away->retry_after ? Sign::alive : Sign::silent;
    if (std::holds_alternative<protocol::UnknownOutcome>(result.answer)) return Sign::silent;
    // These may be said without asking anybody.
    const bool own_words = std::holds_alternative<protocol::Intend>(result.answer) ||
                           std::holds_alternative<protocol::Unsupported>(result.answer) ||
                           std::holds_alternative<protocol::Misconfigured>(result.answer);
    return own_words ? Sign::none : Sign::alive;
}

Sign sign_of(const protocol::Proof& proof) {
    if (proof.verdict != protocol::ProofVerdict::unreachable) return Sign::alive;
    return proof.retry_after ? Sign::alive : Sign::silent;
}

Sign sign_of(const domain::Error& error, bool link_up) {
    // A lost link takes every step with it and says nothing of the upstream. With a link, not_sent
    // is the adapter's own word that it reached nobody.
    const bool ours = error.code != domain::ErrorCode::no_answer &&
                      error.code != domain::ErrorCode::bad_answer &&
                      error.code != domain::ErrorCode::not_sent;
    return ours || !link_up ? Sign::none : Sign::silent;
}

}  // namespace cabroker::engine
