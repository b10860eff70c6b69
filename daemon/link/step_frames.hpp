// The questions for a step, a proof and a check as frame bodies, and what the frames that answer
// them say. Internal to this folder.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "adapters/protocol/channel.hpp"
#include "adapters/protocol/check.hpp"
#include "adapters/protocol/messages.hpp"
#include "domain/error.hpp"

namespace cabroker::link {

/// The body of `advance`; what is too large for it goes into `blobs`, named after the frame's `id`.
[[nodiscard]] std::shared_ptr<boost::json::object> advance_question(
    const adapters::protocol::StepContext& context, std::uint64_t id,
    adapters::protocol::Blobs& blobs);
/// The body of `prove`; likewise.
[[nodiscard]] std::shared_ptr<boost::json::object> prove_question(
    const adapters::protocol::ProofContext& context, std::uint64_t id,
    adapters::protocol::Blobs& blobs);
/// The body of `check`.
[[nodiscard]] std::shared_ptr<boost::json::object> check_question(const std::string& adapter,
                                                                  domain::Duration within);

/// Takes the frame's blobs. Errors: not_sent (the outside says that nothing was sent), no_answer,
/// bad_answer, as Outside promises.
[[nodiscard]] domain::Result<adapters::protocol::StepResult> step_answer(
    adapters::protocol::Frame& answer);
/// Takes the frame's blobs. Errors: no_answer, bad_answer (a proof that cannot be read).
[[nodiscard]] domain::Result<adapters::protocol::Proof> proof_answer(
    adapters::protocol::Frame& answer);
/// Errors: bad_answer.
[[nodiscard]] domain::Result<adapters::protocol::CheckReport> check_answer(
    const adapters::protocol::Frame& answer);

}  // namespace cabroker::link
