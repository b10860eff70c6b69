// Reissues at the simulated portal: sent once, proven by the certificate, never twice.
#include <gmock/gmock.h>

#include "pki/certificate.hpp"
#include "pki/csr.hpp"
#include "tests/adapters/guest_portal/portal_fixture.hpp"

namespace cabroker::adapters {
namespace {

using domain::EffectClass;
using domain::OrderStatus;
using protocol::ProofVerdict;
using testing::HasSubstr;

class GuestPortalReissueTest : public PortalFixture {
  protected:
    GuestPortalReissueTest()
        : order_(new_order()),
          core_(core(order_, reissue(*order_.common_name))),
          id_(*order_.supplier_order_id) {}

    /// Signed in, with the intent of the reissue answered.
    void reach_intent() {
        const auto intent = sign_in(core_, id_);
        ASSERT_EQ(text_of(intent.answer), "intend once") << core_.shown;
    }
    std::string key() const {
        return pki::inspect_csr(std::get<domain::ReissueParams>(core_.params).csr).key->spki_sha256;
    }
    void expect_issued(const protocol::StepResult& result) {
        EXPECT_EQ(text_of(result.answer), "done issued") << core_.shown;
        ASSERT_FALSE(result.certificates.empty());
        EXPECT_EQ(pki::Certificate::from_der(result.certificates[0])->spki_sha256(), key());
        EXPECT_EQ(world().count(id_, "reissues"), 1);
        expect_no_secret(core_);
    }

    domain::Order order_;
    FakeCore core_;
    std::string id_;
};

TEST_F(GuestPortalReissueTest, IsIntendedSentOnceAndDoneWhenOurKeyIsThere) {
    reach_intent();
    EXPECT_EQ(world().count(id_, "reissues"), 0) << "nothing before the leave";
    EXPECT_THAT(core_.effects.back().seen_before, HasSubstr("issued|"));

    EXPECT_EQ(text_of(core_.leave().answer), "wait");
    EXPECT_EQ(world().count(id_, "reissues"), 1);
    world().advance_clock("61m");
    const auto done = core_.step();

    expect_issued(done);
    EXPECT_EQ(done.status->status, OrderStatus::issued);
    EXPECT_EQ(core_.count(EffectClass::once), 1U);
}

TEST_F(GuestPortalReissueTest, AsksForANewSignInBeforeTheSessionOfAPendingReissueEnds) {
    reach_intent();
    EXPECT_EQ(text_of(core_.leave().answer), "wait");
    core_.now += std::chrono::minutes(115);

    EXPECT_EQ(text_of(core_.step().answer), "intend repeatable") << core_.shown;
    const std::string session = core_.jar();
    ASSERT_EQ(text_of(core_.leave().answer), "need access_code") << core_.shown;
    EXPECT_EQ(core_.jar(), session) << "the session that still lives is kept";

    core_.give("access_code", world().code_for(kContact, id_));
    const auto pending = core_.step();
    EXPECT_NE(need_of(pending, "dcv_publication"), nullptr) << text_of(pending.answer);
    EXPECT_NE(core_.jar(), session);
    EXPECT_EQ(world().count(id_, "reissues"), 1);
}

TEST_F(GuestPortalReissueTest, TellsWhatToPublishUntilItIsSaidToBeDone) {
    reach_intent();
    core_.leave();

    const auto asked = core_.step();
    const domain::Need* need = need_of(asked, "dcv_publication");
    ASSERT_NE(need, nullptr) << text_of(asked.answer);
    EXPECT_EQ(need->details.at("domain"), *order_.common_name);
    EXPECT_EQ(need->details.at("method"), "dns-txt-token");
    EXPECT_EQ(need->details.at("where"), *order_.common_name);
    EXPECT_FALSE(need->details.at("value").empty());
    EXPECT_TRUE(need->expires_at.has_value());
    EXPECT_EQ(asked.notes.size(), 1U);

    const auto still = core_.step();
    EXPECT_EQ(text_of(still.answer), "need dcv_publication") << "it stays asked for";
    EXPECT_TRUE(still.notes.empty()) << "but the timeline tells it once";

    core_.give("dcv_publication", "done");
    EXPECT_EQ(text_of(core_.step().answer), "wait");
    EXPECT_EQ(text_of(core_.step().answer), "wait");
}

TEST_F(GuestPortalReissueTest, TheMailMethodHasNothingToPublish) {
    std::get<domain::ReissueParams>(core_.params).validation_method =
        domain::ValidationMethod::email;
    reach_intent();
    core_.leave();

    EXPECT_EQ(text_of(core_.step().answer), "wait");
    EXPECT_THAT(core_.shown, HasSubstr("admin@" + *order_.common_name));
}

TEST_F(GuestPortalReissueTest, IsRefusedWhenTheOrderIsNotIssued) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"pending", "rejected order_pending"},
        {"processing", "rejected order_pending"},
        {"revoked", "rejected order_not_issued"},
        {"needs_csr", "rejected order_needs_csr"},
        {"needs_approval", "rejected order_needs_approval"},
        {"waiting_pickup", "rejected order_status_unknown"},
    };
    for (const auto& [status, expected] : cases) {
        const domain::Order order = new_order(status);
        FakeCore core = this->core(order, reissue(*order.common_name));

        EXPECT_EQ(text_of(sign_in(core, *order.supplier_order_id).answer), expected) << status;
        EXPECT_EQ(world().count(*order.supplier_order_id, "reissues"), 0);
    }
}

