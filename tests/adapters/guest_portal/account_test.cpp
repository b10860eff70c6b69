// Portals that one signs in to with an account: the Certificate Desk (HTML, sessions) and the
// Services API (JSON, a key in a header), by their shipped profiles at the simulated world.
#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "pki/certificate.hpp"
#include "pki/csr.hpp"
#include "tests/adapters/guest_portal/portal_fixture.hpp"

namespace cabroker::adapters {
namespace {

using domain::EffectClass;
using domain::OrderStatus;
using protocol::ProofVerdict;
using testing::HasSubstr;
using testing::Not;

struct Place {
    std::string profile;
    std::string said;
    std::string user;
    std::string password;
};

std::string name_of(const testing::TestParamInfo<Place>& place) {
    return place.param.said == "desk_portal" ? "Desk" : "ServicesApi";
}

class AccountPortalFixture : public PortalFixture {
  protected:
    void at(const Place& place) {
        place_ = place;
        const Services services{*http_, *smtp_, clock_, mailers_, secrets_};
        adapter_ = make_portal_adapter(world().said(place.said), world().said("ca_file"), services,
                                       place.profile,
                                       R"({"accounts":{"main":{"user":")" + place.user + R"("}}})");
    }
    FakeCore core_at(const domain::Order& order, domain::Params params) {
        FakeCore made = core(order, std::move(params));
        made.account = {"main", place_.user, place_.password};
        return made;
    }
    /// Revoke of the order's first certificate alone.
    static domain::RevokeParams revoke_of_one(const domain::Order& order,
                                              const std::string& reason = "key lost") {
        const auto books = world().control("GET", "/books");
        const auto& own = books.at("orders").at(*order.supplier_order_id).at("certificates").at(0);
        domain::RevokeParams revoke;
        revoke.reason = reason;
        revoke.scope = domain::RevokeScope::certificate;
        revoke.serial = std::string(own.at("serial").as_string());
        return revoke;
    }
    static std::int64_t certificate_revokes(const domain::Order& order) {
        return world().count(*order.supplier_order_id, "certificate_revokes");
    }
    void expect_no_password(const FakeCore& core) {
        EXPECT_THAT(core.shown, Not(HasSubstr(place_.password)));
        expect_no_secret(core);
    }

