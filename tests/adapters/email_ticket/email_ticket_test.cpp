#include "adapters/email_ticket/email_ticket.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "adapters/registry.hpp"
#include "config/adapter_settings.hpp"
#include "config/shipped.hpp"
#include "runtime/clock.hpp"
#include "tests/adapters/guest_portal/fake_core.hpp"
#include "tests/pki/make_pki.hpp"
#include "tests/transport/peer.hpp"
#include "transport/http_client.hpp"
#include "transport/mail_reader.hpp"
#include "transport/smtp_client.hpp"

namespace cabroker::adapters {
namespace {

using domain::EffectClass;
using domain::ErrorCode;
using domain::Kind;
using testing::HasSubstr;
using testing::Not;
using transport::Peer;

constexpr const char* kPassword = "p4ss w\xC3\xB6rd";

/// Subject, needs and text of a shipped template file.
config::MailTemplate shipped_template(const std::string& name) {
    std::istringstream lines(std::string(*config::shipped_file("templates/" + name)));
    config::MailTemplate made;
    std::string line;
    while (std::getline(lines, line) && !line.empty()) {
        if (line.starts_with("subject: ")) made.subject = line.substr(9);
    }
    while (std::getline(lines, line)) made.text += line + "\n";
    return made;
}

class EmailTicketTest : public testing::Test {
  protected:
    static void SetUpTestSuite() { peer_ = std::make_unique<Peer>("smtp_peer.py"); }
    static void TearDownTestSuite() { peer_.reset(); }

    EmailTicketTest() : csr_(test_pki::make_csr(test_pki::make_ec_key(), "mail.example.net")) {
        order_.brand = domain::Brand::sectigo;
        order_.common_name = "mail.example.net";
        order_.supplier_order_id = "448120931";
        use_server("starttls");
    }

    void use_server(const std::string& name) {
        config::EmailTicketSettings settings;
        settings.templates.emplace(Kind::reissue, shipped_template("sectigo-reissue.mustache"));
        settings.to = "support@example.net";
        config::MailerSettings mailer;
        mailer.name = "default";
        const bool implicit = name == "implicit";
        mailer.url = (implicit ? "smtps://localhost:" : "smtp://localhost:") + (*peer_)[name];
        mailer.tls = implicit ? config::MailTls::implicit : config::MailTls::starttls;
        mailer.ca_file = (*peer_)["ca_file"];
        mailer.user = "mailer";
        mailer.from = "ssl@example.com";
        auto made = email_ticket::make_email_ticket("tickets", settings, mailer,
                                                    domain::Secret(std::string_view(kPassword)),
                                                    smtp_, clock_);
        ASSERT_TRUE(made.has_value()) << made.error().detail;
        // Kept until the end of the test: a request may have begun with the one before.
        adapters_.push_back(std::move(*made));
        adapter_ = adapters_.back().get();
    }

    FakeCore core(domain::Order order) {
        domain::ReissueParams params;
        params.csr = csr_;
        params.reason = "server moved";
        return core(std::move(order), params);
    }
    FakeCore core(domain::Order order, domain::Params params) {
        FakeCore made(*adapter_, loop_, std::move(order), std::move(params));
        protocol::MailIdentity identity;
        identity.message_id = "<msg_1.0123456789abcdef0123@example.com>";
        identity.reply_to = "ssl+token1@example.com";
        made.mail_identity = identity;
        return made;
    }

    static std::size_t mails() {
        const std::filesystem::directory_iterator all(peer_->folder() + "/mails");
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }
    static std::string last_mail() {
        std::ifstream in(peer_->folder() + "/mails/" + std::to_string(mails()), std::ios::binary);
        std::ostringstream out;
        out << in.rdbuf();
        return out.str();
    }

