// Status, download, revoke and cancel at the simulated portal, and pages gone wrong.
#include <gmock/gmock.h>

#include "pki/certificate.hpp"
#include "tests/adapters/guest_portal/portal_fixture.hpp"

namespace cabroker::adapters {
namespace {

using domain::OrderStatus;
using protocol::ProofVerdict;
using testing::HasSubstr;

class GuestPortalActionsTest : public PortalFixture {
  protected:
    static domain::RevokeParams revoke() {
        domain::RevokeParams params;
        params.reason = "key lost";
        return params;
    }
};

TEST_F(GuestPortalActionsTest, OffersWhatTheProfileDescribes) {
    const protocol::Capabilities ours = adapter_->capabilities();

    EXPECT_EQ(ours.type, "guest_portal");
    EXPECT_EQ(ours.kinds.size(), 5U);
    EXPECT_EQ(ours.sessions, protocol::SessionBinding::order_and_contact);

    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::TransferParams());
    EXPECT_EQ(text_of(core.step().answer), "unsupported");
}

TEST_F(GuestPortalActionsTest, AWordNeverSeenBeforeIsKeptAsItIs) {
    const domain::Order order = new_order("waiting_pickup");
    FakeCore core = this->core(order, domain::StatusParams());

    const auto result = sign_in(core, *order.supplier_order_id);

    EXPECT_EQ(text_of(result.answer), "done status_read");
    EXPECT_EQ(result.status->status, OrderStatus::unknown);
    EXPECT_EQ(result.status->raw, "waiting_pickup");
}

TEST_F(GuestPortalActionsTest, DownloadsTheChainLeafFirst) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::DownloadParams());

    const auto result = sign_in(core, *order.supplier_order_id);

    EXPECT_EQ(text_of(result.answer), "done downloaded");
    ASSERT_EQ(result.certificates.size(), 3U);
    EXPECT_FALSE(pki::Certificate::from_der(result.certificates[0])->is_ca());
}

TEST_F(GuestPortalActionsTest, ADownloadIsTheCertificateThatThePageShows) {
    std::string profile = shipped_profile("digicert-guest");
    const std::string serial = "@id='serial-number'";
    profile.replace(profile.find(serial), serial.size(), "@id='order-id'");
    const Services services{*http_, *smtp_, clock_, mailers_, secrets_};
    adapter_ =
        make_portal_adapter(world().said("portal"), world().said("ca_file"), services, profile);
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::DownloadParams());

    const auto result = sign_in(core, *order.supplier_order_id);

    ASSERT_EQ(text_of(result.answer), "misconfigured");
    EXPECT_THAT(std::get<protocol::Misconfigured>(result.answer).detail,
                HasSubstr("shows the serial number " + *order.supplier_order_id));
    EXPECT_TRUE(result.certificates.empty());
}

TEST_F(GuestPortalActionsTest, ThereIsNothingToDownloadBeforeTheFirstIssue) {
    const domain::Order order = new_order("pending");
    FakeCore core = this->core(order, domain::DownloadParams());

    EXPECT_EQ(text_of(sign_in(core, *order.supplier_order_id).answer), "rejected order_not_issued");
}

TEST_F(GuestPortalActionsTest, RevokesAfterConfirmationAndBelievesOnlyTheStatus) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, revoke());
    ASSERT_EQ(text_of(sign_in(core, *order.supplier_order_id).answer), "intend once");
    EXPECT_EQ(world().count(*order.supplier_order_id, "revokes"), 0);

    EXPECT_EQ(text_of(core.leave().answer), "wait");
    const auto result = core.step();

    EXPECT_EQ(text_of(result.answer), "done revoked");
    EXPECT_EQ(result.status->status, OrderStatus::revoked);
    EXPECT_EQ(world().count(*order.supplier_order_id, "revokes"), 1);
    expect_no_secret(core);
}

TEST_F(GuestPortalActionsTest, ALostAnswerToARevokeIsProvenByStatusAndReason) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, revoke());
    sign_in(core, *order.supplier_order_id);
    world().fault("portal.revoke.confirm", "drop_before");
    EXPECT_EQ(text_of(core.leave().answer), "unknown_outcome");
    EXPECT_EQ(core.prove().verdict, ProofVerdict::not_done);

    EXPECT_EQ(text_of(core.step().answer), "intend once");
    world().fault("portal.revoke.confirm", "drop_after_commit");
    EXPECT_EQ(text_of(core.leave().answer), "unknown_outcome");
    EXPECT_EQ(core.prove().verdict, ProofVerdict::done);

    EXPECT_EQ(text_of(core.step().answer), "done revoked");
    EXPECT_EQ(world().count(*order.supplier_order_id, "revokes"), 1);
}

