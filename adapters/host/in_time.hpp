// Calls of an adapter that end in time, whatever the adapter does: one that takes too long is
// cancelled, and one that throws costs this call, not the link. Internal to this folder.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "adapters/adapter.hpp"

namespace cabroker::adapters::host {

/// advance(). Ends when the leave to act does, else a little after the step's deadline. Errors: as
/// advance(), unreachable (the leave had ended before), no_answer (cut off, or the adapter threw).
[[nodiscard]] boost::asio::awaitable<domain::Result<protocol::StepResult>> step_in_time(
    Adapter& adapter, protocol::StepContext context);

/// prove(). Errors: as prove(), and no_answer likewise.
[[nodiscard]] boost::asio::awaitable<domain::Result<protocol::Proof>> proof_in_time(
    Adapter& adapter, protocol::ProofContext context);

/// check(). What cannot be looked at in time is not as expected: there is a report in any case.
[[nodiscard]] boost::asio::awaitable<protocol::CheckReport> check_in_time(Adapter& adapter,
                                                                          domain::Duration within);

}  // namespace cabroker::adapters::host