    static std::unique_ptr<Peer> peer_;
    boost::asio::io_context loop_{1};
    transport::CurlSmtpClient smtp_{loop_.get_executor()};
    runtime::SystemClock clock_;
    std::string csr_;
    domain::Order order_;
    std::vector<std::unique_ptr<Adapter>> adapters_;
    Adapter* adapter_ = nullptr;
};
std::unique_ptr<Peer> EmailTicketTest::peer_;

TEST_F(EmailTicketTest, ComposesOnceBeforeTheLeaveAndSendsNothing) {
    const std::size_t before = mails();
    FakeCore core = this->core(order_);

    const auto intent = core.step();

    ASSERT_EQ(text_of(intent.answer), "intend repeatable") << core.shown;
    ASSERT_TRUE(core.mail.has_value());
    EXPECT_EQ(core.mail->rcpt_to, "support@example.net");
    EXPECT_EQ(core.mail->mail_from, "ssl@example.com");
    EXPECT_EQ(mails(), before);
}

TEST_F(EmailTicketTest, TheMailHoldsTheThreeFactsInTextAndAsAttachment) {
    FakeCore core = this->core(order_);
    core.step();

    const auto mail = transport::read_mail(core.mail->octets, transport::MailLimits());

    ASSERT_TRUE(mail.has_value()) << mail.error().detail;
    EXPECT_THAT(mail->subject, HasSubstr("mail.example.net"));
    EXPECT_THAT(mail->subject, HasSubstr("448120931"));
    EXPECT_THAT(mail->subject, HasSubstr("[req_"));
    EXPECT_EQ(mail->message_id, "msg_1.0123456789abcdef0123@example.com");
    ASSERT_EQ(mail->reply_to.size(), 1U);
    EXPECT_EQ(mail->reply_to[0].address, "ssl+token1@example.com");
    EXPECT_EQ(mail->values("x-cabroker-request").size(), 1U);
    EXPECT_TRUE(mail->values("auto-submitted").empty()) << "helpdesks drop machine mail";
    ASSERT_EQ(mail->texts.size(), 1U);
    const std::string& text = mail->texts[0].second;
    EXPECT_THAT(text, HasSubstr("mail.example.net"));
    EXPECT_THAT(text, HasSubstr("448120931"));
    EXPECT_THAT(text, HasSubstr("server moved"));
    EXPECT_THAT(text, HasSubstr("-----BEGIN CERTIFICATE REQUEST-----"));
    ASSERT_EQ(mail->attachments.size(), 1U);
    EXPECT_EQ(mail->attachments[0].name, "mail.example.net.csr");
    EXPECT_EQ(mail->attachments[0].octets, csr_);
}

TEST_F(EmailTicketTest, FactsThatAreAbsentLeaveNoBlankLines) {
    domain::ReissueParams params;
    params.csr = csr_;
    FakeCore bare = core(order_, params);
    params.reason = "server moved";
    FakeCore full = core(order_, params);

    bare.step();
    full.step();

    EXPECT_THAT(bare.mail->text, HasSubstr("448120931\nReference: "));
    EXPECT_THAT(full.mail->text, HasSubstr("448120931\nReason: server moved\nReference: "));
}

TEST_F(EmailTicketTest, WithLeaveExactlyTheKeptOctetsGoOutAndTheServersWordsComeBack) {
    for (const std::string server : {"starttls", "implicit"}) {
        use_server(server);
        const std::size_t before = mails();
        FakeCore core = this->core(order_);
        core.step();
        const std::string kept = core.mail->octets;

        const auto sent = core.leave();

        ASSERT_EQ(text_of(sent.answer), "wait") << server << core.shown;
        const auto& wait = std::get<protocol::Wait>(sent.answer);
        EXPECT_FALSE(wait.poll);
        EXPECT_EQ(wait.reason, "waiting for support's reply");
        ASSERT_TRUE(sent.mail_receipt.has_value());
        EXPECT_THAT(sent.mail_receipt->reply, HasSubstr("250"));
        EXPECT_EQ(sent.mail_receipt->queue_id, "Q" + std::to_string(mails()));
        EXPECT_EQ(mails(), before + 1);
        EXPECT_EQ(last_mail(), "ssl@example.com\nsupport@example.net\n\n" + kept);

        EXPECT_EQ(text_of(core.step().answer), "wait") << "asked again, nothing is written";
        EXPECT_EQ(mails(), before + 1);
        EXPECT_THAT(core.shown, Not(HasSubstr("p4ss")));
    }
}

TEST_F(EmailTicketTest, TheSameOctetsGoOutAfterAFailure) {
    use_server("temporary");
    FakeCore core = this->core(order_);
    core.step();
    const std::string kept = core.mail->octets;
    EXPECT_EQ(text_of(core.leave().answer), "unreachable");
    EXPECT_THAT(core.shown, HasSubstr("451 4.3.0 try later"));

    use_server("starttls");
    core.use(*adapter_);
    EXPECT_EQ(text_of(core.leave().answer), "wait");
    EXPECT_EQ(last_mail(), "ssl@example.com\nsupport@example.net\n\n" + kept);
}

TEST_F(EmailTicketTest, EachWayToFailHasItsAnswer) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"temporary", "unreachable"},
        {"busy", "unreachable"},
        {"closed", "unreachable"},
        {"expired", "unreachable"},
        {"stripped", "unreachable"},
        {"permanent", "rejected mail_refused"},
        {"unknown_recipient", "rejected mail_refused"},
        {"data_refused", "rejected mail_refused"},
    };
    for (const auto& [server, expected] : cases) {
        use_server(server);
        FakeCore core = this->core(order_);
        core.step();

        EXPECT_EQ(text_of(core.leave().answer), expected) << server;
        EXPECT_THAT(core.shown, Not(HasSubstr("p4ss"))) << server;
    }
}

TEST_F(EmailTicketTest, NoReplyAfterTheMailIsNoAnswer) {
    use_server("drop");
    FakeCore core = this->core(order_);
    core.step();

    EXPECT_THROW(core.leave(), std::runtime_error);
    EXPECT_THAT(last_mail(), HasSubstr("Message-I")) << "the server has it all the same";
}

