// The frames about mail that the outside sends unasked, read and handed on. Internal to this
// folder.
#pragma once

#include "adapters/protocol/channel.hpp"
#include "daemon/link/mail_outside.hpp"

namespace cabroker::link {

/// True when it was one of these frames; one that cannot be read is logged and dropped.
[[nodiscard]] bool take_mail_frame(adapters::protocol::Frame& frame, const MailHandlers& handlers);

}  // namespace cabroker::link
