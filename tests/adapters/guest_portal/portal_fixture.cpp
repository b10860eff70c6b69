#include "tests/adapters/guest_portal/portal_fixture.hpp"

#include <boost/json.hpp>

#include "adapters/portal/browser.hpp"
#include "adapters/portal/redaction.hpp"
#include "config/adapter_settings.hpp"
#include "config/shipped.hpp"
#include "config/yaml.hpp"
#include "tests/pki/make_pki.hpp"

namespace cabroker::adapters {

namespace {

std::unique_ptr<SimWorld> the_world;
int orders_made = 0;

}  // namespace

std::string shipped_profile(const std::string& name) {
    return std::string(*config::shipped_file("profiles/" + name + ".yaml"));
}

std::unique_ptr<Adapter> make_portal_adapter(const std::string& base_url,
                                             const std::string& ca_file, const Services& services,
                                             const std::string& profile, const std::string& more) {
    const bool is_text = profile.find('\n') != std::string::npos;
    std::vector<config::Problem> problems;
    const std::string text = is_text ? profile : shipped_profile(profile);
    boost::json::object settings = boost::json::parse(more).as_object();
    settings["type"] = "guest_portal";
    settings["profile"] = config::read_yaml(text, "profile", "", problems).value;
    settings["base_url"] = base_url;
    if (!ca_file.empty()) settings["ca_file"] = ca_file;
    auto adapter = make_adapter("portal", boost::json::serialize(settings), services);
    if (!adapter) throw std::runtime_error(adapter.error().detail);
    return std::move(*adapter);
}

void PortalFixture::SetUpTestSuite() {
    // Reissues wait until a test moves the clock.
    if (!the_world)
        the_world = std::make_unique<SimWorld>(std::vector<std::string>{"--issue-delay", "1h"});
}
void PortalFixture::TearDownTestSuite() { the_world.reset(); }
SimWorld& PortalFixture::world() { return *the_world; }

PortalFixture::PortalFixture()
    : http_(std::make_unique<transport::CurlHttpClient>(loop_.get_executor())),
      smtp_(std::make_unique<transport::CurlSmtpClient>(loop_.get_executor())) {
    const Services services{*http_, *smtp_, clock_, mailers_, secrets_};
    adapter_ = make_portal_adapter(world().said("portal"), world().said("ca_file"), services);
    world().clear_faults();
}

PortalFixture::~PortalFixture() = default;

domain::Order PortalFixture::order(const std::string& id, const std::string& contact) {
    domain::Order order;
    order.id = domain::OrderId(domain::Time{}, {1});
    order.brand = domain::Brand::rapidssl;
    order.supplier_order_id = id;
    order.admin_email = contact;
    return order;
}

domain::Order PortalFixture::new_order(const std::string& status, const std::string& more) {
    const std::string number = std::to_string(910000000 + ++orders_made);
    const std::string name = "www" + std::to_string(orders_made) + ".example.net";
    world().add_order(number, name, status, more);
    domain::Order made = order(number);
    made.common_name = name;
    return made;
}

FakeCore PortalFixture::core(domain::Order of, domain::Params params) {
    return {*adapter_, loop_, std::move(of), std::move(params)};
}

protocol::StepResult PortalFixture::sign_in(FakeCore& core, const std::string& order_id) {
    const protocol::StepResult asked = core.go();
    EXPECT_EQ(text_of(asked.answer), "need access_code");
    codes_.push_back(world().code_for(kContact, order_id));
    core.give("access_code", codes_.back());
    return core.step();
}

domain::ReissueParams PortalFixture::reissue(const std::string& common_name,
                                             const std::string& reason) {
    domain::ReissueParams params;
    params.csr = test_pki::make_csr(test_pki::make_ec_key(), common_name);
    params.validation_method = domain::ValidationMethod::dns_txt_token;
    params.reason = reason;
    return params;
}

void PortalFixture::expect_no_secret(const FakeCore& core) {
    for (const std::string& code : codes_) {
        EXPECT_EQ(core.shown.find(code), std::string::npos) << "an access code is shown";
    }
    const auto state = portal::BrowserState::parse(core.jar());
    if (!state) return;
    for (const std::string& cookie : portal::cookie_values(state->jar)) {
        EXPECT_EQ(core.shown.find(cookie), std::string::npos) << "a session cookie is shown";
    }
}

}  // namespace cabroker::adapters
