// The frames that a link begins with: `hello` and `configure`. Internal to this folder.
#pragma once

#include <boost/json/fwd.hpp>
#include <memory>
#include <string>

#include "adapters/protocol/channel.hpp"
#include "daemon/link/link.hpp"

namespace cabroker::link {

/// The body of `hello`.
[[nodiscard]] std::shared_ptr<boost::json::object> hello_question(const std::string& build);
/// Is this a `hello` of our version of the protocol?
[[nodiscard]] bool speaks_our_version(const adapters::protocol::Frame& answer);

/// The body of `configure`, secrets included; `trace`: tell the exchanges with portals.
[[nodiscard]] std::shared_ptr<boost::json::object> configure_question(
    const Configuration& configuration, bool trace);

}  // namespace cabroker::link
