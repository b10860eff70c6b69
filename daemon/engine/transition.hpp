// What becomes of a request after an answer of the outside, a proof, or a due time. Pure: values
// in, values out, so that every row of the table is a test. engine.cpp commits what comes out.
#pragma once

#include <optional>
#include <string>

#include "daemon/engine/schedule.hpp"
#include "daemon/link/outside.hpp"
#include "domain/error.hpp"
#include "domain/request.hpp"

namespace cabroker::engine {

namespace protocol = adapters::protocol;

/// The effect a request has out: intended, with leave, its result not known yet.
struct EffectInPlay {
    domain::Effect effect;
    /// The outside sends no octet of it later than this.
    domain::Time act_until{};
};

/// What is known when something happens to a request.
struct Situation {
    const domain::Request& request;
    std::optional<EffectInPlay> effect;
    domain::Time now{};
    /// Uniform in [0, 1).
    double fraction = 0.5;
    Pace retry;
    Pace poll;
    /// How long the supplier may still work on what it received.
    domain::Duration settle{};
    /// A `once` effect of this request was answered or proven: the CA works on it.
    bool submitted = false;
};

enum class EffectMove {
    keep,      ///< what was open stays open (a repeatable one is sent again)
    open,      ///< a new one: commit it, then call again with leave
    done,      ///< the supplier has it
    not_done,  ///< the supplier certainly does not have it
};

/// The request's next row. `due_at` is when the engine must look again, absent for a settled one
/// and for one that only a person can move on.
struct Transition {
    domain::State state = domain::State::queued;
    domain::NextActor next_actor = domain::NextActor::broker;
    std::optional<std::string> step;
    int attempt = 1;
    std::vector<domain::Need> needs;
    std::optional<domain::Outcome> outcome;
    std::optional<domain::Trouble> last_problem;
    std::optional<domain::Time> due_at;
    /// False: at due_at only time is looked at, nobody is asked.
    bool due_asks_adapter = true;
    EffectMove effect = EffectMove::keep;
    /// With EffectMove::open, without id.
    std::optional<domain::Effect> new_effect;
    /// The values handed to the step are used up.
    bool inputs_used = false;
    /// True: call the adapter again at once.
    bool go_on = false;
};

/// What the core found when it checked what `done` claims.
struct Judgement {
    bool believed = false;
    /// A stable word when not: key_mismatch, name_mismatch, chain_untrusted, status_not_shown, ...
    std::string reason;
    std::string detail;
};

/// After an answer. For Done the judgement is needed; for everything else it is ignored.
[[nodiscard]] Transition after_answer(const Situation& situation,
                                      const protocol::StepResult& result,
                                      const Judgement& judgement);
/// After not_sent, no_answer or bad_answer; bad_configuration: it could not even be asked.
[[nodiscard]] Transition after_silence(const Situation& situation, const domain::Error& error);
/// After a proof of the open `once` effect.
[[nodiscard]] Transition after_proof(const Situation& situation, const protocol::Proof& proof);
/// After a proof that could not be had.
[[nodiscard]] Transition after_proof_silence(const Situation& situation,
                                             const domain::Error& error);
/// Is an input's or the request's own time over?
[[nodiscard]] bool is_over(const domain::Request& request, domain::Time now);
/// What becomes of it then; nullopt when it is not over.
[[nodiscard]] std::optional<Transition> when_over(const Situation& situation);
/// After a restart found the request at work; nullopt when it was not.
[[nodiscard]] std::optional<Transition> after_crash(const Situation& situation);

/// When the adapter is not to be asked before `until`: waits, without counting an attempt.
[[nodiscard]] Transition put_off(const Situation& situation, domain::Time until,
                                 std::string detail);
/// When the first of these needs is late, at most `deadline`. What only informs does not count.
[[nodiscard]] domain::Time expiry_of(const std::vector<domain::Need>& needs, domain::Time deadline);

/// `rejected` for most words; `failed` or `expired` for those where nobody refused.
[[nodiscard]] domain::State settled_state_of(const std::string& code);

}  // namespace cabroker::engine