TEST_F(GuestPortalReissueTest, ASecondOneWhileOneIsPendingIsAConflict) {
    reach_intent();
    core_.leave();

    FakeCore second = core(order_, reissue(*order_.common_name, "other"));
    EXPECT_EQ(text_of(sign_in(second, id_).answer), "rejected reissue_already_pending");
    EXPECT_EQ(world().count(id_, "reissues"), 1);
}

TEST_F(GuestPortalReissueTest, ACsrThatThePortalRefusesEndsItWithThePortalsWords) {
    core_.params = reissue("other.example.org");
    reach_intent();

    const auto refused = core_.leave();

    EXPECT_EQ(text_of(refused.answer), "rejected csr_rejected");
    EXPECT_EQ(std::get<protocol::Rejected>(refused.answer).detail,
              "The common name in the CSR does not match the order.");
    EXPECT_EQ(refused.evidence.size(), 1U);
    EXPECT_EQ(world().count(id_, "reissues"), 0);
}

TEST_F(GuestPortalReissueTest, AnAnswerLostAfterTheCommitIsProvenDone) {
    reach_intent();
    world().fault("portal.reissue.submit", "drop_after_commit");
    EXPECT_EQ(text_of(core_.leave().answer), "unknown_outcome");

    EXPECT_EQ(core_.prove().verdict, ProofVerdict::done);
    world().advance_clock("61m");

    expect_issued(core_.step());
}

TEST_F(GuestPortalReissueTest, AnAnswerLostBeforeTheCommitIsProvenNotDoneAndSentAgain) {
    reach_intent();
    world().fault("portal.reissue.submit", "drop_before");
    EXPECT_EQ(text_of(core_.leave().answer), "unknown_outcome");
    EXPECT_EQ(core_.prove().verdict, ProofVerdict::not_done);

    EXPECT_EQ(text_of(core_.step().answer), "intend once") << "the form is filled in anew";
    EXPECT_EQ(text_of(core_.leave().answer), "wait");
    world().advance_clock("61m");

    expect_issued(core_.step());
}

TEST_F(GuestPortalReissueTest, AFormThatReachedThePortalTwiceIsProvenDoneAndNotRefused) {
    reach_intent();
    world().fault("portal.reissue.submit", "repeated");
    EXPECT_EQ(text_of(core_.leave().answer), "unknown_outcome");
    EXPECT_THAT(core_.shown, HasSubstr("already pending")) << "what the portal said is told";

    EXPECT_EQ(core_.prove().verdict, ProofVerdict::done);
    world().advance_clock("61m");

    expect_issued(core_.step());
}

TEST_F(GuestPortalReissueTest, ARefusalBecauseSomebodyElseWasFasterIsProvenAndEndsIt) {
    reach_intent();
    FakeCore other = core(order_, reissue(*order_.common_name, "somebody else's"));
    ASSERT_EQ(text_of(sign_in(other, id_).answer), "intend once");
    ASSERT_EQ(text_of(other.leave().answer), "wait");

    EXPECT_EQ(text_of(core_.leave().answer), "unknown_outcome");
    EXPECT_EQ(core_.prove().verdict, ProofVerdict::not_done);

    EXPECT_EQ(text_of(core_.step().answer), "rejected reissue_already_pending");
    EXPECT_EQ(world().count(id_, "reissues"), 1);
}

TEST_F(GuestPortalReissueTest, ARefusalThatTheOrderCannotExplainEndsItWithoutASecondForm) {
    reach_intent();
    world().fault("portal.reissue.submit", "repeated");
    world().fault("portal.order.page", "status_500");
    EXPECT_EQ(text_of(core_.leave().answer), "unknown_outcome");
    world().clear_faults();
    EXPECT_EQ(core_.prove().verdict, ProofVerdict::done);
    EXPECT_EQ(world().count(id_, "reissues"), 1);
}

TEST_F(GuestPortalReissueTest, AStepThatDiedWithItsAnswerIsProvenFromTheIntentsCookie) {
    reach_intent();
    core_.leave_and_lose_the_answer();
    world().advance_clock("61m");

    const auto proof = core_.prove();

    EXPECT_EQ(proof.verdict, ProofVerdict::done) << proof.detail;
    expect_issued(core_.step());
}

