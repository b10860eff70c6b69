// A request: what a helpdesk asks the broker to do with an order, and how far it has come.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "domain/order.hpp"

namespace cabroker::domain {

struct StatusParams {};
struct ReissueParams {
    std::string csr;  ///< PEM, checked before it gets here
    std::optional<ValidationMethod> validation_method;
    std::string reason;
    std::vector<Format> formats;
};
struct RevokeParams {
    std::string reason;
    std::optional<ReasonCode> reason_code;
    RevokeScope scope = RevokeScope::order;
    std::optional<std::string> serial;
};
struct CancelParams {
    std::string reason;
};
struct DownloadParams {
    std::vector<Format> formats;
};
struct TransferParams {
    std::string target_account;
    TransferVerification verification = TransferVerification::challenge_phrase;
};
/// In the order of Kind: the index is the kind.
using Params = std::variant<StatusParams, ReissueParams, RevokeParams, CancelParams, DownloadParams,
                            TransferParams>;
[[nodiscard]] Kind kind_of(const Params& params);

struct LastError {
    std::string code;
    Time at{};
};

/// What a request waits for a person to give.
struct Need {
    std::string name;
    std::string hint;
    std::optional<Time> expires_at;
    std::optional<int> attempts_left;
    std::optional<LastError> last_error;
    std::map<std::string, std::string> details;
};

struct Evidence {
    EvidenceType type = EvidenceType::status;
    /// An `art_` or `msg_` id.
    std::optional<std::string> id;
    std::string detail;
};

/// How a request ended: a stable word, what it means, what to do next, and what proves it.
struct Outcome {
    std::string code;
    std::string detail;
    std::string hint;
    std::vector<Evidence> evidence;
};

/// Why a request waits.
struct Trouble {
    std::string code;
    std::string detail;
    Time at{};
};

struct CertificateFacts {
    std::string common_name;
    std::vector<std::string> dns_names;
    std::string serial;  ///< lower-case hex
    std::string sha256;  ///< of the DER, lower-case hex
    Time not_before{};
    Time not_after{};
};

struct StatusResult {
    OrderStatus order_status = OrderStatus::unknown;
    std::string order_status_raw;
    Time checked_at{};
};
struct CertificateResult {
    CertificateFacts certificate;
    std::vector<ArtifactId> artifacts;
};
struct Refund {
    RefundStatus status = RefundStatus::ask_support;
    std::optional<Time> until;
    std::string rule;
    std::optional<Time> check_after;
};
struct RevokeResult {
    RevokeScope scope = RevokeScope::order;
    Refund refund;
};
struct TransferResult {
    std::string account;
};
using RequestResult = std::variant<StatusResult, CertificateResult, RevokeResult, TransferResult>;

struct ExternalRef {
    std::string system;
    std::string id;
    bool operator==(const ExternalRef&) const = default;
};

/// Who did something: the peer's uid and its name; `asserted` is the user that a proxy vouched for.
struct Person {
    std::uint32_t uid = 0;
    std::string name;
    std::optional<std::string> asserted;
};

struct Request {
    RequestId id;
    Kind kind = Kind::status;
    OrderSnapshot order;
    Params params;
    std::optional<std::string> adapter;
    std::optional<Channel> channel;
    State state = State::queued;
    NextActor next_actor = NextActor::broker;
    std::optional<std::string> step;
    int attempt = 0;
    std::vector<Need> needs;
    std::optional<Outcome> outcome;
    std::optional<RequestResult> result;
    std::optional<Trouble> last_problem;
    std::optional<Time> next_attempt_at;
    Time deadline_at{};
    std::optional<ExternalRef> external_ref;
    Labels labels;
    std::optional<std::string> note;
    std::optional<RequestId> retry_of;
    Person created_by;
    Time created_at{};
    Time updated_at{};
    std::optional<Time> settled_at;
    /// Grows by one with every change; the strong ETag and the guard of every update.
    std::int64_t version = 1;
};

/// One change that the world outside can see: intended on disk before, closed with what is known
/// after.
struct Effect {
    EffectId id;
    EffectClass effect_class = EffectClass::free;
    std::string summary;
    /// What the upstream showed before, for instance the order status; a proof compares with it.
    std::string seen_before;
};

/// What a reissue, download or transfer needs nobody to send twice: kinds that change something at
/// the CA.
[[nodiscard]] bool is_destructive(Kind kind);

}  // namespace cabroker::domain
