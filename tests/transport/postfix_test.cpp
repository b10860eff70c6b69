// Mail handed to a real Postfix (and Dovecot behind its AUTH), which nobody here wrote.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/transport/peer.hpp"
#include "transport/mail_reader.hpp"
#include "transport/maildir.hpp"
#include "transport/smtp_client.hpp"

namespace cabroker::transport {
namespace {

using domain::Result;

class PostfixTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        const bool possible = ::geteuid() == 0 && std::filesystem::exists("/usr/sbin/postfix") &&
                              std::filesystem::exists("/usr/sbin/dovecot");
        if (possible) peer_ = new Peer("../support/mail_server.py");
    }
    static void TearDownTestSuite() {
        delete peer_;
        peer_ = nullptr;
    }
    void SetUp() override {
        if (peer_ == nullptr) GTEST_SKIP() << "needs root, postfix and dovecot-imapd";
    }

    static SmtpServer server(const std::string& name, const std::string& password) {
        SmtpServer made;
        made.url =
            (name == "implicit" ? "smtps://localhost:" : "smtp://localhost:") + (*peer_)[name];
        made.tls = name == "implicit" ? SmtpTls::implicit : SmtpTls::starttls;
        made.ca_file = (*peer_)["ca_file"];
        made.user = (*peer_)["user"];
        made.password = domain::Secret(std::string_view(password));
        return made;
    }

    Result<SmtpReceipt> send(SmtpServer server, const std::string& to, const std::string& octets) {
        SmtpEnvelope envelope("ssl@example.com", to);
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        return await(loop_, client_.send(std::move(envelope), octets, std::move(server), deadline));
    }

    static Peer* peer_;
    boost::asio::io_context loop_{1};
    CurlSmtpClient client_{loop_.get_executor()};
};
Peer* PostfixTest::peer_ = nullptr;

TEST_F(PostfixTest, ComposedMailArrivesAsItWasMeant) {
    MailDraft draft;
    draft.from = MailParty("J\xC3\xB6rg", "ssl@example.com");
    draft.to = MailParty("", "support@example.net");
    draft.subject =
        "Reissue for b\xC3\xBC"
        "cher.example";
    draft.message_id = "<msg_1.00ff@example.com>";
    draft.text = ".\n..\nlast";
    draft.attachments.emplace_back("request.csr", "application/pkcs10", "-----BEGIN\n.\n");
    const std::string octets = *compose(draft);
    for (const std::string name : {"starttls", "implicit"}) {
        Maildir inbox = *Maildir::open((*peer_)["maildir"]);
        ASSERT_TRUE(inbox.watch(loop_.get_executor()).has_value());

        const auto receipt =
            send(server(name, (*peer_)["password"]), "support@example.net", octets);

        ASSERT_TRUE(receipt.has_value()) << name << ": " << receipt.error().detail;
        EXPECT_EQ(receipt->verdict, SmtpVerdict::accepted) << receipt->text;
        EXPECT_FALSE(receipt->queue_id.empty()) << receipt->text;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        if (inbox.list()->empty()) {
            ASSERT_TRUE(*await(loop_, inbox.changed(deadline)));
        }
        const std::string path = inbox.list()->at(0).path;
        const auto mail = read_mail(*inbox.read(path, 100'000), MailLimits());
        ASSERT_TRUE(mail.has_value());
        EXPECT_EQ(mail->subject, draft.subject);
        EXPECT_EQ(mail->texts.at(0).second, ".\n..\nlast\n");
        EXPECT_EQ(mail->attachments.at(0).octets, draft.attachments.at(0).octets);
        EXPECT_TRUE(inbox.file_away(path, "Processed").has_value());
    }
}

TEST_F(PostfixTest, RefusalsNameTheirStage) {
    const std::string octets = "Subject: x\r\n\r\nx\r\n";

    const auto login = send(server("starttls", "wrong"), "support@example.net", octets);
    const auto relay =
        send(server("starttls", (*peer_)["password"]), "a@elsewhere.example", octets);

    ASSERT_TRUE(login.has_value()) << login.error().detail;
    EXPECT_EQ(login->verdict, SmtpVerdict::permanent);
    EXPECT_EQ(login->stage, SmtpStage::auth);
    EXPECT_EQ(login->code, 535);
    ASSERT_TRUE(relay.has_value()) << relay.error().detail;
    EXPECT_EQ(relay->verdict, SmtpVerdict::permanent) << relay->text;
    EXPECT_EQ(relay->stage, SmtpStage::recipient);
}

}  // namespace
}  // namespace cabroker::transport
