// Writes what a step brought (transition, cookie, session, mail, certificates, evidence) into one
// transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/rules.hpp"
#include "daemon/engine/journal.hpp"
#include "daemon/engine/judge.hpp"
#include "daemon/engine/transition.hpp"
#include "daemon/vault/vault.hpp"

namespace cabroker::engine {

/// What the outside gave back besides its answer; step results and proofs alike.
struct Findings {
    const domain::Secret* cookie = nullptr;
    const std::optional<protocol::Session>* session = nullptr;
    bool drop_session = false;
    const std::vector<protocol::Note>* notes = nullptr;
    const std::optional<protocol::StatusReading>* status = nullptr;
    const std::vector<protocol::EvidenceBlob>* evidence = nullptr;
    const std::optional<protocol::MailReceipt>* mail_receipt = nullptr;
};
[[nodiscard]] Findings findings_of(const protocol::StepResult& result);
[[nodiscard]] Findings findings_of(const protocol::Proof& proof);

/// The call that the result belongs to.
struct CallFacts {
    std::string adapter;
    std::size_t inputs = 0;
    std::optional<domain::EffectId> effect;
    /// The mail that an intent of this call would be kept as.
    std::optional<domain::MessageId> message;
    std::optional<std::string> session_key;
    /// How long the outside may act once it has leave.
    domain::Duration act_for{};
};

/// Runs on the writer thread, inside the change.
class Apply {
  public:
    Apply(Journal& journal, const vault::Vault& vault, const CallFacts& call)
        : journal_(journal), vault_(vault), call_(call) {}

    /// Notes, status, session, evidence, receipt: what is true whatever becomes of the request.
    /// Returns evidence for an outcome.
    std::vector<domain::Evidence> keep(const Findings& findings, store::StoredRequest& row);
    /// Artifacts, certificate and result of a believed answer.
    void keep_product(const Judged& judged, const protocol::StepResult& result,
                      store::StoredRequest& row, const std::vector<config::RefundRule>& refunds,
                      std::vector<domain::Evidence>& evidence);
    /// Effect, inputs, row, timeline, events. `mail` belongs to an intent.
    [[nodiscard]] domain::Result<void> move(const Transition& next,
                                            const std::optional<protocol::Mail>& mail,
                                            store::StoredRequest& row, const std::string& text,
                                            std::vector<domain::Evidence> evidence);

  private:
    void keep_status(const protocol::StatusReading& reading, const domain::OrderId& order);
    void keep_session(const Findings& findings);
    void keep_receipt(const protocol::MailReceipt& receipt);
    [[nodiscard]] domain::Result<void> move_effect(const Transition& next,
                                                   const std::optional<protocol::Mail>& mail,
                                                   store::StoredRequest& row);
    [[nodiscard]] domain::ArtifactId keep_artifact(const domain::RequestId& request,
                                                   const std::string& name,
                                                   const std::string& format,
                                                   const std::string& content_type,
                                                   const std::string& octets);

    Journal& journal_;
    const vault::Vault& vault_;
    const CallFacts& call_;
};

}  // namespace cabroker::engine
