// The adapters that the core has configured: each `configure` makes them anew, whole. Says what
// they can do and what keeps them from working; runs no step. Internal to this folder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/fwd.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/host/host.hpp"
#include "adapters/mailbox/intake.hpp"
#include "adapters/registry.hpp"
#include "config/adapter_settings.hpp"
#include "runtime/clock.hpp"
#include "transport/http_client.hpp"
#include "transport/smtp_client.hpp"

namespace cabroker::adapters::host {

/// What one `configure` brought. Steps that run hold on to theirs.
struct Generation {
    Mailers mailers;
    HostSecrets secrets;
    std::optional<Services> services;
    std::map<std::string, std::unique_ptr<Adapter>> adapters;
    /// Adapters that could not be made, and why.
    std::map<std::string, std::string> problems;
};

/// One thread: the loop's. Outlives its coroutines and every Generation.
class ConfiguredAdapters {
  public:
    /// Takes the JSON text of one exchange with a portal; called from within steps.
    using Trace = std::function<void(std::string exchange)>;
    ConfiguredAdapters(AdapterMaker make_adapter, const runtime::Clock& clock,
                       boost::asio::any_io_executor loop, Trace trace);

    /// Makes the adapters of a `configure` frame's body; steps that begin from now on are theirs.
    /// Returns what their profiles say of code mails.
    [[nodiscard]] std::vector<mailbox::CodeRule> configure(const boost::json::object& settings);
    /// Starts them, and waits a little for those that have to say what they can do.
    [[nodiscard]] boost::asio::awaitable<void> start();
    /// Puts capabilities and problems of all adapters into `body`.
    void tell(boost::json::object& body);
    /// What tell() told last is not true any more.
    [[nodiscard]] bool told_is_old() const { return *told_is_old_; }
    /// Never null.
    [[nodiscard]] std::shared_ptr<Generation> current() const { return current_; }

  private:
    AdapterMaker make_adapter_;
    const runtime::Clock& clock_;
    boost::asio::any_io_executor loop_;
    Trace trace_;
    transport::CurlHttpClient http_;
    transport::CurlSmtpClient smtp_;
    std::shared_ptr<Generation> current_ = std::make_shared<Generation>();
    /// Shared with the adapters, which may call when this is gone.
    std::shared_ptr<bool> told_is_old_ = std::make_shared<bool>(false);
};

}  // namespace cabroker::adapters::host
