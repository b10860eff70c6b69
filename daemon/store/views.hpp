// The two views of the database: Reader (read methods only) and Tx (a change on the writer thread).
#pragma once

#include "daemon/store/document_tables.hpp"
#include "daemon/store/due_table.hpp"
#include "daemon/store/input_tables.hpp"
#include "daemon/store/journal_tables.hpp"
#include "daemon/store/mail_tables.hpp"
#include "daemon/store/order_table.hpp"
#include "daemon/store/request_table.hpp"
#include "daemon/store/service_tables.hpp"

namespace cabroker::store {

/// Reads on one connection, for one thread at a time. A lost database throws.
class Reader {
  public:
    explicit Reader(Connection& connection);
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    [[nodiscard]] const RequestTable& requests() const { return requests_; }
    [[nodiscard]] const DueTable& due() const { return due_; }
    [[nodiscard]] const OrderTable& orders() const { return orders_; }
    [[nodiscard]] const EffectTable& effects() const { return effects_; }
    [[nodiscard]] const EventTable& events() const { return events_; }
    [[nodiscard]] const TimelineTable& timeline() const { return timeline_; }
    [[nodiscard]] const InputTable& inputs() const { return inputs_; }
    [[nodiscard]] const SessionTable& sessions() const { return sessions_; }
    [[nodiscard]] const MessageTable& messages() const { return messages_; }
    [[nodiscard]] const ArtifactTable& artifacts() const { return artifacts_; }
    [[nodiscard]] const CertificateTable& certificates() const { return certificates_; }
    [[nodiscard]] const IdempotencyTable& idempotency() const { return idempotency_; }
    [[nodiscard]] const MetaTable& meta() const { return meta_; }
    [[nodiscard]] const AdapterStateTable& adapter_states() const { return adapter_states_; }
    [[nodiscard]] const MailTable& mails() const { return mails_; }
    [[nodiscard]] const SignInTable& sign_ins() const { return sign_ins_; }

  protected:
    RequestTable requests_;
    DueTable due_;
    OrderTable orders_;
    EffectTable effects_;
    EventTable events_;
    TimelineTable timeline_;
    InputTable inputs_;
    SessionTable sessions_;
    MessageTable messages_;
    ArtifactTable artifacts_;
    CertificateTable certificates_;
    IdempotencyTable idempotency_;
    MetaTable meta_;
    AdapterStateTable adapter_states_;
    MailTable mails_;
    SignInTable sign_ins_;
};

/// One change inside the writer's transaction; valid during the call of the change only.
class Tx : public Reader {
  public:
    using Reader::Reader;

    [[nodiscard]] RequestTable& requests() { return requests_; }
    [[nodiscard]] OrderTable& orders() { return orders_; }
    [[nodiscard]] EffectTable& effects() { return effects_; }
    [[nodiscard]] EventTable& events() { return events_; }
    [[nodiscard]] TimelineTable& timeline() { return timeline_; }
    [[nodiscard]] InputTable& inputs() { return inputs_; }
    [[nodiscard]] SessionTable& sessions() { return sessions_; }
    [[nodiscard]] MessageTable& messages() { return messages_; }
    [[nodiscard]] ArtifactTable& artifacts() { return artifacts_; }
    [[nodiscard]] CertificateTable& certificates() { return certificates_; }
    [[nodiscard]] IdempotencyTable& idempotency() { return idempotency_; }
    [[nodiscard]] MetaTable& meta() { return meta_; }
    [[nodiscard]] AdapterStateTable& adapter_states() { return adapter_states_; }
    [[nodiscard]] MailTable& mails() { return mails_; }
    [[nodiscard]] SignInTable& sign_ins() { return sign_ins_; }
};

}  // namespace cabroker::store
