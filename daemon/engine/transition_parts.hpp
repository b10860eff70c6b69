// Inside the engine: pieces that the rows of the transition table are made of. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/engine/transition.hpp"

namespace cabroker::engine {

/// Who can give these: an operator when all of them are for one.
[[nodiscard]] domain::NextActor actor_for(const std::vector<domain::Need>& needs);
/// Needs that only inform, while the supplier is polled on.
[[nodiscard]] bool polls_meanwhile(const std::vector<domain::Need>& needs);
[[nodiscard]] bool has_effect(const Situation& situation, domain::EffectClass effect_class);
[[nodiscard]] domain::Trouble trouble(const Situation& situation, std::string code,
                                      std::string detail);
/// The row as it is, without a due time.
[[nodiscard]] Transition keeping(const Situation& situation);
[[nodiscard]] Transition settle(const Situation& situation, domain::State state, std::string code,
                                std::string detail, std::string hint);
/// How often in a row the same step was tried: a new step counts from one.
[[nodiscard]] int next_attempt(const domain::Request& request,
                               const std::optional<std::string>& step);
/// Nothing was done, or nothing that repeating would change: try the same again later.
[[nodiscard]] Transition back_off(const Situation& situation, domain::Trouble why,
                                  std::optional<domain::Duration> retry_after);
/// A `once` effect went out and its answer is not known: the proof comes next.
[[nodiscard]] Transition doubt(const Situation& situation, domain::Trouble why);

}  // namespace cabroker::engine