TEST_F(GuestPortalReissueTest, AProofWithoutASessionAsksForACode) {
    reach_intent();
    core_.leave_and_lose_the_answer();
    core_.forget_session();

    const auto asked = core_.prove();
    ASSERT_EQ(asked.verdict, ProofVerdict::need_input);
    ASSERT_EQ(asked.needs.size(), 1U);
    EXPECT_EQ(asked.needs[0].name, "access_code");
    EXPECT_EQ(core_.prove().verdict, ProofVerdict::need_input);
    EXPECT_EQ(world().count(id_, "codes_mailed"), 2) << "asked again, no second mail";

    core_.give("access_code", "WRONGC0DE");
    const auto wrong = core_.prove();
    ASSERT_EQ(wrong.verdict, ProofVerdict::need_input);
    EXPECT_EQ(wrong.needs[0].attempts_left, 2);

    core_.give("access_code", world().code_for(kContact, id_));
    EXPECT_EQ(core_.prove().verdict, ProofVerdict::done);
    EXPECT_EQ(world().count(id_, "reissues"), 1);
}

TEST_F(GuestPortalReissueTest, AnotherReissueOfTheOrderIsNoProof) {
    reach_intent();
    world().fault("portal.reissue.submit", "drop_before");
    core_.leave();
    FakeCore other = core(order_, reissue(*order_.common_name, "somebody else's"));
    ASSERT_EQ(text_of(sign_in(other, id_).answer), "intend once");
    other.leave();
    core_.forget_session();
    core_.prove();
    core_.give("access_code", world().code_for(kContact, id_));

    EXPECT_EQ(core_.prove().verdict, ProofVerdict::cannot_tell);
}

TEST_F(GuestPortalReissueTest, ACertificateOfSomebodyElseWithOurReasonIsLeftToAnOperator) {
    reach_intent();
    world().fault("portal.reissue.submit", "drop_before");
    core_.leave();
    FakeCore other = core(order_, reissue(*order_.common_name));
    ASSERT_EQ(text_of(sign_in(other, id_).answer), "intend once");
    other.leave();
    world().advance_clock("61m");
    core_.forget_session();
    core_.prove();
    core_.give("access_code", world().code_for(kContact, id_));

    const auto proof = core_.prove();

    EXPECT_EQ(proof.verdict, ProofVerdict::cannot_tell);
    EXPECT_THAT(proof.detail, HasSubstr("another key"));
    EXPECT_TRUE(proof.certificates.empty());
}

TEST_F(GuestPortalReissueTest, ACertificateWithAnotherKeyIsShownToTheCoreWhichDoubtsIt) {
    reach_intent();
    core_.leave();
    world().advance_clock("61m");
    FakeCore other = core(order_, reissue(*order_.common_name, "somebody else's"));
    ASSERT_EQ(text_of(sign_in(other, id_).answer), "intend once");
    other.leave();
    world().advance_clock("61m");

    ASSERT_EQ(text_of(core_.go().answer), "need access_code") << "two hours are over";
    core_.give("access_code", world().code_for(kContact, id_));

    const auto shown = core_.go();

    EXPECT_EQ(text_of(shown.answer), "done issued") << core_.shown;
    ASSERT_FALSE(shown.certificates.empty());
    EXPECT_NE(pki::Certificate::from_der(shown.certificates[0])->spki_sha256(), key());
}

TEST_F(GuestPortalReissueTest, TheLoginPageInPlaceOfAnyPageLosesNothingAndSendsNothingTwice) {
    reach_intent();
    world().fault("portal.reissue.submit", "login_page");
    EXPECT_EQ(text_of(core_.leave().answer), "unknown_outcome") << "the only safe word";
    EXPECT_EQ(core_.prove().verdict, ProofVerdict::need_input) << "that page ended the session";
    core_.give("access_code", world().code_for(kContact, id_));
    EXPECT_EQ(core_.prove().verdict, ProofVerdict::not_done);
    EXPECT_EQ(text_of(core_.step().answer), "intend once");
    EXPECT_EQ(text_of(core_.leave().answer), "wait");

    world().fault("portal.order.page", "login_page");
    EXPECT_EQ(text_of(core_.step().answer), "intend repeatable");
    EXPECT_TRUE(core_.session_dropped);
    EXPECT_EQ(text_of(core_.leave().answer), "need access_code");
    world().advance_clock("61m");
    core_.give("access_code", world().code_for(kContact, id_));

    expect_issued(core_.step());
}

TEST_F(GuestPortalReissueTest, WithLeaveAndWithoutASessionNothingIsSent) {
    reach_intent();
    core_.forget_session();

    EXPECT_EQ(text_of(core_.leave().answer), "unreachable");
    EXPECT_EQ(world().count(id_, "reissues"), 0);
    EXPECT_EQ(text_of(core_.step().answer), "intend repeatable");
}

TEST_F(GuestPortalReissueTest, PollingOutlivesAnUnknownPageAndKeepsItOnce) {
    reach_intent();
    core_.leave();
    world().fault("portal.order.page", "wrong_page", R"(,"times":2)");

    const auto first = core_.step();
    EXPECT_EQ(text_of(first.answer), "misconfigured");
    EXPECT_EQ(first.evidence.size(), 1U);
    const auto second = core_.step();
    EXPECT_EQ(text_of(second.answer), "misconfigured");
    EXPECT_TRUE(second.evidence.empty()) << "the same page is not kept again";

    world().advance_clock("61m");
    expect_issued(core_.step());
}

}  // namespace
}  // namespace cabroker::adapters
