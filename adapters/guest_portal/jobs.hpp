// What is done for each kind of request once we are signed in and have read the order.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "adapters/guest_portal/work.hpp"
#include "pki/certificate.hpp"

namespace cabroker::adapters::guest_portal {

/// Reads the order's page. Exactly one of `view` and `ended` is set.
struct Reading {
    std::optional<OrderView> view;
    std::optional<portal::Run> run;  ///< how it ended without a view, or how the view was read
    bool other_order = false;
};
[[nodiscard]] boost::asio::awaitable<Reading> read_order(Work& work);
/// The answer when there is no view.
[[nodiscard]] Step no_view(Work& work, const Reading& reading);

/// Fetches the certificates in the profile's proof format into `work.certificates`, the leaf first.
struct Download {
    bool fetched = false;
    /// The leaf's key is that of the request's CSR (reissue only).
    bool our_key = false;
    std::optional<pki::Certificate> leaf;
    std::optional<Step> ended;
};
[[nodiscard]] boost::asio::awaitable<Download> download(Work& work);

/// Signed in, without leave: one step of the request.
[[nodiscard]] boost::asio::awaitable<Step> do_job(Work& work);
/// Signed in, with leave: sends the prepared change, once.
[[nodiscard]] boost::asio::awaitable<Step> send_change(Work& work);

/// Did this request leave its reason in the order's history?
[[nodiscard]] bool left_a_trace(const Work& work, const OrderView& view);
/// The portal's word for the state of the reissue or revoke that this request left in the order's
/// history; empty: it left none.
[[nodiscard]] std::string own_state(const Work& work, const OrderView& view);
/// The certificate that a revoke names, when it is shown as revoked; else nullptr.
[[nodiscard]] const CertificateRow* shown_revoked(const Work& work, const OrderView& view);

/// Looks how a submitted reissue stands.
[[nodiscard]] boost::asio::awaitable<Step> poll_reissue(Work& work, OrderView view);

/// The operation that changes what is asked for; nullopt for kinds that only read.
[[nodiscard]] std::optional<config::PortalOperation> change_of(const domain::Params& params);

}  // namespace cabroker::adapters::guest_portal
