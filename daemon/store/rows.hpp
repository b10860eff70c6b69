// What the store keeps besides orders and requests, as plain rows. No behaviour.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/error.hpp"
#include "domain/request.hpp"

namespace cabroker::store {

/// A request with the columns that only the engine sees.
struct StoredRequest {
    domain::Request request;
    /// Progress of the adapter, sealed by the caller; empty when there is none.
    std::string sealed_cookie;
    /// When the engine must look again; nullopt when nothing is due by itself.
    std::optional<domain::Time> due_at;
    /// False: at due_at only time is looked at (an input or approval is late), the adapter is not
    /// asked.
    bool due_asks_adapter = true;
    std::optional<std::string> session_key;
    std::optional<domain::EffectId> open_effect;
    bool cancel_requested = false;
};

/// Where a page of a list ended: give it back to read on. Opaque to clients, who get it inside a
/// token.
struct PageKey {
    /// The value of the sorted column; unused when the sort is by creation.
    std::int64_t at = 0;
    std::string id;
    bool operator==(const PageKey&) const = default;
};

template <class Row>
struct Page {
    std::vector<Row> items;
    /// Set when there is more.
    std::optional<PageKey> next;
};

struct Event {
    std::int64_t seq = 0;  ///< given by the store
    domain::EventId id;
    std::string type;  ///< `request.created`, `order.changed`, ...
    domain::Time at{};
    std::optional<domain::RequestId> request_id;
    std::optional<domain::OrderId> order_id;
    std::string data = "{}";  ///< JSON object
};

struct TimelineEntry {
    std::int64_t seq = 0;  ///< given by the store
    domain::RequestId request_id;
    domain::Time at{};
    std::string type;        ///< state step input effect mail comment evidence
    std::string actor_kind;  ///< peer broker adapter ca
    std::string actor_name;
    std::optional<domain::State> state;
    std::string text;
    std::string details = "{}";  ///< JSON object
};

enum class EffectState { intended, leave, done, not_done, unknown, closed };
[[nodiscard]] std::string_view name_of(EffectState state);
[[nodiscard]] std::optional<EffectState> parse_effect_state(std::string_view name);

/// An effect is open from its intent until `closed_at` is set; `unknown` is open.
struct EffectRow {
    domain::Effect effect;
    domain::RequestId request_id;
    domain::OrderId order_id;
    EffectState state = EffectState::intended;
    domain::Time intended_at{};
    /// The outside sends no byte of it later; set with the leave.
    std::optional<domain::Time> act_until;
    std::optional<domain::Time> closed_at;
    std::optional<std::string> detail;
};

struct InputRow {
    domain::RequestId request_id;
    std::string name;
    std::string sealed_value;
    domain::Time at{};
    std::string given_by;
    std::int64_t seq = 0;  ///< given by the store; the row id of its seal is the caller's choice
    /// It went out in a call whose answer is not known.
    bool told = false;
};

struct SessionRow {
    std::string key;
    std::string adapter;
    std::string sealed_jar;
    std::optional<domain::Time> expires_at;
    domain::Time updated_at{};
};

struct MessageRow {
    domain::MessageId id;
    std::optional<domain::RequestId> request_id;
    std::string direction;      ///< in out
    std::string status;         ///< prepared sent received redacted failed
    std::string message_class;  ///< `class` of the contract: ticket, code, chaser, ...
    std::string from;
    std::string to;
    std::string subject;
    std::optional<std::string> message_id;  ///< the header, angle brackets included
    domain::Time at{};
    std::int64_t size = 0;
    std::optional<std::string> smtp_reply;
};

struct ArtifactRow {
    domain::ArtifactId id;
    domain::RequestId request_id;
    std::string name;
    std::string format;
    std::string content_type;
    std::int64_t size = 0;
    std::string sha256;  ///< lower-case hex
    domain::Time created_at{};
};

struct CertificateRow {
    domain::OrderId order_id;
    std::string serial;       ///< lower-case hex
    std::string sha256;       ///< of the DER, lower-case hex
    std::string spki_sha256;  ///< lower-case hex
    std::string der;
    domain::Time not_before{};
    domain::Time not_after{};
    domain::Time seen_at{};
};

/// The remembered answer to a POST with an Idempotency-Key.
struct IdempotencyRow {
    std::string key;  ///< made by the caller from uid, asserted user, method, path and key
    std::string body_hmac;
    int status = 0;
    std::string headers = "{}";  ///< JSON object
    std::string body;
    domain::Time created_at{};
};

struct AdapterStateRow {
    std::string name;
    bool paused = false;
    std::optional<std::string> reason;
    std::optional<std::string> by;
    domain::Time at{};
};

}  // namespace cabroker::store
