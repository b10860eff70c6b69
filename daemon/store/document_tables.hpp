// Octets kept as evidence or product: messages, artifacts, certificates. Lists never read the
// octets.
#pragma once

#include "daemon/store/rows.hpp"

namespace cabroker::store {

class Connection;

class MessageTable {
  public:
    explicit MessageTable(Connection& connection) : connection_(connection) {}

    [[nodiscard]] std::optional<MessageRow> get(const domain::MessageId& id) const;
    /// The complete octets; nullopt when there is no such message or it was redacted.
    [[nodiscard]] std::optional<std::string> raw(const domain::MessageId& id) const;
    /// Oldest first.
    [[nodiscard]] std::vector<MessageRow> list(const domain::RequestId& request) const;

    /// `raw` nullopt for a redacted message.
    void insert(const MessageRow& row, const std::optional<std::string>& raw);
    /// not_found when there is no such message.
    [[nodiscard]] domain::Result<void> set_status(const domain::MessageId& id,
                                                  const std::string& status,
                                                  const std::optional<std::string>& smtp_reply);

  private:
    Connection& connection_;
};

class ArtifactTable {
  public:
    explicit ArtifactTable(Connection& connection) : connection_(connection) {}

    [[nodiscard]] std::optional<ArtifactRow> get(const domain::ArtifactId& id) const;
    [[nodiscard]] std::optional<std::string> content(const domain::ArtifactId& id) const;
    /// Oldest first.
    [[nodiscard]] std::vector<ArtifactRow> list(const domain::RequestId& request) const;

    void insert(const ArtifactRow& row, const std::string& content);

  private:
    Connection& connection_;
};

class CertificateTable {
  public:
    explicit CertificateTable(Connection& connection) : connection_(connection) {}

    [[nodiscard]] std::optional<CertificateRow> get(const domain::OrderId& order,
                                                    const std::string& sha256) const;
    /// Latest not_before first.
    [[nodiscard]] std::vector<CertificateRow> list(const domain::OrderId& order) const;

    /// A certificate seen again keeps its first seen_at.
    void put(const CertificateRow& row);

  private:
    Connection& connection_;
};

}  // namespace cabroker::store
