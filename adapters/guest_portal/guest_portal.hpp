// The adapter of type guest_portal: signs in to a portal that a profile describes with the
// contact's address and a mailed access code, and does there what a person would do. Its states:
// README.md.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/adapter.hpp"
#include "config/adapter_settings.hpp"

namespace cabroker::runtime {
class Clock;
}  // namespace cabroker::runtime
namespace cabroker::transport {
class HttpClient;
}  // namespace cabroker::transport

namespace cabroker::adapters::guest_portal {

/// Both services outlive the adapter. `trace` takes what is told of each exchange; may be empty.
/// bad_configuration: the base URL is no https origin, or the profile lacks an operation that every
/// guest portal needs (sign_in, enter_code, read_order).
[[nodiscard]] domain::Result<std::unique_ptr<Adapter>> make_guest_portal(
    std::string name, config::GuestPortalSettings settings, transport::HttpClient& http,
    const runtime::Clock& clock, std::function<void(std::string exchange)> trace = {});

}  // namespace cabroker::adapters::guest_portal
