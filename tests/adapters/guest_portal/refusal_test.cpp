// What a portal says no to, and when: before our form, as its answer, on a page behind it, and long
// after it was taken.
#include <gmock/gmock.h>

#include "adapters/guest_portal/order_view.hpp"
#include "tests/adapters/guest_portal/portal_fixture.hpp"

namespace cabroker::adapters {
namespace {

using domain::Kind;
using protocol::ProofVerdict;
using testing::HasSubstr;

class GuestPortalRefusalTest : public PortalFixture {
  protected:
    GuestPortalRefusalTest()
        : order_(new_order()),
          core_(core(order_, reissue(*order_.common_name))),
          id_(*order_.supplier_order_id) {}
    ~GuestPortalRefusalTest() override { world().clear_faults(); }

    void reach_intent() {
        ASSERT_EQ(text_of(sign_in(core_, id_).answer), "intend once") << core_.shown;
    }
    void submit() {
        reach_intent();
        ASSERT_EQ(text_of(core_.leave().answer), "wait") << core_.shown;
    }
    /// Its page `news`, which a fault shows in any page's place, means `outcome`.
    std::unique_ptr<Adapter> where_news_mean(const std::string& outcome) {
        std::string profile = shipped_profile("digicert-guest");
        const auto put = [&](const std::string& before, const std::string& what) {
            const auto at = profile.find(before);
            ASSERT_NE(at, std::string::npos);
            profile.insert(at, what);
        };
        put("\n# What these pages mean", "  news: {xpath: \"//body[@id='page-news']\"}\n");
        put("  - {page: login_again, outcome: session_expired}",
            "  - {page: news, " + outcome + "}\n");
        const Services services{*http_, *smtp_, clock_, mailers_, secrets_};
        return make_portal_adapter(world().said("portal"), world().said("ca_file"), services,
                                   profile);
    }