TEST_F(GuestPortalActionsTest, ARevokeThatReachedThePortalTwiceIsProvenDoneAndNotRefused) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, revoke());
    ASSERT_EQ(text_of(sign_in(core, *order.supplier_order_id).answer), "intend once");
    world().fault("portal.revoke.confirm", "repeated");
    EXPECT_EQ(text_of(core.leave().answer), "unknown_outcome");
    EXPECT_EQ(core.prove().verdict, ProofVerdict::done);

    EXPECT_EQ(text_of(core.step().answer), "done revoked");
    EXPECT_EQ(world().count(*order.supplier_order_id, "revokes"), 1);
}

TEST_F(GuestPortalActionsTest, AReasonCodeWithoutAWordIsSentAsText) {
    const domain::Order order = new_order();
    domain::RevokeParams lost = revoke();
    lost.reason_code = domain::ReasonCode::key_compromise;
    FakeCore core = this->core(order, lost);
    ASSERT_EQ(text_of(sign_in(core, *order.supplier_order_id).answer), "intend once");
    EXPECT_THAT(core.shown, HasSubstr("key lost (key_compromise)"));
    world().fault("portal.revoke.confirm", "drop_after_commit");
    EXPECT_EQ(text_of(core.leave().answer), "unknown_outcome");

    EXPECT_EQ(core.prove().verdict, ProofVerdict::done) << "proven by the very text";
}

TEST_F(GuestPortalActionsTest, RefusesRevokesThatThePortalCannotDo) {
    domain::RevokeParams one = revoke();
    one.scope = domain::RevokeScope::certificate;
    FakeCore single = core(new_order(), one);
    EXPECT_EQ(text_of(single.step().answer), "unsupported");

    const domain::Order locked = new_order("issued", R"(,"revoke_allowed":false)");
    FakeCore core = this->core(locked, revoke());
    const auto result = sign_in(core, *locked.supplier_order_id);
    EXPECT_EQ(text_of(result.answer), "rejected revoke_not_allowed") << core.shown;

    const domain::Order pending = new_order("pending");
    FakeCore early = this->core(pending, revoke());
    EXPECT_EQ(text_of(sign_in(early, *pending.supplier_order_id).answer), "rejected order_pending");
}

TEST_F(GuestPortalActionsTest, CancelsAPendingReissueAndNothingElse) {
    const domain::Order order = new_order();
    FakeCore reissued = core(order, reissue(*order.common_name));
    sign_in(reissued, *order.supplier_order_id);
    reissued.leave();
    domain::CancelParams params;
    params.reason = "not needed";
    FakeCore core = this->core(order, params);
    ASSERT_EQ(text_of(sign_in(core, *order.supplier_order_id).answer), "intend once");
    EXPECT_EQ(text_of(core.leave().answer), "wait");

    EXPECT_EQ(text_of(core.step().answer), "done canceled");
    EXPECT_EQ(world().count(*order.supplier_order_id, "cancels"), 1);

    reissued.forget_session();
    EXPECT_EQ(text_of(sign_in(reissued, *order.supplier_order_id).answer),
              "rejected reissue_canceled");

    FakeCore again = this->core(order, params);
    EXPECT_EQ(text_of(sign_in(again, *order.supplier_order_id).answer), "rejected order_issued");
    const domain::Order pending = new_order("pending");
    FakeCore early = this->core(pending, params);
    const auto hinted = sign_in(early, *pending.supplier_order_id);
    EXPECT_EQ(text_of(hinted.answer), "rejected not_supported_by_channel");
    EXPECT_THAT(std::get<protocol::Rejected>(hinted.answer).hint,
                HasSubstr("Reseller Control Panel"));
}

TEST_F(GuestPortalActionsTest, ALostAnswerToACancelIsProvenByItsNoteOnly) {
    const domain::Order order = new_order("reissue_pending");
    FakeCore core = this->core(order, domain::CancelParams{"not needed"});
    ASSERT_EQ(text_of(sign_in(core, *order.supplier_order_id).answer), "intend once") << core.shown;
    EXPECT_EQ(core.prove().verdict, ProofVerdict::not_done);
    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;
    core.leave_and_lose_the_answer();
    EXPECT_EQ(core.prove().verdict, ProofVerdict::done);
    EXPECT_EQ(text_of(core.step().answer), "done canceled");

    const domain::Order other = new_order("reissue_pending");
    FakeCore late = this->core(other, domain::CancelParams{"not needed"});
    ASSERT_EQ(text_of(sign_in(late, *other.supplier_order_id).answer), "intend once") << late.shown;
    FakeCore first = this->core(other, domain::CancelParams{"somebody else's"});
    ASSERT_EQ(text_of(sign_in(first, *other.supplier_order_id).answer), "intend once");
    ASSERT_EQ(text_of(first.leave().answer), "wait") << first.shown;

    EXPECT_EQ(late.prove().verdict, ProofVerdict::cannot_tell) << "canceled, and not by us";
    EXPECT_EQ(world().count(*other.supplier_order_id, "cancels"), 1);
}

