// A portal as it is configured, and whose visit a browser makes there. Plain values.
#pragma once

#include <cstddef>
#include <string>

#include "adapters/portal/meter.hpp"
#include "adapters/portal/trace.hpp"
#include "config/portal_profile.hpp"
#include "domain/time.hpp"
#include "transport/http_client.hpp"
#include "transport/origin.hpp"

namespace cabroker::adapters::portal {

/// Of one request.
inline constexpr int kMostRedirects = 10;
/// Of a longer answer only the beginning is kept.
inline constexpr std::size_t kLargestAnswer = 2UL * 1024 * 1024;

/// A portal as configured; outlives every browser at it.
struct Portal {
    config::PortalProfile profile;
    transport::Origin origin;
    std::string ca_file;
    transport::HttpClient& http;
    /// How fast it may be asked; nullptr: as fast as it answers.
    Meter* meter = nullptr;
    /// Where a trace goes; empty: nowhere.
    TraceSink trace{};
    /// The adapter's name, for the trace.
    std::string name{};
};

/// Whose visit it is, and when.
struct Visit {
    /// Wall clock, for dates that the portal gives.
    domain::Time now{};
    /// Whose share of the rate it uses.
    std::string account;
    /// The request it is made for, for the trace.
    std::string request;

    Visit() = default;
};

}  // namespace cabroker::adapters::portal
