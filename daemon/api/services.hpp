// What the API needs of the rest of the daemon, in one place; made by daemon/app and by tests.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "daemon/engine/request_service.hpp"
#include "runtime/clock.hpp"
#include "runtime/random.hpp"

namespace cabroker::store {
class Store;
}
namespace cabroker::engine {
class ChangeHub;
}

namespace cabroker::api {

struct BuildInfo {
    std::string version = "0.0.0";
    /// Version control's word for the source, or empty.
    std::string commit;
    std::string compiler;
};

/// One part of the daemon for /v1/health: `state` is ok, degraded or failed.
struct Component {
    std::string name;
    std::string state;
    std::string detail;
    /// What it tells besides, such as when a mailbox was last looked at.
    std::map<std::string, domain::Time> times;
};

/// May the daemon take work? `why` says what is missing.
struct Readiness {
    bool ready = true;
    std::string why;
};

struct MailPreview {
    std::string to;
    std::string subject;
    std::string text;
};

/// What a look at an adapter's supplier found.
struct CheckResult {
    bool ok = false;
    std::string detail;
    std::map<std::string, std::string> facts;
};

/// References outlive the server. Everything but `pool` is used on the loop's thread only.
struct Services {
    boost::asio::any_io_executor loop;
    /// For work that would block the loop.
    boost::asio::any_io_executor pool;
    store::Store& store;
    engine::RequestService& requests;
    engine::AdapterControl& adapters;
    engine::ChangeHub& changes;
    runtime::IdMaker& ids;
    const runtime::Clock& clock;
    runtime::Random& random;
    /// Never null; a reload puts another one here (Server::reload).
    std::shared_ptr<const config::Settings> settings;
    /// HMAC under a vault key, for bodies remembered with idempotency keys. Any thread.
    std::function<std::string(std::string_view)> hmac;
    BuildInfo build;
    /// Empty: always ready.
    std::function<Readiness()> readiness;
    /// Empty: only adapters are told of.
    std::function<std::vector<Component>()> components;
    /// Metric lines of other parts, in Prometheus text form. May be empty.
    std::function<std::string()> more_metrics;
    /// Composes the mail that a request would send, without sending it. Empty, or an Error: the
    /// preview says `preview_unavailable`.
    std::function<boost::asio::awaitable<domain::Result<MailPreview>>(domain::Order, domain::Params,
                                                                      std::string adapter)>
        preview_mail;
    /// Has the outside look at an adapter's supplier. Empty: nobody can look.
    std::function<boost::asio::awaitable<domain::Result<CheckResult>>(std::string adapter)>
        check_adapter;
    /// Between two signs of life on an event stream.
    domain::Duration heartbeat = std::chrono::seconds(15);
};

}  // namespace cabroker::api
