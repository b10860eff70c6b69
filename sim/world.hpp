// The world behind all portals: orders, what is done to them, and the books that tell it
// afterwards. Knows no pages and no sockets.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sim/ca.hpp"
#include "sim/clock.hpp"
#include "sim/order.hpp"
#include "sim/post.hpp"

namespace cabroker::sim {

/// Why the world refuses. Texts are the portals' affair.
enum class Refusal {
    wrong_contact,
    unknown_order,
    guest_access_disabled,
    guest_access_unapproved,
    rate_limited,
    already_pending,
    not_reissuable,
    not_revocable,
    revoke_while_pending,
    revoke_disabled,
    nothing_pending,
    no_certificate,
    already_revoked,
    not_cancelable,
    // From here on: what is wrong with the form, not with the order's state.
    reason_missing,
    csr_missing,
    csr_unreadable,
    csr_bad_signature,
    csr_weak_key,
    csr_private_key,
    csr_name_mismatch,
    method_unknown,
    method_not_for_wildcard,
};

struct WorldSettings {
    domain::Duration issue_delay = std::chrono::seconds(2);
    bool dcv_manual = false;
};

struct ReissueForm {
    std::string csr;
    std::string method;
    std::string reason;
    /// The channel, for the books.
    std::string via = "guest";
    /// The request's number when it has one already; 0: a new one.
    std::uint64_t id = 0;
};

/// One thread. Every operation first issues what is due at the clock's time.
class World {
  public:
    World(SimClock& clock, CertificateAuthority& ca, Post& post, runtime::Random& random,
          WorldSettings settings);

    /// Takes an order over. One whose status says so gets its first certificate, dated issued_at
    /// (or 20 days ago).
    domain::Result<Order*> add(NewOrder order);
    [[nodiscard]] Order* find(std::string_view supplier_order_id);
    /// All orders of a common name, in the order of their addition.
    [[nodiscard]] std::vector<Order*> find_name(std::string_view common_name);

    [[nodiscard]] std::optional<Refusal> submit_reissue(Order& order, const ReissueForm& form);
    /// What submit_reissue would refuse; changes nothing.
    [[nodiscard]] std::optional<Refusal> check_reissue(const Order& order,
                                                       const ReissueForm& form) const;
    /// May a reissue be asked for now? The same answer that submit_reissue would give for the
    /// order's state.
    [[nodiscard]] std::optional<Refusal> may_reissue(const Order& order) const;
    [[nodiscard]] std::optional<Refusal> may_revoke(const Order& order) const;
    /// May this one certificate be revoked? nullptr: not_revocable.
    [[nodiscard]] std::optional<Refusal> may_revoke(const Order& order,
                                                    const Certificate* certificate) const;
    [[nodiscard]] std::optional<Refusal> revoke(Order& order, const std::string& reason,
                                                std::string_view via = "guest");
    /// Revokes one certificate; the order stays as it is.
    [[nodiscard]] std::optional<Refusal> revoke_certificate(Order& order, Certificate* certificate,
                                                            const std::string& reason,
                                                            std::string_view via);
    [[nodiscard]] std::optional<Refusal> cancel_reissue(Order& order, const std::string& note,
                                                        std::string_view via = "guest");
    /// Withdraws an order before issue.
    [[nodiscard]] std::optional<Refusal> cancel_order(Order& order, const std::string& note,
                                                      std::string_view via);
    /// Another validation method for the pending reissue, with a new value. False: none pending.
    bool change_method(Order& order, const std::string& method);
    /// The domain control of the pending reissue is proven: it issues after the issue delay. False:
    /// none pending.
    bool confirm_dcv(Order& order);
    /// What a support desk does after a ticket: issues at once, past all rules of the portal.
    [[nodiscard]] domain::Result<Certificate> reissue_by_support(Order& order,
                                                                 const std::string& csr);
    /// PEM chain of the newest certificate; nullopt when there is none.
    [[nodiscard]] std::optional<ChainPem> chain_of(const Order& order) const;

    /// By serial number, SHA-1 thumbprint or certificate id; nullptr when unknown.
    [[nodiscard]] Order* find_by_certificate(std::string_view key);
    [[nodiscard]] std::uint64_t next_request_id() { return next_request_id_++; }

    /// Issues everything due.
    void settle();
    [[nodiscard]] const std::vector<std::unique_ptr<Order>>& orders() const { return orders_; }
    [[nodiscard]] SimClock& clock() const { return clock_; }
    [[nodiscard]] Post& post() const { return post_; }

  private:
    void issue_pending(Order& order);
    void keep(Order& order, Certificate certificate);
    void give_tokens(const Order& order, Reissue& reissue, domain::Time at);
    void notify(const Order& order, const std::string& subject, const std::string& text);

    SimClock& clock_;
    CertificateAuthority& ca_;
    Post& post_;
    runtime::Random& random_;
    WorldSettings settings_;
    std::vector<std::unique_ptr<Order>> orders_;
    std::unordered_map<std::string, Order*> by_id_;
    std::unordered_map<std::string, std::vector<Order*>> by_name_;
    std::unordered_map<std::string, Order*> by_certificate_;
    std::uint64_t next_certificate_id_ = 330'000'001;
    std::uint64_t next_request_id_ = 55'000'001;
    /// Pending reissues whose domain control is proven, by the time they issue.
    std::multimap<domain::Time, Order*> due_;
};

}  // namespace cabroker::sim
