// What the tests of the guest portal adapter share: one simulated world per program, an adapter
// made through the registry from settings as they cross the link, orders and CSRs.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "adapters/registry.hpp"
#include "runtime/clock.hpp"
#include "tests/adapters/guest_portal/fake_core.hpp"
#include "tests/adapters/guest_portal/sim_world.hpp"
#include "transport/http_client.hpp"
#include "transport/smtp_client.hpp"

namespace cabroker::adapters {

/// The system's clock, which a test may put forward: so that it need not wait as long as a portal
/// asks for.
class SkippingClock final : public runtime::Clock {
  public:
    [[nodiscard]] domain::Time now() const override { return real_.now() + skipped_; }
    [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
        return real_.steady() + skipped_;
    }
    void skip(domain::Duration time) { skipped_ += time; }

  private:
    runtime::SystemClock real_;
    domain::Duration skipped_{};
};

/// The text of a profile that we ship.
[[nodiscard]] std::string shipped_profile(const std::string& name);
/// The shipped profile of that name, or a profile's text, with the simulated world as base_url,
/// made into an adapter.
[[nodiscard]] std::unique_ptr<Adapter> make_portal_adapter(
    const std::string& base_url, const std::string& ca_file, const Services& services,
    const std::string& profile = "digicert-guest", const std::string& more = "{}");

class PortalFixture : public testing::Test {
  protected:
    static constexpr const char* kContact = "admin@example.net";

    static void SetUpTestSuite();
    static void TearDownTestSuite();
    PortalFixture();
    ~PortalFixture() override;

    /// A new issued order at the portal, and as the inventory knows it.
    domain::Order new_order(const std::string& status = "issued", const std::string& more = "");
    static domain::Order order(const std::string& id, const std::string& contact = kContact);
    FakeCore core(domain::Order order, domain::Params params);
    /// Signs in: the answer behind the right code.
    protocol::StepResult sign_in(FakeCore& core, const std::string& order_id);
    /// A CSR of a new P-256 key.
    static domain::ReissueParams reissue(const std::string& common_name,
                                         const std::string& reason = "server moved");
    static std::string name_of_order(const domain::Order& order) { return *order.common_name; }

    /// No code, cookie or CSRF-bearing session in anything that people may see.
    void expect_no_secret(const FakeCore& core);

    static SimWorld& world();

    boost::asio::io_context loop_;
    SkippingClock clock_;
    std::unique_ptr<transport::CurlHttpClient> http_;
    std::unique_ptr<transport::CurlSmtpClient> smtp_;
    Mailers mailers_;
    HostSecrets secrets_;
    std::unique_ptr<Adapter> adapter_;
    std::vector<std::string> codes_;
};

}  // namespace cabroker::adapters