    domain::Order order_;
    FakeCore core_;
    std::string id_;
};

TEST_F(GuestPortalRefusalTest, APageBehindTheFormIsNoAnswerToIt) {
    const std::vector<std::string> outcomes{"outcome: unknown_order",
                                            "outcome: awaiting_approval",
                                            "outcome: guest_access_disabled",
                                            "outcome: wrong_contact",
                                            "outcome: not_supported_by_channel",
                                            "outcome: credentials_rejected",
                                            "rejected: odd"};
    for (const std::string& outcome : outcomes) {
        const domain::Order order = new_order();
        const std::string id = *order.supplier_order_id;
        const auto adapter = where_news_mean(outcome);
        FakeCore core(*adapter, loop_, order, reissue(*order.common_name));
        ASSERT_EQ(text_of(sign_in(core, id).answer), "intend once") << core.shown;
        world().fault("portal.order.page", "wrong_page");

        EXPECT_EQ(text_of(core.leave().answer), "unknown_outcome") << outcome;
        world().clear_faults();

        EXPECT_EQ(core.prove().verdict, ProofVerdict::done) << outcome;
        EXPECT_EQ(world().count(id, "reissues"), 1);
    }
}

TEST_F(GuestPortalRefusalTest, WhatWasSubmittedIsLookedAfterWhateverADownloadSays) {
    const auto adapter = where_news_mean("outcome: order_not_issued");
    FakeCore core(*adapter, loop_, order_, reissue(*order_.common_name));
    ASSERT_EQ(text_of(sign_in(core, id_).answer), "intend once");
    ASSERT_EQ(text_of(core.leave().answer), "wait");
    world().advance_clock("61m");
    world().fault("portal.download", "wrong_page");

    const auto no = core.step();
    ASSERT_EQ(text_of(no.answer), "unreachable") << core.shown;
    EXPECT_THAT(std::get<protocol::Unreachable>(no.answer).detail, HasSubstr("order_not_issued"));
    world().clear_faults();

    EXPECT_EQ(text_of(core.step().answer), "done issued");
}

TEST_F(GuestPortalRefusalTest, WhatWasSubmittedIsLookedAfterWhateverASignInSays) {
    submit();
    core_.forget_session();
    ASSERT_EQ(text_of(core_.go().answer), "need access_code");
    codes_.emplace_back("WRONGC0DE");
    for (int left = 3; left > 0; --left) {
        core_.give("access_code", "WRONGC0DE");
        const auto said = core_.step();
        EXPECT_EQ(text_of(said.answer), left > 1 ? "need access_code" : "unreachable");
    }
    world().control("POST", "/orders/" + id_, R"({"guest_access":"disabled"})");
    const auto closed = core_.go();
    ASSERT_EQ(text_of(closed.answer), "unreachable") << core_.shown;
    const auto& later = std::get<protocol::Unreachable>(closed.answer);
    EXPECT_THAT(later.detail, HasSubstr("guest_access_disabled"));
    EXPECT_GE(later.retry_after.value_or(domain::Duration(0)), std::chrono::minutes(15));
}

TEST_F(GuestPortalRefusalTest, CodesThatExpireAreAskedForEverLessOften) {
    submit();
    core_.forget_session();
    std::vector<domain::Duration> pauses;
    while (pauses.size() < 5) {
        const auto said = core_.go();
        if (need_of(said, "access_code") != nullptr) {
            core_.give("access_code", world().code_for(kContact, id_));
            world().advance_clock("3h");
            continue;
        }
        const auto* const later = std::get_if<protocol::Unreachable>(&said.answer);
        ASSERT_NE(later, nullptr) << text_of(said.answer);
        pauses.push_back(later->retry_after.value_or(domain::Duration(0)));
    }
    EXPECT_GE(pauses.front(), std::chrono::minutes(15));
    EXPECT_GE(pauses.back(), 4 * pauses.front());
}

TEST_F(GuestPortalRefusalTest, ASignInThatWasMeantAndNotBegunTakesNoLeaveOfAForm) {
    FakeCore other = core(order_, domain::StatusParams());
    ASSERT_EQ(text_of(other.go().answer), "need access_code");
    ASSERT_EQ(text_of(core_.step().answer), "intend repeatable") << "it waits in line";
    other.give("access_code", world().code_for(kContact, id_));
    ASSERT_EQ(text_of(other.step().answer), "done status_read");
    core_.use_session_of(other);
    ASSERT_EQ(text_of(core_.step().answer), "intend once");

    EXPECT_EQ(text_of(core_.leave().answer), "wait") << core_.shown;

    EXPECT_EQ(world().count(id_, "reissues"), 1);
}

TEST_F(GuestPortalRefusalTest, ThePageBehindACodeIsReadAgainOnlyAsLongAsTheCodeLives) {
    FakeCore asks = core(order_, domain::StatusParams());
    asks.go();
    asks.give("access_code", world().code_for(kContact, id_));
    world().fault("portal.order.page", "status_500", R"(,"times":0)");
    EXPECT_EQ(text_of(asks.step().answer), "unreachable");
    const auto pages = world().calls("portal.order.page");

    asks.now += std::chrono::hours(3);
    EXPECT_EQ(text_of(asks.step().answer), "intend repeatable") << "a new sign-in";
    EXPECT_EQ(world().calls("portal.order.page"), pages);
}

TEST_F(GuestPortalRefusalTest, ACodeThatWasNeverSentIsInNoDoubt) {
    FakeCore asks = core(order_, domain::StatusParams());
    asks.go();
    codes_.emplace_back("WRONGC0DE");
    asks.give("access_code", "WRONGC0DE");
    world().fault("portal.code.page", "status_500");
    EXPECT_EQ(text_of(asks.step().answer), "unreachable");

    const auto again = asks.step();

    const domain::Need* const need = need_of(again, "access_code");
    ASSERT_NE(need, nullptr) << text_of(again.answer);
    EXPECT_EQ(need->attempts_left, 2);
}

TEST_F(GuestPortalRefusalTest, AReasonThatThePortalCutsIsNotAnothers) {
    const auto shown = [](const std::string& reason) {
        guest_portal::OrderView view;
        view.reissues.push_back({"pending", reason, ""});
        return view.shows_another(Kind::reissue, "Server moved to Vienna");
    };
    EXPECT_TRUE(shown("lost key"));
    EXPECT_FALSE(shown("server moved..."));
    EXPECT_FALSE(shown("SERVER MOVED TO VIENNA (by guest)"));
    EXPECT_FALSE(shown(""));
    EXPECT_FALSE(guest_portal::OrderView().shows_another(Kind::reissue, "any"));
}

}  // namespace
}  // namespace cabroker::adapters
