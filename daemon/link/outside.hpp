// The outside as the engine sees it: ask for one step or one proof, get one answer or an Error,
// never an exception. Link (link.hpp) implements it over the adapter protocol; tests implement it
// in-process.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <string>

#include "adapters/protocol/check.hpp"
#include "adapters/protocol/messages.hpp"
#include "domain/error.hpp"

namespace cabroker::link {

/// What keeps an adapter from working.
struct AdapterProblem {
    std::string why;
    /// Its settings are right: it does nothing now, and comes back by itself.
    bool down = false;
};

/// One thread: the loop's.
class Outside {
  public:
    virtual ~Outside() = default;

    /// Errors: not_sent (the call certainly did not leave this process), no_answer (it did, or may
    /// have, and nothing came back in time), bad_answer (what came back is not to be understood: as
    /// good as no answer).
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<adapters::protocol::StepResult>>
    advance(adapters::protocol::StepContext context) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<adapters::protocol::Proof>> prove(
        adapters::protocol::ProofContext context) = 0;

    /// Looks whether the adapter's supplier can be reached; changes nothing. Errors as above.
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<adapters::protocol::CheckReport>>
    check(std::string /*adapter*/, domain::Duration /*within*/) {
        co_return domain::Error(domain::ErrorCode::not_sent, "the adapters cannot be reached");
    }

    /// Is there somebody to ask right now?
    [[nodiscard]] virtual bool up() const = 0;
    /// Why not, as a stable word: `down`, `protocol_mismatch`; empty when up.
    [[nodiscard]] virtual std::string trouble() const = 0;
    /// As told at the last connect; empty before. Keyed by adapter name.
    [[nodiscard]] virtual const std::map<std::string, adapters::protocol::Capabilities>&
    capabilities() const = 0;
    /// What the outside said about adapters that do not work; keyed and told likewise.
    [[nodiscard]] virtual const std::map<std::string, AdapterProblem>& problems() const {
        static const std::map<std::string, AdapterProblem> none;
        return none;
    }
    /// Called on the loop each time the outside comes up or goes down.
    virtual void on_change(std::function<void()> handler) = 0;
};

}  // namespace cabroker::link