    Place place_;
};

class AccountPortalTest : public AccountPortalFixture, public testing::WithParamInterface<Place> {
  protected:
    AccountPortalTest() { at(GetParam()); }
};

TEST_P(AccountPortalTest, ReadsTheStatusWithoutAskingAnybody) {
    const domain::Order order = new_order();
    FakeCore core = core_at(order, domain::StatusParams());

    const auto result = core.step();

    ASSERT_EQ(text_of(result.answer), "done status_read") << core.shown;
    EXPECT_EQ(result.status->status, OrderStatus::issued);
    EXPECT_EQ(core.count(EffectClass::repeatable), 0U);
    expect_no_password(core);
}

TEST_P(AccountPortalTest, ReissuesOnceTellsWhatToPublishAndProvesTheKey) {
    const domain::Order order = new_order("issued", R"(,"dcv":"manual")");
    const std::string& id = *order.supplier_order_id;
    FakeCore core = core_at(order, reissue(*order.common_name));

    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;
    EXPECT_EQ(world().count(id, "reissues"), 0);
    ASSERT_EQ(text_of(core.leave().answer), "wait") << core.shown;
    EXPECT_EQ(world().count(id, "reissues"), 1);

    const auto pending = core.step();
    const domain::Need* need = need_of(pending, "dcv_publication");
    ASSERT_NE(need, nullptr) << text_of(pending.answer) << core.shown;
    EXPECT_EQ(need->details.at("domain"), *order.common_name);
    EXPECT_EQ(need->details.at("method"), "dns-txt-token");
    EXPECT_FALSE(need->details.at("value").empty());
    EXPECT_FALSE(need->details.at("where").empty());
    EXPECT_TRUE(need->expires_at.has_value());

    world().control("POST", "/orders/" + id + "/dcv");
    world().advance_clock("61m");
    const auto done = core.step();

    ASSERT_EQ(text_of(done.answer), "done issued") << core.shown;
    ASSERT_FALSE(done.certificates.empty());
    const auto& csr = std::get<domain::ReissueParams>(core.params).csr;
    EXPECT_EQ(pki::Certificate::from_der(done.certificates[0])->spki_sha256(),
              pki::inspect_csr(csr).key->spki_sha256);
    EXPECT_EQ(world().count(id, "reissues"), 1);
    expect_no_password(core);
}

TEST_P(AccountPortalTest, ALostAnswerToAReissueIsProvenByItsReason) {
    const domain::Order order = new_order();
    FakeCore core = core_at(order, reissue(*order.common_name));
    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;
    core.leave_and_lose_the_answer();

    const auto proof = core.prove();

    EXPECT_EQ(proof.verdict, ProofVerdict::done) << proof.detail;
    EXPECT_EQ(world().count(*order.supplier_order_id, "reissues"), 1);
}

TEST_P(AccountPortalTest, AFormThatReachedThePortalTwiceIsProvenDoneAndNotRefused) {
    const std::string submit =
        GetParam().said == "desk_portal" ? "desk_portal.reissue.confirm" : "api.reissue";
    const domain::Order order = new_order();
    FakeCore core = core_at(order, reissue(*order.common_name));
    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;
    world().fault(submit, "repeated");

    EXPECT_EQ(text_of(core.leave().answer), "unknown_outcome") << core.shown;
    const auto proof = core.prove();

    EXPECT_EQ(proof.verdict, ProofVerdict::done) << proof.detail;
    EXPECT_EQ(world().count(*order.supplier_order_id, "reissues"), 1);
}

TEST_P(AccountPortalTest, AnIntentWithoutLeaveIsProvenNotDone) {
    const domain::Order order = new_order();
    FakeCore core = core_at(order, reissue(*order.common_name));
    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;

    EXPECT_EQ(core.prove().verdict, ProofVerdict::not_done);
}

TEST_P(AccountPortalTest, ASecondReissueWhileOneIsPendingIsAClearConflict) {
    const domain::Order order = new_order("issued", R"(,"dcv":"manual")");
    FakeCore first = core_at(order, reissue(*order.common_name));
    ASSERT_EQ(text_of(first.step().answer), "intend once") << first.shown;
    ASSERT_EQ(text_of(first.leave().answer), "wait") << first.shown;

    FakeCore second = core_at(order, reissue(*order.common_name));

    EXPECT_EQ(text_of(second.step().answer), "rejected reissue_already_pending") << second.shown;
}

TEST_P(AccountPortalTest, RevokesTheOrderAndCancelsAReissue) {
    const domain::Order order = new_order();
    domain::RevokeParams revoke;
    revoke.reason = "no longer used";
    revoke.reason_code = domain::ReasonCode::superseded;
    FakeCore core = core_at(order, revoke);
    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;
    ASSERT_EQ(text_of(core.leave().answer), "wait") << core.shown;
    EXPECT_EQ(text_of(core.step().answer), "done revoked") << core.shown;
    EXPECT_EQ(world().count(*order.supplier_order_id, "revokes"), 1);

    const domain::Order pending = new_order("issued", R"(,"dcv":"manual")");
    FakeCore asked = core_at(pending, reissue(*pending.common_name));
    ASSERT_EQ(text_of(asked.step().answer), "intend once") << asked.shown;
    ASSERT_EQ(text_of(asked.leave().answer), "wait") << asked.shown;
    FakeCore cancel = core_at(pending, domain::CancelParams{"asked by mistake"});
    ASSERT_EQ(text_of(cancel.step().answer), "intend once") << cancel.shown;
    ASSERT_EQ(text_of(cancel.leave().answer), "wait") << cancel.shown;
    EXPECT_EQ(text_of(cancel.step().answer), "done canceled") << cancel.shown;
    EXPECT_EQ(world().count(*pending.supplier_order_id, "cancels"), 1);
}

TEST_P(AccountPortalTest, DownloadsTheWholeChain) {
    FakeCore core = core_at(new_order(), domain::DownloadParams());

    const auto result = core.step();

    EXPECT_EQ(text_of(result.answer), "done downloaded") << core.shown;
    EXPECT_GE(result.certificates.size(), 2U);
}

TEST_P(AccountPortalTest, WrongCredentialsAreAMisconfigurationAndNotTriedAgain) {
    const domain::Order order = new_order();
    FakeCore core = core_at(order, domain::StatusParams());
    core.account[2] = "wrong-password";

    const auto refused = core.step();
    ASSERT_EQ(text_of(refused.answer), "misconfigured") << core.shown;
    EXPECT_THAT(std::get<protocol::Misconfigured>(refused.answer).detail,
                HasSubstr("adapters.portal.accounts.main"));
    for (int again = 0; again < 10; ++again) {
        EXPECT_EQ(text_of(core.step().answer), "misconfigured");
    }
    EXPECT_THAT(core.shown, Not(HasSubstr("wrong-password")));

    core.account[2] = place_.password;
    EXPECT_EQ(text_of(core.step().answer), "done status_read")
        << "ten more wrong sign-ins would have locked the account: " << core.shown;
}

TEST_P(AccountPortalTest, SaysWhichAccountIsMissing) {
    const domain::Order order = new_order();
    FakeCore core = core_at(order, domain::StatusParams());
    core.account.clear();

    EXPECT_EQ(text_of(core.step().answer), "rejected missing_facts");
}

TEST_P(AccountPortalTest, AnOrderOfAnotherAccountIsUnknown) {
    FakeCore core = core_at(order("999999999"), domain::StatusParams());

    EXPECT_EQ(text_of(core.step().answer), "rejected unknown_order") << core.shown;
}

INSTANTIATE_TEST_SUITE_P(Profiles, AccountPortalTest,
                         testing::Values(Place{"certificate-desk", "desk_portal", "hauptkonto",
                                               "Haupt-Kennwort-1"},
                                         Place{"digicert-services-v2", "services_api", "hauptkonto",
                                               "SIMKEY-MAIN-ADMIN-5DQ2"}),
                         name_of);

class CertificateDeskTest : public AccountPortalFixture {
  protected:
    CertificateDeskTest() {
        at(Place{"certificate-desk", "desk_portal", "hauptkonto", "Haupt-Kennwort-1"});
    }
};

TEST_F(CertificateDeskTest, OneSessionServesAllOrdersOfTheAccount) {
    FakeCore first = core_at(new_order(), domain::StatusParams());
    ASSERT_EQ(text_of(first.step().answer), "done status_read") << first.shown;
    ASSERT_TRUE(first.has_session());
    FakeCore second = core_at(new_order(), domain::StatusParams());
    second.use_session_of(first);

    ASSERT_EQ(text_of(second.step().answer), "done status_read") << second.shown;
    EXPECT_THAT(second.shown, Not(HasSubstr("signed in"))) << "the session was used";
}

TEST_F(CertificateDeskTest, ADeadSessionIsReplacedInTheSameStep) {
    FakeCore core = core_at(new_order(), domain::StatusParams());
    ASSERT_EQ(text_of(core.step().answer), "done status_read") << core.shown;
    world().advance_clock("3h");

    EXPECT_EQ(text_of(core.step().answer), "done status_read") << core.shown;
}

TEST_F(CertificateDeskTest, AFormThatIsTooOldIsSentAnewOnceItsProofSaysThatNothingWasDone) {
    const domain::Order order = new_order();
    FakeCore core = core_at(order, reissue(*order.common_name));
    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;
    world().advance_clock("16m");

    EXPECT_EQ(text_of(core.leave().answer), "unknown_outcome") << core.shown;
    EXPECT_EQ(core.prove().verdict, ProofVerdict::not_done) << core.shown;

    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;
    EXPECT_EQ(text_of(core.leave().answer), "wait") << core.shown;
    EXPECT_EQ(world().count(*order.supplier_order_id, "reissues"), 1);
}

TEST_F(CertificateDeskTest, RevokesOneCertificateByItsSerialNumber) {
    const domain::Order order = new_order();
    const domain::RevokeParams revoke = revoke_of_one(order);
    FakeCore core = core_at(order, revoke);

    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;
    ASSERT_EQ(text_of(core.leave().answer), "wait") << core.shown;
    const auto done = core.step();

    ASSERT_EQ(text_of(done.answer), "done revoked") << core.shown;
    EXPECT_EQ(std::get<protocol::Done>(done.answer).revoked_serial, revoke.serial);
    EXPECT_EQ(done.status->status, OrderStatus::issued) << "the order goes on";

    FakeCore again = core_at(order, revoke);
    EXPECT_EQ(text_of(again.step().answer), "rejected already_revoked") << again.shown;
}

TEST_F(CertificateDeskTest, ALostAnswerToTheRevokeOfOneIsProvenByItsReasonOnly) {
    const domain::Order order = new_order();
    FakeCore core = core_at(order, revoke_of_one(order));
    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;
    EXPECT_EQ(core.prove().verdict, ProofVerdict::not_done);
    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;
    core.leave_and_lose_the_answer();
    EXPECT_EQ(core.prove().verdict, ProofVerdict::done);
    EXPECT_EQ(text_of(core.step().answer), "done revoked") << core.shown;

    const domain::Order other = new_order();
    FakeCore late = core_at(other, revoke_of_one(other));
    ASSERT_EQ(text_of(late.step().answer), "intend once") << late.shown;
    FakeCore first = core_at(other, revoke_of_one(other, "somebody else's"));
    ASSERT_EQ(text_of(first.step().answer), "intend once") << first.shown;
    ASSERT_EQ(text_of(first.leave().answer), "wait") << first.shown;

    EXPECT_EQ(late.prove().verdict, ProofVerdict::cannot_tell) << "revoked, and not by us";
    EXPECT_EQ(certificate_revokes(other), 1);
}

class ServicesApiTest : public AccountPortalFixture {
  protected:
    ServicesApiTest() {
        at(Place{"digicert-services-v2", "services_api", "hauptkonto", "SIMKEY-MAIN-ADMIN-5DQ2"});
        world().control("POST", "/accounts",
                        R"({"name":"freigabe","account":"main","password":"Frei-Kennwort-5",)"
                        R"("api_key":"SIMKEY-MAIN-APPROVE-9WQ1","role":"admin"})");
    }
    /// Another login decides on the order's newest request.
    void decide(const domain::Order& order, const std::string& status) {
        const auto told =
            api("GET", "/services/v2/request?order_id=" + *order.supplier_order_id, "");
        const auto id = told.at("requests").at(0).at("id").as_int64();
        api("PUT", "/services/v2/request/" + std::to_string(id) + "/status",
            R"({"status":")" + status + R"("})");
    }