TEST_F(EmailTicketTest, MissingFactsAreRefusedBeforeAnything) {
    domain::Order without_id = order_;
    without_id.supplier_order_id.reset();
    domain::Order without_name = order_;
    without_name.common_name.reset();
    for (const domain::Order& order : {without_id, without_name}) {
        FakeCore core = this->core(order);
        EXPECT_EQ(text_of(core.step().answer), "rejected missing_facts");
    }
    FakeCore core = this->core(order_, domain::ReissueParams());
    const auto result = core.step();
    EXPECT_EQ(text_of(result.answer), "rejected missing_facts");
    EXPECT_THAT(std::get<protocol::Rejected>(result.answer).detail, HasSubstr("csr"));
}

TEST_F(EmailTicketTest, FactsThatCouldBecomeHeadersAreRefused) {
    const std::vector<std::string> names{"a.example\r\nBcc: x@evil.example",
                                         "a.example\nX: y",
                                         "a.example\rX",
                                         std::string("a\0b.example", 11),
                                         "a.example\xE2\x80\xA8X: y",
                                         "a\x01.example",
                                         std::string(70'000, 'a')};
    for (const std::string& name : names) {
        domain::Order order = order_;
        order.common_name = name;
        FakeCore core = this->core(order);

        EXPECT_EQ(text_of(core.step().answer), "rejected bad_facts") << name.substr(0, 40);
    }
    domain::Order order = order_;
    order.supplier_order_id = "448120931\r\n.\r\nMAIL FROM:<x@evil.example>";
    FakeCore core = this->core(order);
    EXPECT_EQ(text_of(core.step().answer), "rejected bad_facts");
}

TEST_F(EmailTicketTest, APrivateKeyIsNeverMailed) {
    const std::string key = test_pki::make_ec_key().private_pem();
    domain::ReissueParams params;
    params.csr = csr_;
    params.reason = "here is the key:\n" + key;
    FakeCore core = this->core(order_, params);

    const auto result = core.step();

    EXPECT_EQ(text_of(result.answer), "rejected private_key_pasted");
    EXPECT_THAT(core.shown, Not(HasSubstr("PRIVATE KEY-----")));
}

TEST_F(EmailTicketTest, WildcardsGetAFileNameThatEverySystemTakes) {
    domain::Order order = order_;
    order.common_name = "*.example.net";
    FakeCore core = this->core(order);
    core.step();

    const auto mail = transport::read_mail(core.mail->octets, transport::MailLimits());
    ASSERT_TRUE(mail.has_value());
    EXPECT_EQ(mail->attachments.at(0).name, "wildcard.example.net.csr");
}

TEST_F(EmailTicketTest, AKindWithoutATemplateIsUnsupported) {
    FakeCore core = this->core(order_, domain::DownloadParams());

    EXPECT_EQ(text_of(core.step().answer), "unsupported");
    EXPECT_EQ(adapter_->capabilities().kinds, std::vector<Kind>{Kind::reissue});
    EXPECT_EQ(adapter_->capabilities().step_deadline, std::chrono::minutes(11));
}

TEST_F(EmailTicketTest, SettingsThatCannotWorkAreRefusedWhenTheAdapterIsMade) {
    config::EmailTicketSettings settings;
    settings.to = "support@example.net";
    config::MailTemplate broken;
    broken.subject = "x";
    broken.text = "{{#open}} never closed";
    settings.templates.emplace(Kind::reissue, broken);
    config::MailerSettings mailer;
    mailer.from = "ssl@example.com";

    const auto unclosed =
        email_ticket::make_email_ticket("t", settings, mailer, domain::Secret(), smtp_, clock_);
    ASSERT_TRUE(unclosed.has_error());
    EXPECT_EQ(unclosed.error().code, ErrorCode::bad_configuration);

    settings.templates.clear();
    mailer.user = "mailer";
    EXPECT_TRUE(
        email_ticket::make_email_ticket("t", settings, mailer, domain::Secret(), smtp_, clock_)
            .has_error())
        << "a user without a password";
}

TEST_F(EmailTicketTest, TheRegistryFindsMailerAndPasswordByName) {
    transport::CurlHttpClient http(loop_.get_executor());
    Mailers mailers;
    HostSecrets secrets;
    const Services services{http, smtp_, clock_, mailers, secrets};
    const std::string settings = R"({"type":"email_ticket","to":"support@example.net","mailer":"m",
        "template":{"name":"t","mails":{"reissue":{"subject":"s","text":"x"}}}})";
    EXPECT_TRUE(make_adapter("tickets", settings, services).has_error()) << "no such mailer";

    config::MailerSettings mailer;
    mailer.name = "m";
    mailer.from = "ssl@example.com";
    mailer.user = "mailer";
    mailers.emplace("m", mailer);
    EXPECT_TRUE(make_adapter("tickets", settings, services).has_error()) << "no password";
    secrets.emplace(mailer_secret_name("m"), domain::Secret(std::string_view("x")));
    const auto made = make_adapter("tickets", settings, services);
    EXPECT_TRUE(made.has_value()) << made.error().detail;

    EXPECT_TRUE(make_adapter("x", R"({"type":"carrier_pigeon"})", services).has_error());
    EXPECT_TRUE(make_adapter("x", "not json", services).has_error());
    EXPECT_TRUE(make_adapter("x", R"({"type":"human"})", services).has_value());
}

}  // namespace
}  // namespace cabroker::adapters
