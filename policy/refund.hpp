// What becomes of the money after a revoke: the dated rule applied to an order. Pure.
#pragma once

#include "config/rules.hpp"
#include "domain/order.hpp"
#include "domain/request.hpp"

namespace cabroker::policy {

/// The refund of an order revoked (or to be revoked) at `at`. Scope certificate: never. Start of
/// the window unknown: ask_support. Instants are exact: the window's last millisecond still counts.
[[nodiscard]] domain::Refund refund_for(const domain::Order& order, domain::RevokeScope scope,
                                        domain::Time at,
                                        const std::vector<config::RefundRule>& rules);

}  // namespace cabroker::policy
