// The proof probe: did a change whose answer was lost reach the portal? Reads only; at most the
// sign-in's address is submitted, which changes nothing at the order.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "adapters/guest_portal/work.hpp"

namespace cabroker::adapters::guest_portal {

[[nodiscard]] boost::asio::awaitable<domain::Result<protocol::Proof>> prove_change(
    Work& work, domain::Effect effect);

}  // namespace cabroker::adapters::guest_portal
