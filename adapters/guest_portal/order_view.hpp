// What the portal's order page says, read from the values that a profile's read_order extracts:
// status order_id common_name serial token_* reissue_* revoke_* certificate_* revocation_reason.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/portal/variables.hpp"
#include "adapters/protocol/messages.hpp"
#include "config/portal_profile.hpp"
#include "domain/order.hpp"
#include "domain/request.hpp"

namespace cabroker::adapters::guest_portal {

/// Something to publish so that the CA sees the domain is ours.
struct Token {
    std::string domain;
    std::string method;  ///< our word, else the portal's
    std::string where;
    std::string value;
    std::string until;  ///< RFC 3339, else as the portal writes it
};

/// One row of the history of reissues or revokes, newest first.
struct HistoryRow {
    std::string state;
    std::string reason;
    std::string note;  ///< of a reissue: what whoever canceled it said
};

/// One certificate of the order.
struct CertificateRow {
    std::string serial;  ///< plain_serial()
    std::string state;
    std::string reason;  ///< why it was revoked
};

struct OrderView {
    protocol::StatusReading status;
    std::string order_id;
    std::string common_name;
    std::string serial;
    std::vector<Token> tokens;
    std::vector<HistoryRow> reissues;
    std::vector<HistoryRow> revokes;
    std::vector<CertificateRow> certificates;
    std::string revocation_reason;
    /// What somebody must approve at the portal first, in its words; empty: nothing that it shows.
    std::string awaits_approval;

    OrderView() = default;
    /// What a request of this kind with exactly this reason has left at the portal, counted:
    /// reissues asked for with it, revokes and certificates revoked with it, reissues canceled with
    /// it.
    [[nodiscard]] std::size_t traces_of(domain::Kind kind, const std::string& reason) const;
    /// Does the newest change of this kind stand there for a reason that this one cannot be,
    /// however the portal cuts it or writes its letters?
    [[nodiscard]] bool shows_another(domain::Kind kind, const std::string& reason) const;
    /// Is the order shown as revoked for exactly this reason?
    [[nodiscard]] bool revoked_for(const std::string& reason) const;
    /// The certificate; nullptr when the page does not show it.
    [[nodiscard]] const CertificateRow* certificate(const std::string& serial) const;
};

/// Pages collapse white space, so this comparison does too.
[[nodiscard]] bool same_words(const std::string& shown, const std::string& reason);

/// The state word of the newest row that was asked for with exactly this reason; empty: none.
[[nodiscard]] std::string state_of_reason(const std::vector<HistoryRow>& rows,
                                          const std::string& reason);

[[nodiscard]] OrderView view_of(const config::PortalProfile& profile,
                                const portal::Variables& values);

/// Why the page is not the page of `order`; nullopt when it may be.
[[nodiscard]] std::optional<std::string> other_order(const OrderView& view,
                                                     const domain::Order& order);

/// What is kept of a view to compare with later.
struct SeenBefore {
    std::string status;
    std::string serial;
    std::size_t traces = 0;
};
/// `issued|0A1B|2` (status, serial, traces_of() our kind and reason): Effect::seen_before.
[[nodiscard]] std::string seen_text(const OrderView& view, domain::Kind kind,
                                    const std::string& reason);
[[nodiscard]] std::optional<SeenBefore> parse_seen(const std::string& text);
/// Status and serial number are as they were.
[[nodiscard]] bool is_unchanged(const SeenBefore& before, const OrderView& now);
/// Our reason stands there where it did not stand before: nobody else writes it.
[[nodiscard]] bool left_a_trace(const SeenBefore& before, const OrderView& now, domain::Kind kind,
                                const std::string& reason);

/// A date of a page, by RFC 3339 or the profile's formats.
[[nodiscard]] std::optional<domain::Time> page_time(const config::PortalProfile& profile,
                                                    const std::string& text);

}  // namespace cabroker::adapters::guest_portal
