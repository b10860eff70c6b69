// Drives one portal session the way its profile says: runs an operation's steps, keeps the cookies,
// follows redirects within the one origin, and stops, with the page as evidence, at whatever it
// does not recognise. Knows no order and no kind of request; what its stops mean is the adapter's
// business.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>

#include "adapters/portal/browser_state.hpp"
#include "adapters/portal/portal.hpp"
#include "adapters/portal/received.hpp"
#include "adapters/portal/run.hpp"

namespace cabroker::adapters::portal {

class Course;
class PortalClient;

/// One session at a portal. Runs one operation at a time.
class Browser {
  public:
    /// No octet is sent after `deadline` (steady).
    Browser(const Portal& portal, BrowserState state,
            std::chrono::steady_clock::time_point deadline, Visit visit = Visit());

    /// Runs an operation from its first step. Stops before a `once` step.
    [[nodiscard]] boost::asio::awaitable<Run> run(config::PortalOperation operation,
                                                  Variables given);
    /// Sends a prepared `once` request, exactly once and not after `act_until`, and goes on with
    /// the steps behind it.
    [[nodiscard]] boost::asio::awaitable<Run> submit(
        config::PortalOperation operation, Prepared prepared, Variables given,
        std::chrono::steady_clock::time_point act_until);

    /// Reads the page that a repeatable request led to and that failed, and goes on from there: the
    /// request is not sent again.
    [[nodiscard]] boost::asio::awaitable<Run> go_on(config::PortalOperation operation,
                                                    PageBehind behind, Variables given);

    [[nodiscard]] const BrowserState& state() const { return state_; }
    /// The page a run ended at, without secrets.
    [[nodiscard]] protocol::EvidenceBlob evidence_of(const Run& run) const;

  private:
    boost::asio::awaitable<void> walk(Course& course, PortalClient& client, std::size_t from);

    const Portal* portal_;
    BrowserState state_;
    std::chrono::steady_clock::time_point deadline_;
    Visit visit_;
    /// What the last operation ended with.
    std::optional<Received> shown_;
};

}  // namespace cabroker::adapters::portal
