#include "transport/smtp_client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/transport/peer.hpp"

namespace cabroker::transport {
namespace {

namespace asio = boost::asio;
using domain::ErrorCode;
using domain::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

const std::string kMail =
    "Subject: x\r\n\r\n.leading\r\n.\r\n..\r\nplain\r\n.\r\n\r\n. \r\nlast line\r\n";

class CurlSmtpClientTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() { peer_ = new Peer("smtp_peer.py"); }
    static void TearDownTestSuite() {
        delete peer_;
        peer_ = nullptr;
    }

    static SmtpServer server(const std::string& name) {
        SmtpServer made;
        const bool implicit = name == "implicit";
        made.url = (implicit ? "smtps://localhost:" : "smtp://localhost:") + (*peer_)[name];
        made.tls = implicit ? SmtpTls::implicit : SmtpTls::starttls;
        made.ca_file = (*peer_)["ca_file"];
        made.user = "mailer";
        made.password = domain::Secret(std::string_view("p4ss w\xC3\xB6rd"));
        made.helo = "broker.example";
        return made;
    }

    static SmtpEnvelope envelope() { return {"ssl@example.com", "support@example.net"}; }

    Result<SmtpReceipt> send(SmtpServer server, const std::string& octets = kMail,
                             milliseconds within = std::chrono::seconds(20)) {
        return await(loop_, client_.send(envelope(), octets, std::move(server),
                                         steady_clock::now() + within));
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
    static std::string cause(const Result<SmtpReceipt>& result) {
        return result.error().facts.at("cause");
    }

    static Peer* peer_;
    asio::io_context loop_{1};
    CurlSmtpClient client_{loop_.get_executor()};
};
Peer* CurlSmtpClientTest::peer_ = nullptr;

TEST_F(CurlSmtpClientTest, AProbeLogsInAndSendsNothing) {
    const std::size_t before = mails();
    const auto probe = [&](SmtpServer where) {
        return await(
            loop_, client_.probe(std::move(where), steady_clock::now() + std::chrono::seconds(20)));
    };
    SmtpServer nobody = server("starttls");
    nobody.url = "smtp://localhost:1";

    for (const std::string name : {"starttls", "implicit"}) {
        const Result<SmtpReceipt> good = probe(server(name));
        ASSERT_TRUE(good.has_value()) << name << ": " << good.error().detail;
        EXPECT_EQ(good->verdict, SmtpVerdict::accepted) << name;
        EXPECT_EQ(good->stage, SmtpStage::mail) << name;
    }
    const Result<SmtpReceipt> refused = probe(server("login_refused"));
    const Result<SmtpReceipt> away = probe(std::move(nobody));

    EXPECT_TRUE(refused.has_error() || refused->stage == SmtpStage::auth);
    EXPECT_TRUE(refused.has_error() || refused->verdict == SmtpVerdict::permanent);
    ASSERT_TRUE(away.has_error());
    EXPECT_EQ(away.error().code, ErrorCode::unreachable);
    EXPECT_EQ(mails(), before);
}

TEST_F(CurlSmtpClientTest, MailArrivesOctetForOctet) {
    for (const std::string name : {"starttls", "implicit"}) {
        const Result<SmtpReceipt> receipt = send(server(name));

        ASSERT_TRUE(receipt.has_value()) << name << ": " << receipt.error().detail;
        EXPECT_EQ(receipt->verdict, SmtpVerdict::accepted);
        EXPECT_EQ(receipt->stage, SmtpStage::end_of_data);
        EXPECT_EQ(receipt->code, 250);
        EXPECT_EQ(receipt->enhanced_code, "2.0.0");
        EXPECT_EQ(receipt->queue_id, "Q" + std::to_string(mails()));
        EXPECT_EQ(receipt->text, "Ok: queued as " + receipt->queue_id);
        EXPECT_EQ(last_mail(), "ssl@example.com\nsupport@example.net\n\n" + kMail);
    }
}

TEST_F(CurlSmtpClientTest, EmptySenderIsTheNullPath) {
    const Result<SmtpReceipt> receipt =
        await(loop_, client_.send(SmtpEnvelope("", "support@example.net"), kMail, server("good"),
                                  steady_clock::now() + std::chrono::seconds(20)));

    ASSERT_TRUE(receipt.has_value()) << receipt.error().detail;
    EXPECT_TRUE(last_mail().starts_with("\nsupport@example.net\n"));
}

TEST_F(CurlSmtpClientTest, RefusalsAreReceiptsWithTheirStage) {
    struct Case {
        std::string name;
        SmtpVerdict verdict;
        SmtpStage stage;
        int code;
        std::string enhanced;
    };
    const std::vector<Case> cases{
        {"temporary", SmtpVerdict::temporary, SmtpStage::end_of_data, 451, "4.3.0"},
        {"permanent", SmtpVerdict::permanent, SmtpStage::end_of_data, 550, "5.7.1"},
        {"data_refused", SmtpVerdict::permanent, SmtpStage::data, 554, "5.6.0"},
        {"unknown_recipient", SmtpVerdict::permanent, SmtpStage::recipient, 550, "5.1.1"},
        {"login_refused", SmtpVerdict::permanent, SmtpStage::auth, 535, "5.7.8"},
        {"starttls_refused", SmtpVerdict::temporary, SmtpStage::hello, 454, "4.7.0"},
        {"busy", SmtpVerdict::temporary, SmtpStage::greeting, 421, "4.3.2"}};
    for (const Case& each : cases) {
        const Result<SmtpReceipt> receipt = send(server(each.name));

        ASSERT_TRUE(receipt.has_value()) << each.name << ": " << receipt.error().detail;
        EXPECT_EQ(receipt->verdict, each.verdict) << each.name;
        EXPECT_EQ(receipt->stage, each.stage) << each.name;
        EXPECT_EQ(receipt->code, each.code) << each.name;
        EXPECT_EQ(receipt->enhanced_code, each.enhanced) << each.name;
        EXPECT_EQ(receipt->text.find('\x1b'), std::string::npos) << each.name;
    }
}

TEST_F(CurlSmtpClientTest, ServerThatTookTheMailAndHangsUpGaveNoAnswer) {
    const std::size_t before = mails();

    const Result<SmtpReceipt> receipt = send(server("drop"));

    ASSERT_TRUE(receipt.has_error());
    EXPECT_EQ(receipt.error().code, ErrorCode::no_answer);
    EXPECT_EQ(cause(receipt), "closed");
    EXPECT_EQ(mails(), before + 1);
}

TEST_F(CurlSmtpClientTest, SilenceAfterTheMailEndsAtTheDeadlineAndTheLoopGoesOn) {
    int ticks = 0;
    asio::steady_timer timer(loop_);
    std::function<void()> tick = [&] {
        timer.expires_after(milliseconds(20));
        timer.async_wait([&](const boost::system::error_code& error) {
            if (!error && ++ticks < 15) tick();
        });
    };
    tick();

    const Result<SmtpReceipt> receipt = send(server("hang"), kMail, milliseconds(1000));

    ASSERT_TRUE(receipt.has_error());
    EXPECT_EQ(receipt.error().code, ErrorCode::no_answer);
    EXPECT_EQ(cause(receipt), "timeout");
    EXPECT_EQ(ticks, 15) << "the loop must not stand still while a server thinks";
}

TEST_F(CurlSmtpClientTest, WithoutTheEndOfTheMailTheServerDoesNotHaveIt) {
    std::string large = "Subject: large\r\n\r\n";
    while (large.size() < 900'000) large += std::string(70, 'x') + "\r\n";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"closed", "connect"},         {"expired", "certificate"},
        {"wrong_host", "certificate"}, {"unknown", "certificate"},
        {"stripped", "tls"},           {"no_auth", "login"},
        {"drop_within", "closed"},     {"plaintext_after_starttls", "protocol"}};
    for (const auto& [name, why] : cases) {
        const std::size_t before = mails();

        const Result<SmtpReceipt> receipt = send(server(name), large);

        ASSERT_TRUE(receipt.has_error()) << name;
        // What the kernel took as a whole may have arrived: then only "unknown" is an honest word.
        const bool may_doubt = name == "drop_within";
        const bool doubted = may_doubt && receipt.error().code == ErrorCode::no_answer;
        EXPECT_TRUE(doubted || receipt.error().code == ErrorCode::unreachable) << name;
        EXPECT_EQ(cause(receipt), why) << name;
        EXPECT_EQ(mails(), before) << name;
    }
    const Result<SmtpReceipt> mute = send(server("mute"), kMail, milliseconds(300));
    EXPECT_EQ(mute.error().code, ErrorCode::unreachable);
    EXPECT_EQ(cause(mute), "timeout");
}

TEST_F(CurlSmtpClientTest, ServerThatNeverAnswersQuitHoldsNobodyUp) {
    const auto begin = steady_clock::now();

    const Result<SmtpReceipt> receipt = send(server("mute_quit"));

    ASSERT_TRUE(receipt.has_value()) << receipt.error().detail;
    EXPECT_EQ(receipt->verdict, SmtpVerdict::accepted);
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(CurlSmtpClientTest, CancellingEndsTheTransaction) {
    asio::cancellation_signal signal;
    asio::steady_timer timer(loop_, milliseconds(200));
    timer.async_wait(
        [&](const boost::system::error_code&) { signal.emit(asio::cancellation_type::terminal); });
    std::optional<Result<SmtpReceipt>> receipt;
    asio::co_spawn(loop_,
                   client_.send(envelope(), kMail, server("mute"),
                                steady_clock::now() + std::chrono::seconds(20)),
                   asio::bind_cancellation_slot(
                       signal.slot(), [&](const std::exception_ptr& error, Result<SmtpReceipt> r) {
                           EXPECT_FALSE(error);
                           receipt.emplace(std::move(r));
                       }));
    loop_.run_for(std::chrono::seconds(10));

    ASSERT_TRUE(receipt && receipt->has_error());
    EXPECT_EQ(receipt->error().code, ErrorCode::unreachable);
    EXPECT_EQ(cause(*receipt), "canceled");
}

TEST_F(CurlSmtpClientTest, WrongMailsAndSettingsAreRefusedBeforeAnythingIsSent) {
    const auto refused = [&](SmtpEnvelope envelope, const std::string& octets, SmtpServer server) {
        const Result<SmtpReceipt> receipt =
            await(loop_, client_.send(std::move(envelope), octets, std::move(server),
                                      steady_clock::now() + std::chrono::seconds(20)));
        return receipt.has_error() && receipt.error().code == ErrorCode::bad_configuration &&
               cause(receipt) == "request";
    };
    for (const std::string address :
         {"", "a", "a@b c.example", "a@b.example>\r\nRCPT TO:<c@d.example", "<a@b.example>",
          "a@b.example\n", "a b@c.example", "\"a\"@b.example", "b\xC3\xBC@c.example"}) {
        EXPECT_TRUE(refused({"ssl@example.com", address}, kMail, server("good"))) << address;
        if (!address.empty()) {
            EXPECT_TRUE(refused({address, "a@b.example"}, kMail, server("good"))) << address;
        }
    }
    for (const std::string& octets : {std::string(), std::string("x"), std::string("a\n.\nb\r\n"),
                                      std::string("a\r.\rb\r\n"), std::string("\xC3\xBC\r\n"),
                                      std::string("a\0b\r\n", 5), std::string(999, 'x') + "\r\n"}) {
        EXPECT_TRUE(refused(envelope(), octets, server("good")));
    }
    for (const std::string url : {"", "smtp:", "smtps://localhost:1", "http://localhost/",
                                  "smtp://u:p@localhost/", "smtp://localhost/path"}) {
        SmtpServer wrong = server("good");
        wrong.url = url;
        EXPECT_TRUE(refused(envelope(), kMail, std::move(wrong))) << url;
    }
    SmtpServer open = server("good");
    open.tls = SmtpTls::none;
    EXPECT_TRUE(refused(envelope(), kMail, std::move(open))) << "a password needs TLS";
    SmtpServer remote;
    remote.url = "smtp://mail.example.com:25";
    remote.tls = SmtpTls::none;
    EXPECT_TRUE(refused(envelope(), kMail, std::move(remote))) << "only loopback goes without TLS";
    SmtpServer helo = server("good");
    helo.helo = "a\r\nMAIL FROM:<x@y.example>";
    EXPECT_TRUE(refused(envelope(), kMail, std::move(helo)));
}

TEST_F(CurlSmtpClientTest, LoopbackWithoutTlsIsAllowedWithoutPassword) {
    SmtpServer plain = server("good");
    plain.tls = SmtpTls::none;
    plain.user.clear();

    const Result<SmtpReceipt> receipt = send(std::move(plain));

    ASSERT_TRUE(receipt.has_value()) << receipt.error().detail;
    EXPECT_EQ(receipt->verdict, SmtpVerdict::accepted);
}

}  // namespace
}  // namespace cabroker::transport
