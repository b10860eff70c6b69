#include "sim/sign_in.hpp"

#include "sim/desk.hpp"
#include "tests/sim/world_fixture.hpp"

namespace cabroker::sim {
namespace {

class SignInsTest : public WorldFixture {
  protected:
    Session& a_sent_code() {
        an_order("1", "www.example.com");
        Session& session = sign_ins_.open_anonymous();
        EXPECT_EQ(sign_ins_.start(session, "Admin@Example.com", "www.example.com"), std::nullopt);
        return session;
    }
    [[nodiscard]] std::string mailed_code() const { return post_.mails().back().mail.code; }
};

TEST_F(SignInsTest, MailedCodeSignsInUnderAnotherSessionId) {
    Session& session = a_sent_code();
    const std::string before = session.id;

    EXPECT_EQ(sign_ins_.try_code(session, " " + mailed_code() + "\n"), CodeVerdict::right);

    EXPECT_EQ(session.stage, Stage::signed_in);
    EXPECT_NE(session.id, before);
    EXPECT_EQ(sign_ins_.find(before), nullptr);
    EXPECT_EQ(sign_ins_.find(session.id), &session);
    EXPECT_EQ(world_.find("1")->books.logins, 1U);
}

TEST_F(SignInsTest, CodeDiesWithTheMovedClock) {
    Session& session = a_sent_code();
    clock_.advance(std::chrono::hours(2));

    EXPECT_EQ(sign_ins_.try_code(session, mailed_code()), CodeVerdict::expired);
    EXPECT_EQ(world_.find("1")->books.logins, 0U);
}

TEST_F(SignInsTest, CodeJustBeforeItsEndIsGood) {
    Session& session = a_sent_code();
    clock_.advance(std::chrono::hours(2) - std::chrono::seconds(30));

    EXPECT_EQ(sign_ins_.try_code(session, mailed_code()), CodeVerdict::right);
}

TEST_F(SignInsTest, ThirdWrongCodeKillsTheRightOne) {
    Session& session = a_sent_code();
    const std::string id = session.id;

    EXPECT_EQ(sign_ins_.try_code(session, "WRONG234"), CodeVerdict::wrong);
    EXPECT_EQ(sign_ins_.try_code(session, "WRONG234"), CodeVerdict::wrong);
    EXPECT_EQ(sign_ins_.try_code(session, "WRONG234"), CodeVerdict::dead);

    EXPECT_EQ(sign_ins_.find(id), nullptr);
}

TEST_F(SignInsTest, CodeOfOneSessionIsWrongInAnother) {
    a_sent_code();
    const std::string first_code = mailed_code();
    Session& second = sign_ins_.open_anonymous();
    ASSERT_EQ(sign_ins_.start(second, "admin@example.com", "1"), std::nullopt);

    EXPECT_EQ(sign_ins_.try_code(second, first_code), CodeVerdict::wrong);
    EXPECT_EQ(sign_ins_.try_code(second, mailed_code()), CodeVerdict::right);
}

TEST_F(SignInsTest, ExpiredSessionIsForgottenAfterADay) {
    Session& session = a_sent_code();
    const std::string id = session.id;
    clock_.advance(std::chrono::hours(27));

    sign_ins_.open_anonymous();

    EXPECT_EQ(sign_ins_.find(id), nullptr);
    EXPECT_EQ(sign_ins_.size(), 1U);
}

TEST_F(SignInsTest, RefusalsAreToldApart) {
    an_order("1", "www.example.com");
    world_.find("1")->facts.guest_access = GuestAccess::disabled;
    Session& session = sign_ins_.open_anonymous();

    EXPECT_EQ(sign_ins_.start(session, "other@example.com", "1"), Refusal::wrong_contact);
    EXPECT_EQ(sign_ins_.start(session, "admin@example.com", "2"), Refusal::unknown_order);
    EXPECT_EQ(sign_ins_.start(session, "admin@example.com", "1"), Refusal::guest_access_disabled);
    EXPECT_EQ(session.stage, Stage::anonymous);
    EXPECT_TRUE(post_.mails().empty());
}

TEST_F(SignInsTest, ContactOverItsLimitHasToWait) {
    an_order("1", "www.example.com");
    SignInSettings settings;
    settings.login_limit = 2;
    SignIns limited(world_, random_, settings);
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(limited.start(limited.open_anonymous(), "admin@example.com", "1"), std::nullopt);
    }

    EXPECT_EQ(limited.start(limited.open_anonymous(), "admin@example.com", "1"),
              Refusal::rate_limited);
    clock_.advance(std::chrono::minutes(11));
    EXPECT_EQ(limited.start(limited.open_anonymous(), "admin@example.com", "1"), std::nullopt);
}

TEST_F(SignInsTest, OfTwoOrdersWithTheNameTheIssuedOneIsMeant) {
    an_order("1", "www.example.com", "expired");
    an_order("2", "www.example.com");
    Session& session = sign_ins_.open_anonymous();

    ASSERT_EQ(sign_ins_.start(session, "admin@example.com", "www.example.com"), std::nullopt);

    EXPECT_EQ(session.order_id, "2");
}

TEST(DeskTextTest, DotsAreTakenOffAndHeadersUnfolded) {
    EXPECT_EQ(unstuffed("..a\r\nb..c\r\n..\r\nx"), ".a\r\nb..c\r\n.\r\nx");
    EXPECT_EQ(
        header_of("Subject: one\r\n two\r\nMessage-ID: <a@b>\r\n\r\nMessage-ID: <body>", "subject"),
        "one two");
    EXPECT_EQ(header_of("A: b\r\n\r\nMessage-ID: <body>", "message-id"), "");
}

}  // namespace
}  // namespace cabroker::sim
