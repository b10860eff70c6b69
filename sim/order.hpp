// An order of the simulated world, what happened to it, and how orders are read from CSV.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "sim/ca.hpp"
#include "sim/formats.hpp"

namespace cabroker::sim {

enum class GuestAccess { enabled, disabled, unapproved };

/// What must be published for one name of a pending reissue.
struct ValidationToken {
    std::string domain;
    std::string where;
    std::string value;
    domain::Time until{};
};

struct Reissue {
    /// Number of the request and of the certificate to come, as the account API tells them.
    std::uint64_t id = 0;
    std::uint64_t certificate_id = 0;
    domain::Time requested_at{};
    std::optional<domain::Time> issued_at;
    /// `pending`, `issued` or `canceled`.
    std::string state;
    std::string method;
    std::string reason;
    std::string csr;
    std::string serial;
    /// What whoever canceled it said.
    std::string note;
    /// Stands in the tokens of all names.
    std::string random_value;
    std::vector<ValidationToken> tokens;
    bool confirmed = false;
};

/// One thing that was really done to an order.
struct Effect {
    /// `reissue`, `revoke`, `revoke_certificate`, `cancel_reissue` or `cancel_order`.
    std::string kind;
    std::string reason;
    /// The channel: `guest`, `desk_portal`, `api`, `extra` or `support`.
    std::string via;
    domain::Time at{};
};

/// What really happened, for tests that count.
struct Books {
    std::uint64_t reissues = 0;
    std::uint64_t reissues_issued = 0;
    std::uint64_t revokes = 0;
    std::uint64_t cancels = 0;
    std::uint64_t logins = 0;
    std::uint64_t codes_mailed = 0;
    std::uint64_t wrong_codes = 0;
    std::uint64_t downloads = 0;
    std::uint64_t refusals = 0;
    std::uint64_t certificate_revokes = 0;
    /// Oldest first; the first kMostEffects.
    std::vector<Effect> effects;
    static constexpr std::size_t kMostEffects = 10'000;
};

struct NewOrder {
    std::string supplier_order_id;
    std::string platform_order_id;
    std::string common_name;
    std::string brand;
    std::string product;
    std::string admin_email;
    std::string technical_email;
    /// Who may sign in as guest: `admin`, `technical` or `both`.
    std::string login_contact = "admin";
    /// The contract's raw word, or any other: the portal shows it as it is.
    std::string status = "issued";
    std::vector<std::string> sans;
    std::optional<domain::Time> issued_at;
    GuestAccess guest_access = GuestAccess::enabled;
    bool revoke_allowed = true;
    /// Whose order it is, for the portals with accounts.
    std::string account = "main";
    /// Overrides the world's --dcv for this order.
    std::optional<bool> dcv_manual;
};

struct Order {
    NewOrder facts;
    std::string status;
    /// Oldest first; the last is the current one.
    std::vector<Certificate> certificates;
    /// Oldest first; at most the last one is pending.
    std::vector<Reissue> reissues;
    std::optional<domain::Time> revoked_at;
    std::string revocation_reason;
    Books books;

    /// Common name and SANs, each once.
    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] bool guest_contact(std::string_view email) const;
    /// Is it an order of DigiCert, which alone has the guest portal?
    [[nodiscard]] bool on_guest_portal() const;
    [[nodiscard]] Reissue* pending_reissue();
    [[nodiscard]] Certificate* find_certificate(std::string_view serial);
    void record(std::string_view kind, std::string_view reason, std::string_view via,
                domain::Time at);
};

/// Reads orders from CSV with a header line (columns: sim/README.md). `now` resolves relative dates
/// (`-20d`).
[[nodiscard]] domain::Result<std::vector<NewOrder>> parse_orders(std::string_view csv,
                                                                 domain::Time now);
}  // namespace cabroker::sim
