// Inside policy/: which kinds of request an order's status allows, and what to do instead.
#pragma once

#include <optional>
#include <string>

#include "domain/order.hpp"
#include "domain/request.hpp"

namespace cabroker::policy {

/// Statuses that pass by themselves (pending, processing, ...) are believed this long after they
/// were read.
inline constexpr domain::Duration kStatusBelieved = std::chrono::hours(24);

/// The refusal of a kind by the order's status, or nullopt when it is a legal move or the status
/// does not tell.
[[nodiscard]] std::optional<domain::Outcome> refused_by_status(const domain::Order& order,
                                                               domain::Kind kind, domain::Time at);
/// True when the status would refuse, but is too old to be believed.
[[nodiscard]] bool doubts_status(const domain::Order& order, domain::Kind kind, domain::Time at);

}  // namespace cabroker::policy
