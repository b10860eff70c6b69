// What the API wants to know of parts that it does not know itself: the outside and its adapters,
// the mailboxes, the mail that a request would send.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "daemon/api/services.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/engine/mail_intake.hpp"
#include "daemon/link/outside.hpp"

namespace cabroker::app {

/// The outside and each mailbox, for /v1/health.
[[nodiscard]] std::vector<api::Component> components(const link::Outside& outside,
                                                     const engine::MailIntake& mail);

/// The mail that such a request would send. `engine` outlives the answer.
[[nodiscard]] boost::asio::awaitable<domain::Result<api::MailPreview>> preview_mail(
    engine::Engine& engine, domain::Order order, domain::Params params, std::string adapter);

/// Has the outside look at the adapter's supplier, for 30 s at most. `outside` outlives the answer.
[[nodiscard]] boost::asio::awaitable<domain::Result<api::CheckResult>> check_adapter(
    link::Outside& outside, std::string adapter);

}  // namespace cabroker::app
