// Looks whether the portal is there and shows the page that sign-ins begin with. Sends nothing of
// an order, changes nothing.
#pragma once

#include "adapters/portal/browser.hpp"
#include "adapters/protocol/check.hpp"

namespace cabroker::adapters::guest_portal {

/// `portal` outlives the call; not after `deadline` (steady).
[[nodiscard]] boost::asio::awaitable<domain::Result<protocol::CheckReport>> look_at(
    const portal::Portal& portal, std::chrono::steady_clock::time_point deadline);

}  // namespace cabroker::adapters::guest_portal
