// Signing in at the simulated portal: codes, contacts, attempts, sessions.
#include <gmock/gmock.h>

#include "json/time_text.hpp"
#include "tests/adapters/guest_portal/portal_fixture.hpp"

namespace cabroker::adapters {
namespace {

using domain::EffectClass;
using domain::OrderStatus;
using testing::HasSubstr;
using testing::Not;

class GuestPortalSignInTest : public PortalFixture {};

TEST_F(GuestPortalSignInTest, ThePageSaysWhenTheCodeEndsUnlessItsClockIsWrong) {
    const auto portals =
        json::parse_time(std::string_view(world().control("GET", "/clock").at("now").as_string()));
    ASSERT_TRUE(portals.has_value());
    const auto time_left = [&](std::chrono::minutes ahead) {
        FakeCore core = this->core(new_order(), domain::StatusParams());
        core.now = *portals + ahead;
        const auto asked = core.go();
        const domain::Need* need = need_of(asked, "access_code");
        return need == nullptr ? domain::Duration(0) : *need->expires_at - core.now;
    };

    const auto left = time_left(std::chrono::minutes(30));
    EXPECT_GT(left, std::chrono::minutes(85));
    EXPECT_LT(left, std::chrono::minutes(95));
    EXPECT_EQ(time_left(std::chrono::minutes(-180)), std::chrono::hours(2));
    EXPECT_EQ(time_left(std::chrono::minutes(180)), std::chrono::hours(2));
}

TEST_F(GuestPortalSignInTest, SubmitsTheAddressOnlyWithLeaveAndThenAsksForTheCode) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());

    const auto intent = core.step();
    EXPECT_EQ(text_of(intent.answer), "intend repeatable");
    EXPECT_THAT(core.effects.back().summary, HasSubstr("a***@example.net"));
    EXPECT_EQ(world().count(*order.supplier_order_id, "codes_mailed"), 0);

    const auto asked = core.leave();
    const domain::Need* need = need_of(asked, "access_code");
    ASSERT_NE(need, nullptr);
    EXPECT_EQ(need->expires_at, core.now + std::chrono::hours(2));
    EXPECT_EQ(need->attempts_left, 3);
    EXPECT_FALSE(need->last_error.has_value());
    EXPECT_THAT(need->hint, HasSubstr(kContact));
    EXPECT_EQ(world().count(*order.supplier_order_id, "codes_mailed"), 1);
}

TEST_F(GuestPortalSignInTest, TheRightCodeOpensASessionAndReadsTheStatus) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());

    const auto result = sign_in(core, *order.supplier_order_id);

    EXPECT_EQ(text_of(result.answer), "done status_read");
    ASSERT_TRUE(result.status.has_value());
    EXPECT_EQ(result.status->status, OrderStatus::issued);
    EXPECT_EQ(result.status->raw, "issued");
    ASSERT_TRUE(core.has_session());
    expect_no_secret(core);
}

TEST_F(GuestPortalSignInTest, ASessionServesTheNextRequestWithoutACode) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    sign_in(core, *order.supplier_order_id);

    const auto again = core.step();

    EXPECT_EQ(text_of(again.answer), "done status_read");
    EXPECT_EQ(world().count(*order.supplier_order_id, "codes_mailed"), 1);
}

TEST_F(GuestPortalSignInTest, SaysWhyThereIsNoCode) {
    const domain::Order order = new_order();
    domain::Order stranger = order;
    stranger.admin_email = "someone@example.org";
    domain::Order nowhere = order;
    nowhere.supplier_order_id = "999999999";
    domain::Order nobody = order;
    nobody.admin_email.reset();
    const std::vector<std::pair<domain::Order, std::string>> cases{
        {stranger, "rejected wrong_contact"},
        {nowhere, "rejected unknown_order"},
        {nobody, "rejected missing_facts"},
        {new_order("issued", R"(,"guest_access":"disabled")"), "rejected guest_access_disabled"},
        {new_order("issued", R"(,"guest_access":"unapproved")"), "rejected awaiting_approval"},
    };
    for (const auto& [of, expected] : cases) {
        FakeCore core = this->core(of, domain::StatusParams());

        const auto result = core.go();

        EXPECT_EQ(text_of(result.answer), expected);
        const auto* rejected = std::get_if<protocol::Rejected>(&result.answer);
        ASSERT_NE(rejected, nullptr);
        EXPECT_FALSE(rejected->detail.empty());
        EXPECT_FALSE(rejected->hint.empty());
    }
}

TEST_F(GuestPortalSignInTest, LoginEmailGoesBeforeAdminEmail) {
    domain::Order order =
        new_order("issued", R"(,"technical_email":"tech@example.net","login_contact":"technical")");
    FakeCore core = this->core(order, domain::StatusParams());
    EXPECT_EQ(text_of(core.go().answer), "rejected wrong_contact");

    order.login_email = "tech@example.net";
    FakeCore second = this->core(order, domain::StatusParams());
    EXPECT_EQ(text_of(second.go().answer), "need access_code");
}

