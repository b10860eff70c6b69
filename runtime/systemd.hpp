// What systemd and the processes say to each other: readiness, watchdog, status, and sockets passed
// in.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace cabroker::runtime {

/// sd_notify(3); does nothing without NOTIFY_SOCKET.
void notify_systemd(const std::string& state);
/// Half of what the watchdog allows, or nullopt when it is off.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();
/// Listening Unix stream sockets that systemd passed (LISTEN_FDS); close-on-exec is set. Call once.
[[nodiscard]] std::vector<int> sockets_from_systemd();
/// Where systemd put a credential (CREDENTIALS_DIRECTORY/name), or nullopt when the service has
/// none.
[[nodiscard]] std::optional<std::string> credential_path(const std::string& name);

}  // namespace cabroker::runtime
