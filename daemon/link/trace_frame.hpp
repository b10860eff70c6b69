// `trace`: what an adapter tells of one exchange with a portal, for whoever repairs a profile.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "adapters/protocol/channel.hpp"

namespace cabroker::link {

/// The JSON text of one exchange (one line, as the outside told it), and how many were not told.
using TraceHandler = std::function<void(std::string exchange, std::uint64_t dropped)>;

/// False: another frame. What is no exchange, or too long for one, counts as not told.
bool take_trace_frame(const adapters::protocol::Frame& frame, const TraceHandler& handler);

}  // namespace cabroker::link