TEST_F(GuestPortalActionsTest, ThePageOfAnotherOrderIsNotBelieved) {
    const domain::Order order = new_order();
    const domain::Order other = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    sign_in(core, *order.supplier_order_id);
    FakeCore mixed_up = this->core(other, domain::StatusParams());
    mixed_up.use_session_of(core);

    const auto result = mixed_up.step();

    EXPECT_EQ(text_of(result.answer), "rejected unknown_page");
    EXPECT_THAT(std::get<protocol::Rejected>(result.answer).detail,
                HasSubstr(*order.supplier_order_id));
    EXPECT_FALSE(result.status.has_value());
}

TEST_F(GuestPortalActionsTest, EveryKindOfBrokenPageHasItsStatedAnswer) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    sign_in(core, *order.supplier_order_id);
    // A read on a kept connection may be repeated by libcurl, so drops last until they are cleared.
    const std::vector<std::pair<std::string, std::string>> cases{
        {"empty", "rejected unknown_page"},
        {"garbage", "rejected unknown_page"},
        {"wrong_page", "rejected unknown_page"},
        {"huge", "rejected unknown_page"},
        {"redirect_http", "rejected unknown_page"},
        {"redirect_host", "rejected unknown_page"},
        {"deep_tables", "rejected unknown_page"},
        {"charset", "rejected unknown_page"},
        {"status_500", "unreachable"},
        {"maintenance", "unreachable"},
        {"rate_limit", "unreachable"},
        {"drop_before", "unreachable"},
        {"close_without_answer", "unreachable"},
        {"truncate", "unreachable"},
        {"captcha", "need human_login"},
    };
    for (const auto& [fault, expected] : cases) {
        world().clear_faults();
        world().fault("portal.order.page", fault, R"(,"times":0)");

        EXPECT_EQ(text_of(core.step().answer), expected) << fault;
        EXPECT_FALSE(core.session_dropped) << fault;
        clock_.skip(std::chrono::minutes(10));  // as the portal's Retry-After asks
    }
    world().clear_faults();
    world().fault("portal.order.page", "charset", R"(,"detail":"iso-8859-1")");
    EXPECT_EQ(text_of(core.step().answer), "done status_read") << "another charset is read";
    EXPECT_EQ(text_of(core.step().answer), "done status_read") << "nothing was lost";
    expect_no_secret(core);
}

TEST_F(GuestPortalActionsTest, SessionsThatDoNotHoldEndTheRequestBeforeTheFourthSignIn) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, reissue(*order.common_name));
    world().fault("portal.reissue.page", "login_page", R"(,"times":0)");
    for (int i = 0; i < 2; ++i)
        ASSERT_EQ(text_of(sign_in(core, *order.supplier_order_id).answer), "intend repeatable");

    const auto result = sign_in(core, *order.supplier_order_id);

    EXPECT_EQ(text_of(result.answer), "rejected session_refused");
    EXPECT_EQ(world().count(*order.supplier_order_id, "reissues"), 0);
}

TEST_F(GuestPortalActionsTest, TwoFormsOfTheSameNameAreNotChosenFrom) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, reissue(*order.common_name));
    core.go();
    world().fault("portal.reissue.page", "duplicate_form");
    core.give("access_code", world().code_for(kContact, *order.supplier_order_id));

    const auto result = core.step();

    EXPECT_EQ(text_of(result.answer), "rejected unknown_page");
    EXPECT_EQ(result.evidence.size(), 1U);
    EXPECT_EQ(world().count(*order.supplier_order_id, "reissues"), 0);
}

TEST_F(GuestPortalActionsTest, ACertificateThatDoesNotVerifyGetsNoAddressAndNoCode) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    const Services services{*http_, *smtp_, clock_, mailers_, secrets_};
    const auto untrusting = make_portal_adapter(world().said("portal"), "", services);
    FakeCore blind(*untrusting, loop_, order, domain::StatusParams());
    blind.step();

    EXPECT_EQ(text_of(blind.leave().answer), "unreachable");
    EXPECT_EQ(world().count(*order.supplier_order_id, "logins"), 0);
}

}  // namespace
}  // namespace cabroker::adapters