TEST_F(GuestPortalSignInTest, AWrongCodeCostsOneAttemptAndTheLastOneEndsIt) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    core.go();
    codes_.emplace_back("WRONGC0DE");

    for (int left = 2; left >= 1; --left) {
        core.give("access_code", "WRONGC0DE");
        core.now += std::chrono::minutes(1);
        const auto again = core.step();
        const domain::Need* need = need_of(again, "access_code");
        ASSERT_NE(need, nullptr) << text_of(again.answer);
        EXPECT_EQ(need->attempts_left, left);
        EXPECT_EQ(need->expires_at,
                  core.now - std::chrono::minutes(3 - left) + std::chrono::hours(2));
        ASSERT_TRUE(need->last_error.has_value());
        EXPECT_EQ(need->last_error->code, "access_code_wrong");
        EXPECT_EQ(need->last_error->at, core.now);
    }
    core.give("access_code", "WRONGC0DE");
    EXPECT_EQ(text_of(core.step().answer), "rejected access_code_attempts_exhausted");
    expect_no_secret(core);
}

TEST_F(GuestPortalSignInTest, ARightCodeAfterAWrongOneStillWorks) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    core.go();
    core.give("access_code", "WRONGC0DE");
    core.step();

    core.give("access_code", world().code_for(kContact, *order.supplier_order_id));

    EXPECT_EQ(text_of(core.step().answer), "done status_read");
}

TEST_F(GuestPortalSignInTest, AnExpiredCodeLeadsToOneNewSignInByItself) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    core.go();
    core.give("access_code", world().code_for(kContact, *order.supplier_order_id));
    world().advance_clock("3h");

    const auto asked = core.go();
    const domain::Need* need = need_of(asked, "access_code");
    ASSERT_NE(need, nullptr) << text_of(asked.answer);
    ASSERT_TRUE(need->last_error.has_value());
    EXPECT_EQ(need->last_error->code, "access_code_expired");
    EXPECT_EQ(core.count(EffectClass::repeatable), 2U);

    core.give("access_code", world().code_for(kContact, *order.supplier_order_id));
    world().advance_clock("3h");
    EXPECT_EQ(text_of(core.go().answer), "rejected access_code_expired");
}

TEST_F(GuestPortalSignInTest, LoadAndRobotChecksAreNoRefusals) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    EXPECT_EQ(text_of(core.step().answer), "intend repeatable");

    world().fault("portal.login.page", "maintenance", R"(,"detail":"30")");
    const auto closed = core.leave();
    ASSERT_EQ(text_of(closed.answer), "unreachable");
    EXPECT_EQ(text_of(core.leave().answer), "unreachable") << "nothing is sent before its time";
    clock_.skip(std::chrono::seconds(30));

    world().fault("portal.login.submit", "rate_limit", R"(,"detail":"17")");
    const auto limited = core.leave();
    ASSERT_EQ(text_of(limited.answer), "unreachable");
    EXPECT_EQ(std::get<protocol::Unreachable>(limited.answer).retry_after,
              std::chrono::seconds(17));
    clock_.skip(std::chrono::seconds(17));

    world().fault("portal.login.page", "captcha");
    EXPECT_EQ(text_of(core.leave().answer), "need human_login");

    core.give("human_login", "done");
    EXPECT_EQ(text_of(core.go().answer), "need access_code");
}

TEST_F(GuestPortalSignInTest, ACodeThatCouldNotBeDeliveredIsNotLost) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    core.go();
    core.give("access_code", world().code_for(kContact, *order.supplier_order_id));
    world().fault("portal.code.page", "status_500");
    EXPECT_EQ(text_of(core.step().answer), "unreachable");

    EXPECT_EQ(text_of(core.step().answer), "done status_read");
}

TEST_F(GuestPortalSignInTest, ACodeWhoseAnswerWasLostWithUsCostsASignInAndNoAttempt) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    core.go();
    core.give("access_code", world().code_for(kContact, *order.supplier_order_id));
    core.step_and_lose_the_answer();

    const auto asked = core.go();
    const domain::Need* need = need_of(asked, "access_code");
    ASSERT_NE(need, nullptr) << text_of(asked.answer);
    EXPECT_FALSE(need->last_error.has_value()) << need->last_error->code;
    EXPECT_EQ(need->attempts_left, 3);
    EXPECT_NE(core.shown.find("the answer was lost"), std::string::npos);

    // As often as it happens: the CA has not judged a single code.
    core.give("access_code", world().code_for(kContact, *order.supplier_order_id));
    core.step_and_lose_the_answer();
    ASSERT_EQ(text_of(core.go().answer), "need access_code");
    core.give("access_code", world().code_for(kContact, *order.supplier_order_id));
    EXPECT_EQ(text_of(core.step().answer), "done status_read");
}

TEST_F(GuestPortalSignInTest, ACodeWhoseAnswerWasLostOnTheWayCostsASignInAndNoAttempt) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    core.go();
    core.give("access_code", world().code_for(kContact, *order.supplier_order_id));
    world().fault("portal.code.submit", "drop_after_commit");
    EXPECT_EQ(text_of(core.step().answer), "unreachable");

    const auto asked = core.go();

    const domain::Need* need = need_of(asked, "access_code");
    ASSERT_NE(need, nullptr) << text_of(asked.answer);
    EXPECT_FALSE(need->last_error.has_value()) << need->last_error->code;
}

