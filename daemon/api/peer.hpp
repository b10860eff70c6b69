// Who is at the other end of a Unix socket, by the kernel's word, and what the user is called.
#pragma once

#include <string>

#include "domain/error.hpp"
#include "policy/roles.hpp"

namespace cabroker::api {

/// SO_PEERCRED and SO_PEERGROUPS of a connected socket: the credentials at connect time.
[[nodiscard]] domain::Result<policy::Peer> peer_of(int descriptor);

/// The user's name, or `uid 1234` when the system has none. May block (directory services): for the
/// pool.
[[nodiscard]] std::string user_name(uid_t uid);

}  // namespace cabroker::api
