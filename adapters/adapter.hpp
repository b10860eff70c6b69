// One way to get a request done at one supplier: the interface every adapter implements, in the
// outside process.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

#include "adapters/protocol/check.hpp"
#include "adapters/protocol/messages.hpp"
#include "domain/error.hpp"

namespace cabroker::adapters {

/// Keeps nothing between calls: progress lives in the core. One thread; steps of different requests
/// interleave.
class Adapter {
  public:
    virtual ~Adapter() = default;

    /// Called once, before any step. `changed` is to be called on `loop` each time capabilities()
    /// or trouble() change by themselves. Built-in adapters have nothing to start.
    virtual void start(boost::asio::any_io_executor loop, std::function<void()> changed);

    /// What it can do; without kinds while that is not known.
    [[nodiscard]] virtual protocol::Capabilities capabilities() const = 0;

    /// Why it does nothing now, although its settings are right, and what to do; empty: it works.
    [[nodiscard]] virtual std::string trouble() const { return {}; }

    /// Does the next single step. A CA's refusal is a StepResult; Error means "no answer"
    /// (no_answer: octets may have been sent; unreachable: certainly none), and what that allows
    /// depends on the effect's class. Without leave it only reads, or answers Intend; with leave it
    /// sends exactly the intended effect, once.
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<protocol::StepResult>> advance(
        protocol::StepContext context) = 0;

    /// Did the effect of an interrupted step reach the supplier? Only reads. Asked before anything
    /// is repeated.
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<protocol::Proof>> prove(
        protocol::ProofContext context) = 0;

    /// Can the supplier be reached and does it look as expected? Changes nothing there, needs no
    /// request, ends within `within`. Error: no answer could be had, which is a failed check too.
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<protocol::CheckReport>> check(
        domain::Duration /*within*/) {
        co_return protocol::CheckReport(true, "nothing to look at");
    }
};

inline void Adapter::start(boost::asio::any_io_executor, std::function<void()>) {}

}  // namespace cabroker::adapters
