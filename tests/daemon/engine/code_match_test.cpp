#include "daemon/engine/code_match.hpp"

#include <gtest/gtest.h>

#include "daemon/engine/sign_in_line.hpp"

namespace cabroker::engine {
namespace {

using adapters::protocol::Authentication;
using adapters::protocol::CodeReading;
using adapters::protocol::MailFacts;
using config::CodeMail;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Fate = CodeDecision::Fate;

class CodeMatchTest : public ::testing::Test {
  protected:
    CodeMatchTest() {
        CodeMail mail;
        mail.senders = {"no-reply@portal.example"};
        mail.binds = CodeMail::Binds::nonce;
        portal_.profile.access_code.mail = mail;
        portal_.profile.access_code.pattern.upper = true;
        facts_.from = {"No-Reply@portal.example"};
        facts_.to = {"Admin@example.com"};
        facts_.authentication = Authentication::passed;
        facts_.age = seconds(1);
        add_reading("portal", "ABCDEF", "12-34");
    }
    void add_reading(const std::string& adapter, std::string_view code, std::string binding) {
        CodeReading reading;
        reading.adapter = adapter;
        reading.candidates = 1;
        reading.code = domain::Secret(code);
        reading.binding = std::move(binding);
        readings_.push_back(std::move(reading));
    }
    OpenSignIn& add(std::optional<std::string> binding, bool asked = true) {
        OpenSignIn one;
        one.request = domain::RequestId(domain::Time{}, {static_cast<std::uint8_t>(open_.size())});
        one.adapter = "portal";
        one.portal = &portal_;
        one.recipient = "admin@example.com";
        one.asked = asked;
        one.binding = std::move(binding);
        one.age = seconds(5);
        open_.push_back(std::move(one));
        return open_.back();
    }
    CodeDecision match() { return match_code(facts_, readings_, open_, seconds(2)); }

    config::GuestPortalSettings portal_;
    MailFacts facts_;
    std::vector<CodeReading> readings_;
    std::vector<OpenSignIn> open_;
};

TEST_F(CodeMatchTest, CodeGoesToTheSignInItIsBoundTo) {
    add("99-99");
    add("12-34");
    add(std::nullopt, false);

    const CodeDecision decision = match();

    EXPECT_EQ(decision.fate, Fate::use);
    EXPECT_EQ(decision.request, open_[1].request);
}

TEST_F(CodeMatchTest, CodeWaitsForASignInThatIsNotCommitted) {
    add("99-99");
    add(std::nullopt, false);

    EXPECT_EQ(match().fate, Fate::wait);
}

TEST_F(CodeMatchTest, EachRuleKeepsAForeignCodeOut) {
    const auto reason = [&](const std::function<void()>& spoil) {
        open_.clear();
        add("12-34");
        const MailFacts facts = facts_;
        spoil();
        const CodeDecision decision = match();
        facts_ = facts;
        EXPECT_EQ(decision.fate, Fate::triage);
        return decision.reason;
    };

    EXPECT_EQ(reason([&] { facts_.from = {"evil@evil.example"}; }), "no_sign_in")
        << "the core believes its own list of senders";
    EXPECT_EQ(reason([&] { facts_.from.push_back("no-reply@portal.example"); }),
              "sender_not_allowed");
    EXPECT_EQ(reason([&] { facts_.authentication = Authentication::failed; }), "not_authenticated");
    EXPECT_EQ(reason([&] { facts_.to = {"other@example.com"}; }), "wrong_recipient");
    EXPECT_EQ(reason([&] { facts_.age = seconds(8); }), "older_than_sign_in");
    EXPECT_EQ(reason([&] { open_[0].age = hours(2) + seconds(1); }), "too_late");
    EXPECT_EQ(reason([&] { open_[0].binding = "99-99"; }), "wrong_binding");
    EXPECT_EQ(reason([&] { open_[0].binding.reset(); }), "wrong_binding")
        << "a page without the reference binds nothing";
    EXPECT_EQ(reason([&] { open_.clear(); }), "no_sign_in");
    EXPECT_EQ(reason([&] { readings_[0].candidates = 2; }), "several_codes");
    readings_[0].candidates = 0;
    EXPECT_EQ(match().reason, "no_code");
    readings_.clear();
    EXPECT_EQ(match().reason, "sender_not_allowed");
}

TEST_F(CodeMatchTest, WithoutBindingTwoSignInsAreOneTooMany) {
    portal_.profile.access_code.mail->binds = CodeMail::Binds::nothing;
    readings_[0].binding.clear();
    add(std::nullopt);
    EXPECT_EQ(match().fate, Fate::use);

    add(std::nullopt);
    EXPECT_EQ(match().reason, "ambiguous");
    open_[1].asked = false;
    EXPECT_EQ(match().reason, "ambiguous") << "it may be the other's";
}

TEST_F(CodeMatchTest, TimePassesByTheSteadyClockWithinOneRun) {
    TwoClocks now;
    now.now = domain::Time(hours(1'000));
    now.steady = 600'000;
    now.run = "this";
    const domain::Time began = now.now - minutes(5);

    for (const auto jump : {hours(3), hours(-3), hours(0)}) {
        TwoClocks jumped = now;
        jumped.now += jump;
        EXPECT_EQ(since(began, 300'000, "this", jumped), minutes(5));
    }
    EXPECT_EQ(since(began, 7, "another", now), minutes(5)) << "of an earlier run: by the date";
    EXPECT_EQ(since(now.now + hours(3), 7, "another", now), seconds(0));
}

}  // namespace
}  // namespace cabroker::engine
