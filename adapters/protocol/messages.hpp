// The words between daemon and adapters: what a step is told and what it may answer, as plain
// values. Their JSON form is in codec.hpp; the published description is docs/adapter-protocol.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "domain/order.hpp"
#include "domain/request.hpp"
#include "domain/secret.hpp"

namespace cabroker::adapters::protocol {

/// Versions this release speaks, newest first: its own and, once there is one, the one before.
inline constexpr int kProtocolVersion = 1;
inline constexpr std::size_t kMaxFrame = 1024 * 1024;
inline constexpr std::size_t kMaxBlob = 32 * 1024 * 1024;
/// All blobs of one frame together.
inline constexpr std::size_t kMaxBlobs = 64 * 1024 * 1024;
inline constexpr std::size_t kBlobChunk = 256 * 1024;
inline constexpr std::size_t kMaxCookie = 16 * 1024;
inline constexpr std::size_t kMaxCertificates = 20;
inline constexpr std::size_t kMaxCertificateSize = 64 * 1024;

/// What a session of the upstream is bound to; the core makes the session key from it.
enum class SessionBinding { none, account, order_and_contact };

/// What an adapter can serve. Honest: a kind that is not named is answered `unsupported`.
struct Capabilities {
    std::string type;
    domain::Channel channel = domain::Channel::portal;
    std::vector<domain::Kind> kinds;
    std::vector<domain::Brand> brands;  ///< empty: any
    /// Order statuses in which a kind makes sense; a kind without a row: any status.
    std::map<domain::Kind, std::vector<domain::OrderStatus>> statuses;
    SessionBinding sessions = SessionBinding::none;
    /// The step deadline this adapter needs (mail: 11 minutes); absent: the engine's.
    std::optional<domain::Duration> step_deadline;
    /// How long the supplier may still work on what it received, before a `not_done` proof counts.
    domain::Duration settle = std::chrono::minutes(2);
};

/// A session of the upstream as data. The jar is secret: sealed in the core, in memory only
/// outside.
struct Session {
    std::string key;
    std::optional<domain::Time> expires_at;
    domain::Secret jar;
};

/// Leave to act: the effect whose intent is on disk, and for how long the outside may still send
/// octets for it.
struct Leave {
    domain::EffectId effect;
    domain::Duration act_for{};
};

/// Who to sign in as, at an upstream that knows accounts: `name` is the configuration's, `user` the
/// upstream's.
struct Account {
    std::string name;
    std::string user;
    domain::Secret password;
};

struct Input {
    std::string name;
    domain::Secret value;
};

/// Made by the core for adapters that write mail: the Message-ID (with brackets), the reply address
/// with its token, and the id under which the core will keep the mail.
struct MailIdentity {
    domain::MessageId message;
    std::string message_id;
    std::string reply_to;
};

/// A complete mail ready to be sent: the octets never change again.
struct Mail {
    std::string mail_from;
    std::string rcpt_to;
    std::string subject;
    std::string message_id;
    std::string octets;
    /// The text part as a person reads it, for previews; never sent from here.
    std::string text;
};

/// What a step is told. Everything the adapter knows of the request is in here; it keeps nothing
/// between calls.
struct StepContext {
    std::string adapter;
    domain::RequestId request;
    domain::Order order;
    domain::Params params;
    int attempt = 1;
    /// What the previous step left for this one (at most kMaxCookie octets); empty at the first.
    domain::Secret cookie;
    /// Values given for the last `need_input`, in the order given. Used up by an answer.
    std::vector<Input> inputs;
    /// These inputs went out in an earlier call whose answer was lost: the upstream may have used
    /// them up, and its refusal of them says nothing about who gave them.
    bool inputs_told_before = false;
    std::optional<Session> session;
    /// The order's account; absent where the adapter has none or it is not clear which.
    std::optional<Account> account;
    std::optional<Leave> leave;
    /// With leave for a mail effect: the very octets that the intent stored.
    std::optional<Mail> mail;
    std::optional<MailIdentity> mail_identity;
    /// Wall-clock date of the core; the outside asks no clock for dates that are kept.
    domain::Time now{};
    /// How long this step may take.
    domain::Duration deadline = std::chrono::seconds(60);
};

/// Proven by what the step read; the core judges certificates and facts before it believes.
struct Done {
    /// A word of success: status_read issued downloaded revoked canceled transferred.
    std::string code;
    std::string detail;
    std::optional<std::string> account;  ///< transfer: where the certificate is now
    /// revoke of one certificate: the serial number that the upstream shows as revoked.
    std::optional<std::string> revoked_serial{};
};
/// The CA has the ball. Absent `poll_after`: the engine's growing interval.
struct Wait {
    std::optional<domain::Duration> poll_after;
    std::string reason;
    /// False: the supplier is silent until a mail or a person speaks, nothing to poll.
    bool poll = true;
};
struct NeedInput {
    std::vector<domain::Need> needs;
};
/// The CA or the platform said no: a stable word and what to do.
struct Rejected {
    std::string code;
    std::string detail;
    std::string hint;
};
/// Nothing reached the supplier, or it asks to come back later.
struct Unreachable {
    std::optional<domain::Duration> retry_after;
    std::string detail;
};
struct Misconfigured {
    std::string detail;
};
struct Unsupported {
    std::string hint;
};
/// A `once` effect was sent and its answer is not known: the core starts the proof.
struct UnknownOutcome {
    std::string detail;
};
/// "I am about to change something": the core commits it and calls again with leave.
struct Intend {
    domain::Effect effect;  ///< without id: the core gives it one
    std::optional<Mail> mail;
};

using Answer = std::variant<Done, Wait, NeedInput, Rejected, Unreachable, Misconfigured,
                            Unsupported, UnknownOutcome, Intend>;

/// One line for the timeline, safe to show.
struct Note {
    std::string text;
    std::map<std::string, std::string> details;
};

/// Octets kept as they are, never interpreted by the core: a page, a server's reply.
struct EvidenceBlob {
    domain::EvidenceType type = domain::EvidenceType::page;
    std::string name;
    std::string content_type;
    std::string octets;
};

/// The order's status as the upstream wrote it and as we read it.
struct StatusReading {
    domain::OrderStatus status = domain::OrderStatus::unknown;
    std::string raw;
};

/// What the mail server said when it took a mail.
struct MailReceipt {
    std::string reply;
    std::optional<std::string> queue_id;
};

struct StepResult {
    Answer answer;
    /// Where the request stands now, a stable word: sign_in, access_code, submit, polling, ...
    std::string step;
    /// For the next step; empty keeps the one before.
    domain::Secret cookie;
    std::optional<Session> session;
    bool drop_session = false;
    std::vector<Note> notes;
    std::optional<StatusReading> status;
    /// Leaf first where known; DER.
    std::vector<std::string> certificates;
    std::vector<EvidenceBlob> evidence;
    std::optional<MailReceipt> mail_receipt;
};

/// What prove() is told: the effect in doubt and what was known before it.
struct ProofContext {
    StepContext step;
    domain::Effect effect;
};

enum class ProofVerdict { done, not_done, cannot_tell, need_input, wait, unreachable };

struct Proof {
    ProofVerdict verdict = ProofVerdict::cannot_tell;
    std::string detail;
    std::vector<domain::Need> needs;
    std::optional<domain::Duration> retry_after;
    domain::Secret cookie;
    std::optional<Session> session;
    bool drop_session = false;
    std::vector<Note> notes;
    std::optional<StatusReading> status;
    std::vector<std::string> certificates;
    std::vector<EvidenceBlob> evidence;
};

}  // namespace cabroker::adapters::protocol
