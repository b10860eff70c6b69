// The table of allowed moves between request states. Nothing else may change a state.
#pragma once

#include "domain/words.hpp"

namespace cabroker::domain {

/// succeeded, failed, rejected, canceled and expired are final.
[[nodiscard]] bool is_settled(State state);

/// May a request move from one state to another? A settled one never moves; staying is not a move.
[[nodiscard]] bool may_move(State from, State to);

/// Who has the ball in a state; for needs_input and outcome_unknown the broker's record decides,
/// this is the default.
[[nodiscard]] NextActor default_actor(State state);

}  // namespace cabroker::domain
