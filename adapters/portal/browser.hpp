// Drives one portal session the way its profile says: runs an operation's steps, keeps the cookies,
// follows redirects within the one origin, and stops, with the page as evidence, at whatever it
// does not recognise. Knows no order and no kind of request; what its stops mean is the adapter's
// business.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/portal/meter.hpp"
#include "adapters/portal/prepared.hpp"
#include "adapters/portal/received.hpp"
#include "adapters/portal/trace.hpp"
#include "adapters/portal/variables.hpp"
#include "adapters/protocol/messages.hpp"
#include "config/portal_profile.hpp"
#include "transport/cookie_jar.hpp"
#include "transport/http_client.hpp"
#include "transport/origin.hpp"

namespace cabroker::adapters::portal {

inline constexpr int kMostRedirects = 10;
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

/// What one browser knows between two steps: its cookies and the values the profile keeps. Secret.
struct BrowserState {
    transport::CookieJar jar;
    std::map<std::string, std::string> kept;

    BrowserState() = default;
    /// The JSON text; whoever has it has the session.
    [[nodiscard]] domain::Secret text() const;
    /// nullopt when it is not what text() wrote.
    [[nodiscard]] static std::optional<BrowserState> parse(std::string_view text);
};

/// Why a run of an operation ended.
enum class Stop {
    finished,      ///< the steps are done
    before_once,   ///< the next step changes something: it is filled in, in `prepared`
    outcome,       ///< a page that the profile gives a meaning: `outcome`
    rejected,      ///< a page that the profile calls a refusal: `code`
    not_offered,   ///< the form does not offer a value: `code` names the field
    unknown_page,  ///< an answer that the profile does not know, or that leads away
    unreachable,   ///< nothing was sent, or the portal says to come back later
    no_answer,     ///< something was sent and no whole answer came
    misconfigured  ///< the profile cannot be followed
};

struct Run {
    Stop stop = Stop::misconfigured;
    std::string step;  ///< of the profile, the last one begun
    config::PageOutcome outcome = config::PageOutcome::maintenance;
    std::string code;
    std::string detail;  ///< one line, safe to show
    std::optional<domain::Duration> retry_after;
    std::optional<Prepared> prepared;
    Variables values;  ///< what the operation was given and what it extracted
    std::string body;  ///< of the last answer: a downloaded file, for instance
    std::string content_type;
    /// The page it stopped at, without secrets; none when finished.
    std::vector<protocol::EvidenceBlob> evidence;
    bool once_sent = false;  ///< the `once` request may have reached the portal

    Run() = default;
};

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

    [[nodiscard]] const BrowserState& state() const { return state_; }
    /// The page a run ended at, without secrets.
    [[nodiscard]] protocol::EvidenceBlob evidence_of(const Run& run) const;

  private:
    struct Course;
    boost::asio::awaitable<void> walk(Course& course, std::size_t from);
    boost::asio::awaitable<domain::Result<transport::HttpResponse>> perform(
        transport::HttpRequest request);
    boost::asio::awaitable<domain::Result<void>> wait_for_turn(
        std::chrono::steady_clock::time_point deadline);
    void keep_away(Course& course, std::optional<domain::Duration> unless_told) const;
    boost::asio::awaitable<domain::Result<transport::HttpResponse>> follow(
        transport::HttpResponse response, std::string method);
    Course begin(config::PortalOperation operation, Variables given) const;
    /// Where the walk goes after an answer; nullopt: it ended, `course.run` says how.
    std::optional<std::size_t> judge(Course& course, std::size_t index,
                                     domain::Result<transport::HttpResponse> answer);
    /// Tells the trace, if there is one; `next` as judge() said, an answer came or not.
    void tell(const Course& course, std::size_t index, const Prepared& sent, bool answered,
              const std::optional<std::size_t>& next) const;
    std::optional<std::size_t> obey(Course& course, std::size_t index,
                                    const config::Expectation& expectation);
    bool take_values(Course& course, const config::ProfileStep& step, bool strictly);
    void stop(Course& course, Stop why, std::string detail) const;
    void stop_failed(Course& course, const domain::Error& error) const;
    [[nodiscard]] std::vector<std::string> secrets(const Run& run) const;

    const Portal* portal_;
    BrowserState state_;
    std::chrono::steady_clock::time_point deadline_;
    Visit visit_;
    /// What the last operation ended with.
    std::optional<Received> shown_;
};

}  // namespace cabroker::adapters::portal
