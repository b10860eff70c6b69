#include "daemon/engine/mail_intake.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "tests/daemon/engine/engine_world.hpp"

namespace cabroker::engine {
namespace {

using adapters::protocol::Authentication;
using adapters::protocol::CodeReading;
using adapters::protocol::MailOffer;
using adapters::protocol::MailRef;
using config::CodeMail;
using domain::State;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class FakeMail final : public link::MailOutside {
  public:
    void open_mailbox(adapters::protocol::MailboxOpen open) override {
        opened.push_back(open.name + " " + open.cursor);
    }
    void mail_taken(std::string /*mailbox*/, MailRef ref) override {
        taken.push_back(ref.text());
        if (on_taken) on_taken();
    }
    void on_mail(link::MailHandlers given) override { handlers = std::move(given); }

    link::MailHandlers handlers;
    std::vector<std::string> opened;
    std::vector<std::string> taken;
    std::function<void()> on_taken;
};

class MailIntakeTest : public EngineWorld {
  protected:
    MailIntakeTest() {
        config::GuestPortalSettings portal;
        CodeMail mail;
        mail.senders = {"no-reply@portal.example"};
        portal.profile.access_code.mail = mail;
        portal.profile.access_code.pattern.upper = true;
        portal.mailbox = "inbox";
        config::AdapterSettings adapter;
        adapter.name = "portal";
        adapter.type = "guest_portal";
        adapter.details = portal;
        settings_->adapters.emplace("portal", std::move(adapter));
        settings_->mailboxes["inbox"].name = "inbox";
        MailServices services{*store_,
                              outside_,
                              mail_,
                              *vault_,
                              clock_,
                              ids_,
                              io_.get_executor(),
                              [this] { return std::shared_ptr<const config::Settings>(settings_); },
                              engine_->run_name(),
                              [this] { engine_->kick(); }};
        intake_ = std::make_unique<MailIntake>(std::move(services));
        intake_->open_all();
        store_->on_commit([this](const store::CommitNotice&) { intake_->requests_changed(); });
    }
    ~MailIntakeTest() override {
        intake_->stop();
        close();
    }
    config::GuestPortalSettings& portal() {
        return std::get<config::GuestPortalSettings>(settings_->adapters.at("portal").details);
    }
    std::shared_ptr<MailOffer> offer(const std::string& name, std::string_view code,
                                     const std::string& binding = "") {
        auto made = std::make_shared<MailOffer>();
        made->mailbox = "inbox";
        made->ref = MailRef(name);
        made->sha256 = "sha-" + name;
        made->is_code = true;
        made->facts.from = {"no-reply@portal.example"};
        made->facts.to = {"admin@example.com"};
        made->facts.message_id = name + "@portal.example";
        made->facts.body_sha256 = "body-" + name;
        made->facts.authentication = Authentication::passed;
        CodeReading reading;
        reading.adapter = "portal";
        reading.candidates = 1;
        reading.code = domain::Secret(code);
        reading.binding = binding;
        made->readings.push_back(std::move(reading));
        return made;
    }
    void bring(std::shared_ptr<MailOffer> offer) {
        const std::size_t before = mail_.taken.size();
        mail_.handlers.offered(std::move(offer));
        turn_until([&] { return mail_.taken.size() > before; });
    }
    protocol::NeedInput asks_for_code(const std::string& reference = "") {
        domain::Need need;
        need.name = "access_code";
        need.expires_at = clock_.now() + hours(2);
        if (!reference.empty()) need.details.emplace("login_reference", reference);
        protocol::NeedInput ask;
        ask.needs.push_back(std::move(need));
        return ask;
    }
    static protocol::Wait waits() {
        protocol::Wait wait;
        wait.poll = false;
        return wait;
    }
    void script_sign_in(const std::string& reference = "") {
        outside_.script.push_back(
            answers(intent(domain::EffectClass::repeatable, "sign in"), "sign_in"));
        outside_.script.push_back(answers(asks_for_code(reference), "access_code"));
    }
    /// A portal that asks for a code and takes any, for as many steps as may come.
    void script_portal() {
        for (int i = 0; i < 50; ++i) {
            outside_.script.push_back([this](const protocol::StepContext& context) {
                protocol::StepResult result;
                result.step = "sign_in";
                result.answer = intent(domain::EffectClass::repeatable, "sign in");
                if (context.leave) result.answer = asks_for_code();
                if (!context.inputs.empty()) result.answer = waits();
                if (context.leave) result.step = "access_code";
                if (!context.inputs.empty()) result.step = "polling";
                return domain::Result<protocol::StepResult>(std::move(result));
            });
        }
    }
    domain::RequestId another() {
        Creation more = request_for(domain::StatusParams());
        more.allow_duplicate = true;
        return create_as(std::move(more))->id;
    }
    domain::RequestId signing_in(const std::string& reference = "") {
        script_sign_in(reference);
        const auto id = create(domain::StatusParams());
        turn_until_state(id, State::needs_input);
        return id;
    }
    std::vector<std::string> reasons() {
        std::vector<std::string> out;
        for (const store::Event& event : store_->reader().events().after(0, 1'000)) {
            if (event.type != "inbox.unmatched") continue;
            const std::size_t at = event.data.find("\"reason\":\"") + 10;
            out.push_back(event.data.substr(at, event.data.find('"', at) - at));
        }
        return out;
    }
    std::string all_text(const domain::RequestId& id) {
        std::string text;
        for (const auto& entry : store_->reader().timeline().list(id))
            text += entry.text + entry.details + "\n";
        for (const auto& event : store_->reader().events().after(0, 1'000)) text += event.data;
        return text;
    }

    FakeMail mail_;
    std::unique_ptr<MailIntake> intake_;
};

TEST_F(MailIntakeTest, CodeBecomesAnInputOnceAndIsNowhereElse) {
    EXPECT_EQ(mail_.opened, (std::vector<std::string>{"inbox "}));
    const auto id = signing_in();
    outside_.script.push_back(answers(waits(), "polling"));

    bring(offer("1", "ABCDEF"));
    turn_until_state(id, State::waiting_ca);
    bring(offer("1", "ABCDEF"));

    EXPECT_EQ(outside_.inputs_seen.back(), "ABCDEF");
    EXPECT_TRUE(reasons().empty()) << "offered again is recognised";
    EXPECT_EQ(mail_.taken.size(), 2U);
    const auto messages = store_->reader().messages().list(id);
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].status, "redacted");
    EXPECT_FALSE(store_->reader().messages().raw(messages[0].id).has_value());
    const std::string told = all_text(id);
    EXPECT_NE(told.find("came by mail from no-reply@portal.example"), std::string::npos);
    EXPECT_EQ(told.find("ABCDEF"), std::string::npos);
}

TEST_F(MailIntakeTest, CodeThatComesBeforeTheAnswerWaitsSealed) {
    portal().profile.access_code.mail->binds = CodeMail::Binds::nonce;
    outside_.script.push_back(
        answers(intent(domain::EffectClass::repeatable, "sign in"), "sign_in"));
    outside_.script.push_back([this](const protocol::StepContext&) {
        // The portal's mail overtakes the portal's page, and comes twice.
        mail_.handlers.offered(offer("1", "ABCDEF", "12-34"));
        mail_.handlers.offered(offer("2", "ABCDEF", "12-34"));
        protocol::StepResult result;
        result.answer = asks_for_code("12-34");
        result.step = "access_code";
        return domain::Result<protocol::StepResult>(std::move(result));
    });
    outside_.script.push_back(answers(waits(), "polling"));

    const auto id = create(domain::StatusParams());
    turn_until_state(id, State::waiting_ca);

    EXPECT_EQ(outside_.inputs_seen.back(), "ABCDEF");
    turn_until([&] { return store_->reader().mails().waiting_codes().empty(); });
    turn_until([&] { return reasons() == std::vector<std::string>{"no_sign_in"}; });
}

TEST_F(MailIntakeTest, CodeThatWaitedAtTheEndOfTheRunIsUsedIfItsSignInWasAnswered) {
    outside_.script.push_back(
        answers(intent(domain::EffectClass::repeatable, "sign in"), "sign_in"));
    outside_.script.push_back([this](const protocol::StepContext&) {
        mail_.handlers.offered(offer("1", "ABCDEF"));
        protocol::StepResult result;
        result.answer = asks_for_code();
        result.step = "access_code";
        return domain::Result<protocol::StepResult>(std::move(result));
    });
    outside_.script.push_back(answers(waits(), "polling"));
    // The end comes after both were committed and before the one was held against the other.
    mail_.on_taken = [this] { intake_->stop(); };
    const auto id = create(domain::StatusParams());
    turn_until_state(id, State::needs_input);
    turn_until([&] { return store_->reader().mails().waiting_codes().size() == 1; });

    ASSERT_TRUE(intake_->recover().has_value());
    engine_->kick();

    turn_until_state(id, State::waiting_ca);
    EXPECT_EQ(outside_.inputs_seen.back(), "ABCDEF");
    EXPECT_TRUE(store_->reader().mails().waiting_codes().empty());
    EXPECT_TRUE(reasons().empty());
}

TEST_F(MailIntakeTest, CodeThatWaitedAtTheEndOfTheRunIsDroppedIfItsSignInBeginsAnew) {
    outside_.script.push_back(
        answers(intent(domain::EffectClass::repeatable, "sign in"), "sign_in"));
    outside_.script.push_back([this](const protocol::StepContext&) {
        mail_.handlers.offered(offer("1", "ABCDEF"));
        return domain::Result<protocol::StepResult>(
            domain::Error(domain::ErrorCode::unreachable, "the link was lost"));
    });
    mail_.on_taken = [this] { intake_->stop(); };
    const auto id = create(domain::StatusParams());
    turn_until([&] { return store_->reader().mails().waiting_codes().size() == 1; });

    ASSERT_TRUE(intake_->recover().has_value());

    EXPECT_TRUE(store_->reader().mails().waiting_codes().empty());
    EXPECT_EQ(reasons(), (std::vector<std::string>{"no_sign_in"}));
    EXPECT_NE(get(id).state, State::needs_input);
}

TEST_F(MailIntakeTest, OldRepeatedAndForeignCodesStayUnused) {
    bring(offer("early", "EARLYX"));
    const auto id = signing_in();
    advance(seconds(30));
    auto old = offer("old", "OLDOLD");
    old->facts.age = minutes(5);
    bring(old);
    auto other = offer("other", "OTHERX");
    other->facts.to = {"someone@example.com"};
    bring(other);
    EXPECT_EQ(get(id).state, State::needs_input);

    // The right one is refused by the portal, and then comes again in another mail.
    outside_.script.push_back(answers(asks_for_code(), "access_code"));
    bring(offer("1", "ABCDEF"));
    turn_until([&] { return outside_.inputs_seen.back() == "ABCDEF"; });
    turn_until_state(id, State::needs_input);
    bring(offer("2", "ABCDEF"));

    EXPECT_EQ(get(id).state, State::needs_input);
    EXPECT_EQ(reasons(), (std::vector<std::string>{"no_sign_in", "older_than_sign_in",
                                                   "wrong_recipient", "code_repeated"}));
}

TEST_F(MailIntakeTest, SettingTheClockMakesNoCodeOldAndNoneGood) {
    for (const auto jump : {hours(-3), hours(3)}) {
        const auto id = signing_in();
        advance(minutes(1));
        clock_.step_wall(jump);
        engine_->kick();
        turn_until([&] { return engine_->idle(); });
        turn_until([&] { return *get(id).needs.at(0).expires_at > clock_.now(); });
        outside_.script.push_back(answers(waits(), "polling"));

        bring(offer(std::to_string(jump.count()), jump > hours(0) ? "ABCDEF" : "FEDCBA"));

        turn_until_state(id, State::waiting_ca);
        ordered_ = true;
        ASSERT_TRUE(wait(engine_->cancel(id, Cancellation(), domain::Person(), {})).has_value());
    }
}

TEST_F(MailIntakeTest, CodeAfterItsTimeStaysUnusedWhateverTheDateSays) {
    const auto id = signing_in();
    // The steady clock goes on for three hours while the date is set back by as much.
    clock_.step_wall(hours(-3));
    clock_.advance(hours(3) - minutes(1));

    bring(offer("1", "ABCDEF"));

    EXPECT_EQ(reasons(), (std::vector<std::string>{"too_late"}));
    EXPECT_NE(get(id).state, State::waiting_ca);
}

TEST_F(MailIntakeTest, SameMessageAgainIsADuplicateAndAnotherBodyATrap) {
    const auto id = signing_in();
    outside_.script.push_back(answers(waits(), "polling"));
    bring(offer("1", "ABCDEF"));
    turn_until_state(id, State::waiting_ca);
    auto again = offer("2", "ABCDEF");
    again->facts.message_id = "1@portal.example";
    again->facts.body_sha256 = "body-1";
    bring(again);
    auto trap = offer("3", "FEDCBA");
    trap->facts.message_id = "1@portal.example";
    bring(trap);

    EXPECT_EQ(reasons(), (std::vector<std::string>{"message_id_reused"}));
    EXPECT_TRUE(store_->reader().mails().get("inbox", "sha-2")->duplicate_of.has_value());
}

TEST_F(MailIntakeTest, SignInsOfOneContactWaitInLine) {
    script_portal();
    const auto first = create(domain::StatusParams());
    turn_until_state(first, State::needs_input);
    const auto second = another();
    turn_until_state(second, State::backoff);
    EXPECT_EQ(get(second).last_problem->code, "sign_in_waits");

    bring(offer("1", "ABCDEF"));

    turn_until_state(first, State::waiting_ca);
    turn_until_state(second, State::needs_input);
    bring(offer("2", "FEDCBA"));
    turn_until_state(second, State::waiting_ca);
    EXPECT_TRUE(reasons().empty());
}

TEST_F(MailIntakeTest, BoundSignInsRunBesideEachOther) {
    portal().profile.access_code.mail->binds = CodeMail::Binds::nonce;
    script_portal();
    const auto first = create(domain::StatusParams());
    const auto second = another();

    turn_until_state(first, State::needs_input);
    turn_until_state(second, State::needs_input);
}

TEST_F(MailIntakeTest, CanceledRequestLetsTheNextGoOn) {
    script_portal();
    const auto first = create(domain::StatusParams());
    turn_until_state(first, State::needs_input);
    const auto second = another();
    turn_until_state(second, State::backoff);

    ASSERT_TRUE(wait(engine_->cancel(first, Cancellation(), domain::Person(), {})).has_value());

    turn_until_state(second, State::needs_input);
}

TEST_F(MailIntakeTest, OtherMailsAreKeptWhole) {
    auto mail = std::make_shared<MailOffer>();
    mail->mailbox = "inbox";
    mail->ref = MailRef("9");
    mail->sha256 = "9";
    mail->facts.subject = "Re: ticket";
    mail->octets = "Subject: Re: ticket\n\nhello";

    bring(mail);

    EXPECT_EQ(reasons(), (std::vector<std::string>{"not_a_code_mail"}));
    const auto kept = store_->reader().mails().get("inbox", "9");
    EXPECT_EQ(store_->reader().messages().raw(kept->message), "Subject: Re: ticket\n\nhello");
}

}  // namespace
}  // namespace cabroker::engine