  private:
    boost::json::value api(const std::string& method, const std::string& path,
                           const std::string& body) {
        transport::HttpRequest request(method, world().said("services_api") + path);
        request.headers.emplace_back("X-DC-DEVKEY", "SIMKEY-MAIN-APPROVE-9WQ1");
        request.body = body;
        if (!body.empty()) request.content_type = "application/json";
        request.ca_file = world().said("ca_file");
        const auto answer = await(loop_, http_->perform(std::move(request)));
        EXPECT_TRUE(answer && answer->status / 100 == 2) << method << ' ' << path;
        return answer && !answer->body.empty() ? boost::json::parse(answer->body)
                                               : boost::json::value();
    }
};

TEST_F(ServicesApiTest, TheRevokeOfOneCertificateCountsOnceItIsApproved) {
    const domain::Order order = new_order();
    const domain::RevokeParams revoke = revoke_of_one(order);
    FakeCore core = core_at(order, revoke);
    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;
    EXPECT_EQ(core.prove().verdict, ProofVerdict::not_done);
    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;
    core.leave_and_lose_the_answer();
    EXPECT_EQ(core.prove().verdict, ProofVerdict::done) << "our comment stands at the order";

    const auto waits = core.step();
    ASSERT_EQ(text_of(waits.answer), "wait") << core.shown;
    EXPECT_THAT(std::get<protocol::Wait>(waits.answer).reason, HasSubstr("approval"));
    EXPECT_EQ(certificate_revokes(order), 0);

    decide(order, "approved");
    const auto done = core.step();

    ASSERT_EQ(text_of(done.answer), "done revoked") << core.shown;
    EXPECT_EQ(std::get<protocol::Done>(done.answer).revoked_serial, revoke.serial);
    EXPECT_EQ(certificate_revokes(order), 1);
    expect_no_password(core);
}

TEST_F(ServicesApiTest, ARevokeThatNobodyApprovesIsRejected) {
    const domain::Order order = new_order();
    FakeCore core = core_at(order, revoke_of_one(order));
    ASSERT_EQ(text_of(core.step().answer), "intend once") << core.shown;
    ASSERT_EQ(text_of(core.leave().answer), "wait") << core.shown;

    decide(order, "rejected");

    EXPECT_EQ(text_of(core.step().answer), "rejected approval_rejected") << core.shown;
    EXPECT_EQ(certificate_revokes(order), 0);
}

TEST_F(ServicesApiTest, ACertificateOfAnotherOrderIsNotRevoked) {
    const domain::Order order = new_order();
    FakeCore core = core_at(order, revoke_of_one(new_order()));

    EXPECT_EQ(text_of(core.step().answer), "rejected unknown_certificate") << core.shown;
}

TEST_F(ServicesApiTest, ACancelBySomebodyElseIsNotClaimed) {
    const domain::Order order = new_order("reissue_pending");
    FakeCore late = core_at(order, domain::CancelParams{"not needed"});
    ASSERT_EQ(text_of(late.step().answer), "intend once") << late.shown;
    FakeCore first = core_at(order, domain::CancelParams{"somebody else's"});
    ASSERT_EQ(text_of(first.step().answer), "intend once") << first.shown;
    ASSERT_EQ(text_of(first.leave().answer), "wait") << first.shown;

    EXPECT_EQ(late.prove().verdict, ProofVerdict::cannot_tell);
}

}  // namespace
}  // namespace cabroker::adapters