TEST_F(GuestPortalSignInTest, APortalThatTakesCodesAndOpensNoSessionIsLeftAfterThree) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    std::string last = text_of(core.go().answer);
    int codes = 0;
    while (last == "need access_code" && codes < 10) {
        core.give("access_code", world().code_for(kContact, *order.supplier_order_id));
        ++codes;
        world().fault("portal.code.submit", "drop_after_commit");
        ASSERT_EQ(text_of(core.step().answer), "unreachable");
        last = text_of(core.go().answer);
    }

    EXPECT_EQ(last, "rejected session_refused");
    EXPECT_EQ(codes, 3) << "each costs the contact a mail";
}

TEST_F(GuestPortalSignInTest, CodesThatOurOwnEndsInterruptNeverEndTheRequestAndSlowItDownAtLast) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    protocol::StepResult last = core.go();
    int codes = 0;
    while (text_of(last.answer) == "need access_code" && codes < 20) {
        core.give("access_code", world().code_for(kContact, *order.supplier_order_id));
        ++codes;
        core.step_and_lose_the_answer();
        last = core.go();
    }

    const auto* waits = std::get_if<protocol::Unreachable>(&last.answer);
    ASSERT_NE(waits, nullptr) << text_of(last.answer);
    EXPECT_EQ(codes, 10) << "each costs the contact a mail";
    EXPECT_GE(waits->retry_after, std::chrono::minutes(15));
    EXPECT_EQ(text_of(sign_in(core, *order.supplier_order_id).answer), "done status_read")
        << core.shown;
}

TEST_F(GuestPortalSignInTest, AnOrderOfTheNameWithoutWwwIsTheSame) {
    domain::Order order = new_order();
    order.common_name = "www." + *order.common_name;
    FakeCore core = this->core(order, domain::StatusParams());

    EXPECT_EQ(text_of(sign_in(core, *order.supplier_order_id).answer), "done status_read")
        << core.shown;
}

TEST_F(GuestPortalSignInTest, ACodeWhosePageBehindItFailsIsNotSentAgain) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    core.go();
    core.give("access_code", world().code_for(kContact, *order.supplier_order_id));
    const std::string place = "portal.code.submit";
    world().fault("portal.order.page", "status_500", R"(,"times":2)");
    EXPECT_EQ(text_of(core.step().answer), "unreachable");
    const auto sent = world().calls(place);
    EXPECT_EQ(text_of(core.step().answer), "unreachable");

    EXPECT_EQ(text_of(core.step().answer), "done status_read");
    EXPECT_EQ(world().calls(place), sent) << "a portal may take a code once only";
    EXPECT_THAT(core.jar(), testing::HasSubstr("order_id")) << "what the page says is kept";
    expect_no_secret(core);
}

TEST_F(GuestPortalSignInTest, APageBehindACodeThatBecameTheLoginPageCostsASignInAndNoAttempt) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    core.go();
    core.give("access_code", world().code_for(kContact, *order.supplier_order_id));
    world().fault("portal.order.page", "status_500");
    EXPECT_EQ(text_of(core.step().answer), "unreachable");
    world().fault("portal.order.page", "login_page");

    const auto asked = core.go();

    const domain::Need* need = need_of(asked, "access_code");
    ASSERT_NE(need, nullptr) << text_of(asked.answer);
    EXPECT_FALSE(need->last_error.has_value()) << need->last_error->code;
    EXPECT_EQ(need->attempts_left, 3);
}

TEST_F(GuestPortalSignInTest, ASessionThatThePortalForgotIsDroppedAndANewSignInIntended) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    sign_in(core, *order.supplier_order_id);
    world().advance_clock("3h");

    const auto lost = core.step();

    EXPECT_EQ(text_of(lost.answer), "intend repeatable");
    EXPECT_TRUE(lost.drop_session);
    EXPECT_FALSE(core.has_session());
    EXPECT_EQ(text_of(core.leave().answer), "need access_code");
}

TEST_F(GuestPortalSignInTest, AnExpiredSessionIsNotEvenTried) {
    const domain::Order order = new_order();
    FakeCore core = this->core(order, domain::StatusParams());
    sign_in(core, *order.supplier_order_id);

    core.now += std::chrono::hours(2);

    EXPECT_EQ(text_of(core.step().answer), "intend repeatable");
    EXPECT_TRUE(core.session_dropped);
}

TEST_F(GuestPortalSignInTest, TheCookieOfAnotherVersionStopsTheStep) {
    const domain::Order order = new_order();
    protocol::StepContext context;
    context.order = order;
    context.cookie = domain::Secret(std::string_view(R"({"v":99})"));

    const auto result = await(loop_, adapter_->advance(std::move(context)));

    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(text_of(result->answer), "misconfigured");
    EXPECT_EQ(result->cookie.reveal(), R"({"v":99})") << "nothing is thrown away";
}

}  // namespace
}  // namespace cabroker::adapters
