// Incoming mail: what was taken from which mailbox, codes that wait for their sign-in, and the
// sign-ins that wait for their code.
#pragma once

#include "daemon/store/rows.hpp"

namespace cabroker::store {

class Connection;

/// A mail that was taken from a mailbox, once.
struct MailRow {
    std::string mailbox;
    std::string sha256;
    domain::MessageId message;
    std::string message_id;  ///< the header without brackets; may be empty
    std::string body_sha256;
    domain::Time taken_at{};
    /// Why nothing was done with it; absent when it had its effect.
    std::optional<std::string> reason;
    std::optional<domain::MessageId> duplicate_of;
};

/// A code whose sign-in is under way and not committed yet.
struct WaitingCodeRow {
    domain::MessageId message;
    std::string mailbox;
    domain::Time arrived_at{};
    /// Steady clock of the run that took it, in milliseconds.
    std::int64_t arrived_steady = 0;
    std::string run;
    std::string sealed_value;
};

class MailTable {
  public:
    explicit MailTable(Connection& connection) : connection_(connection) {}

    [[nodiscard]] std::optional<MailRow> get(const std::string& mailbox,
                                             const std::string& sha256) const;
    /// Mails of a mailbox with this Message-ID, oldest first; none for an empty one.
    [[nodiscard]] std::vector<MailRow> with_message_id(const std::string& mailbox,
                                                       const std::string& message_id) const;
    [[nodiscard]] std::string cursor(const std::string& mailbox) const;
    [[nodiscard]] std::vector<WaitingCodeRow> waiting_codes() const;
    [[nodiscard]] bool code_was_used(const std::string& hmac) const;

    /// The pair of mailbox and digest must be new.
    void insert(const MailRow& row);
    void set_reason(const domain::MessageId& message, const std::optional<std::string>& reason);
    void set_request(const domain::MessageId& message, const domain::RequestId& request);
    void set_cursor(const std::string& mailbox, const std::string& cursor);
    void put_waiting_code(const WaitingCodeRow& row);
    void drop_waiting_code(const domain::MessageId& message);
    void note_used_code(const std::string& hmac, domain::Time at);
    /// Forgets codes used before `at`.
    void prune_used_codes(domain::Time at);

  private:
    Connection& connection_;
};

/// waiting: in line for another sign-in to the same recipient. open: the address was or is being
/// submitted, the code is to come. served: a code was given.
enum class SignInState { waiting, open, served };

struct SignInRow {
    std::int64_t place = 0;  ///< given by the store: the order of coming
    domain::RequestId request_id;
    std::string adapter;
    std::string mailbox;
    std::string recipient;
    /// Sign-ins with the same line wait for each other; empty: they wait for nobody.
    std::string line;
    SignInState state = SignInState::waiting;
    domain::Time opened_at{};
    /// Steady clock of the run that opened it, in milliseconds.
    std::int64_t opened_steady = 0;
    std::string run;
};

class SignInTable {
  public:
    explicit SignInTable(Connection& connection) : connection_(connection) {}

    [[nodiscard]] std::optional<SignInRow> get(const domain::RequestId& request) const;
    /// Open ones whose code comes to this mailbox, in the order of coming.
    [[nodiscard]] std::vector<SignInRow> open_for(const std::string& mailbox) const;
    /// All of a line that are waiting or open, in the order of coming.
    [[nodiscard]] std::vector<SignInRow> line(const std::string& line) const;

    /// Inserts, or replaces all but the place.
    void put(const SignInRow& row);
    void drop(const domain::RequestId& request);

  private:
    Connection& connection_;
};

}  // namespace cabroker::store
