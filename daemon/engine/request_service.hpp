// What people may do with requests, as the API calls it. Each call is one transaction; it returns
// when that is on disk. Who may do it was decided before (policy/roles.hpp); what the state allows
// is decided in here.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/error.hpp"
#include "domain/request.hpp"
#include "domain/secret.hpp"

namespace cabroker::store {
class Tx;
}

namespace cabroker::engine {

/// Runs in the same transaction as the action, with the request as the action left it: remembers
/// the answer under its idempotency key. Runs on the writer thread; an Error undoes the whole
/// action. May be empty.
using Also = std::function<domain::Result<void>(store::Tx&, const domain::Request&)>;

/// A line for the timeline that policy wants said, such as `brand_discontinued`.
struct Warning {
    std::string code;
    std::string detail;
};

/// A request as the API and policy made it. `request` has its id, order snapshot, params, adapter,
/// channel, deadline_at, external_ref, labels, note, retry_of and created_by; the service sets
/// state and times.
struct Creation {
    domain::Request request;
    /// Enters the inventory in the same transaction. Mostly there is none.
    std::unique_ptr<domain::Order> new_order;
    bool allow_duplicate = false;
    /// Set: the request is stored as `rejected` with this outcome and never runs.
    std::optional<domain::Outcome> refusal;
    /// Set: it starts in needs_approval; the text says why.
    std::optional<std::string> approval_reason;
    std::vector<Warning> warnings;
};

/// A new request on its way to the disk.
struct Creating {
    /// As it stands on disk once `stored` completes without an error; nobody is told of it before.
    std::shared_ptr<const domain::Request> request;
    boost::asio::awaitable<domain::Result<void>> stored;
};

struct Cancellation {
    std::string reason;
    bool abandon = false;
};

/// An operator's word on how a request really ended.
struct Resolution {
    bool succeeded = false;
    std::string code;
    std::string note;
    /// DER, leaf first; already checked to fit the CSR.
    std::vector<std::string> certificates;
};

/// Outer absent: stays as it is. Inner absent: is taken away.
struct Amendment {
    std::optional<domain::Labels> labels;
    std::optional<std::optional<std::string>> note;
    std::optional<std::optional<domain::ExternalRef>> external_ref;
    std::optional<std::int64_t> expected_version;
};

/// One thread: the loop's.
class RequestService {
  public:
    virtual ~RequestService() = default;

    /// Durable when `stored` completes; `creation` is used up when it returns. Errors:
    /// duplicate_active_request (`existing_request_id`), order_exists, order_mismatch, draining,
    /// store_failed, rate_limited.
    [[nodiscard]] virtual Creating create(Creation&& creation, Also also) = 0;
    /// Errors: not_found, state_conflict (settled, or an effect is out and `abandon` is not set).
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<domain::Request>> cancel(
        domain::RequestId id, Cancellation what, domain::Person who, Also also) = 0;
    /// A waiting request becomes due now. Errors: not_found, state_conflict (settled: the caller
    /// makes a new one).
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<domain::Request>> retry_now(
        domain::RequestId id, domain::Person who, Also also) = 0;
    /// From waiting_ca, needs_input, outcome_unknown, backoff. Errors: not_found, state_conflict.
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<domain::Request>> resolve(
        domain::RequestId id, Resolution what, domain::Person who, Also also) = 0;
    /// Seals the value and makes the request due. Errors: not_found, input_not_needed, invalid_body
    /// (empty, over 1 KiB; authorization_mail: 1 MiB).
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<domain::Request>> give_input(
        domain::RequestId id, std::string name, domain::Secret value, domain::Person who,
        Also also) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<domain::Request>> approve(
        domain::RequestId id, std::string note, domain::Person who, Also also) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<domain::Request>> reject(
        domain::RequestId id, std::string reason, domain::Person who, Also also) = 0;
    /// Errors: not_found, version_mismatch.
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<domain::Request>> amend(
        domain::RequestId id, Amendment what, domain::Person who, Also also) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<domain::Request>> comment(
        domain::RequestId id, std::string text, domain::Person who, Also also) = 0;
};

/// How an adapter is doing, for /v1/adapters and /v1/health.
struct AdapterStatus {
    std::string name;
    std::string type;
    domain::Channel channel = domain::Channel::portal;
    bool paused = false;
    std::string paused_reason;
    /// `up`, `down`, `protocol_mismatch`, `misconfigured`
    std::string state;
    std::string detail;
    std::size_t in_flight = 0;
    /// `closed`, `open` (nothing is tried) or `half_open` (one step may)
    std::string breaker = "closed";
    /// Steps in a row without an answer.
    int failures = 0;
    /// Set unless closed: when one step may try.
    std::optional<domain::Time> open_until;
    std::vector<domain::Kind> kinds;
    std::vector<domain::Brand> brands;
};

struct SessionStatus {
    std::string key;
    std::optional<domain::Time> expires_at;
    domain::Time updated_at{};
    bool busy = false;
};

class AdapterControl {
  public:
    virtual ~AdapterControl() = default;
    [[nodiscard]] virtual std::vector<AdapterStatus> adapters() const = 0;
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<void>> pause(
        std::string adapter, std::string reason, domain::Person who) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<void>> resume(
        std::string adapter, domain::Person who) = 0;
    [[nodiscard]] virtual std::vector<SessionStatus> sessions(const std::string& adapter) const = 0;
};

}  // namespace cabroker::engine
