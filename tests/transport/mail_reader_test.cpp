#include "transport/mail_reader.hpp"

#include <gtest/gtest.h>

namespace cabroker::transport {
namespace {

using domain::ErrorCode;

const std::string kMail =
    "Authentication-Results: mx.example.com; dkim=pass header.d=digicert.example\r\n"
    "Received: from a by b\r\n"
    "Authentication-Results: forged.example; dkim=pass\r\n"
    "From: =?utf-8?q?J=C3=B6rg?= <noreply@digicert.example>\r\n"
    "To: Admin <admin@example.com>, list: a@example.com, b@example.com;\r\n"
    "Subject: Your =?iso-8859-1?q?Zugangs=FCbersicht?=\r\n code\r\n"
    "Message-ID: <m1@digicert.example>\r\n"
    "In-Reply-To: <msg_1.ff@example.com>\r\n"
    "References: <r1@x> <msg_1.ff@example.com>\r\n"
    "Auto-Submitted: Auto-Generated; x=y\r\n"
    "Date: Sun, 13 Sep 2020 14:26:40 +0200\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
    "--c\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
    "quoted-printable\r\n\r\nCode f=FCr Sie: 123456\r\n"
    "--c\r\nContent-Type: text/html\r\n\r\n<p>123456</p>\r\n--c--\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nCode: 999999\r\n"
    "--b\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; "
    "filename=a.txt\r\nContent-Transfer-Encoding: base64\r\n\r\nMTExMTEx\r\n--b--\r\n";

TEST(MailReaderTest, FactsOfAMailAreRead) {
    const auto mail = read_mail(kMail, MailLimits());

    ASSERT_TRUE(mail.has_value()) << mail.error().detail;
    EXPECT_EQ(mail->from, (std::vector<MailParty>{{"J\xC3\xB6rg", "noreply@digicert.example"}}));
    ASSERT_EQ(mail->to.size(), 3U);
    EXPECT_EQ(mail->to[2].address, "b@example.com");
    EXPECT_EQ(mail->subject,
              "Your Zugangs\xC3\xBC"
              "bersicht code");
    EXPECT_EQ(mail->message_id, "m1@digicert.example");
    EXPECT_EQ(mail->in_reply_to, std::vector<std::string>{"msg_1.ff@example.com"});
    EXPECT_EQ(mail->references.size(), 2U);
    EXPECT_EQ(mail->auto_submitted, "auto-generated");
    EXPECT_EQ(mail->date, domain::Time(std::chrono::seconds(1'600'000'000)));
    ASSERT_EQ(mail->authentication_results.size(), 2U);
    EXPECT_TRUE(mail->authentication_results[0].starts_with("mx.example.com;"));
    EXPECT_EQ(mail->headers[1].first, "received") << "order tells which results are ours";
    EXPECT_FALSE(mail->is_report);
}

TEST(MailReaderTest, AttachedMessagesAndFilesAreNotTheText) {
    const auto mail = read_mail(kMail, MailLimits());

    ASSERT_TRUE(mail.has_value());
    ASSERT_EQ(mail->texts.size(), 2U);
    EXPECT_EQ(mail->texts[0].first, "text/plain");
    EXPECT_EQ(mail->texts[0].second.substr(0, 22), "Code f\xC3\xBCr Sie: 123456");
    EXPECT_EQ(mail->texts[1].first, "text/html");
    ASSERT_EQ(mail->attachments.size(), 2U);
    EXPECT_EQ(mail->attachments[0].content_type, "message/rfc822");
    EXPECT_NE(mail->attachments[0].octets.find("999999"), std::string::npos);
    EXPECT_EQ(mail->attachments[1].name, "a.txt");
    EXPECT_EQ(mail->attachments[1].octets, "111111");
}

TEST(MailReaderTest, HeaderWordsCannotBringControlCharacters) {
    const auto mail = read_mail(
        "From: a@b.example\r\nFrom: c@d.example\r\nSubject: "
        "=?utf-8?q?a=0D=0AX:_y=00z?=\r\n\r\nx\r\n",
        MailLimits());

    ASSERT_TRUE(mail.has_value());
    EXPECT_EQ(mail->from.size(), 2U) << "two From headers must be seen as such";
    EXPECT_EQ(mail->subject.find_first_of("\r\n"), std::string::npos);
}

TEST(MailReaderTest, LimitsHold) {
    std::string deep;
    std::string end;
    for (int i = 0; i < 40; ++i) {
        const std::string b = "b" + std::to_string(i) + "x";
        deep += "Content-Type: multipart/mixed; boundary=" + b + "\r\n\r\n--" + b + "\r\n";
        end = "--" + b + "--\r\n" + end;
    }
    std::string wide = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    for (int i = 0; i < 300; ++i) wide += "--b\r\n\r\nx\r\n";
    std::string headers;
    for (int i = 0; i < 1001; ++i) headers += "X-" + std::to_string(i) + ": y\r\n";
    MailLimits small;
    small.octets = 10;
    const auto limit = [](const std::string& octets, const MailLimits& limits) {
        const auto mail = read_mail(octets, limits);
        return mail.has_error() ? mail.error().facts["limit"] : std::string("none");
    };

    EXPECT_EQ(limit("A: b\r\n" + deep + "\r\nx\r\n" + end, MailLimits()), "depth");
    EXPECT_EQ(limit("A: b\r\n" + wide, MailLimits()), "parts");
    EXPECT_EQ(limit(headers + "\r\nx", MailLimits()), "headers");
    EXPECT_EQ(limit("Subject: " + std::string(300'000, 'x') + "\r\n\r\n", MailLimits()),
              "header_octets");
    EXPECT_EQ(limit(kMail, small), "octets");
    MailLimits decoded;
    decoded.decoded = 20;
    EXPECT_EQ(limit(kMail, decoded), "decoded");
}

TEST(MailReaderTest, BrokenMailsAreReadOrRefused) {
    EXPECT_EQ(read_mail("", MailLimits()).error().code, ErrorCode::bad_answer);
    for (const std::string& octets :
         {std::string("\r\n\r\n"), std::string("no header here"), std::string("A: b"),
          std::string("From: <<>>@@,;:\r\nReferences: <<<\r\nMessage-ID: \r\nDate: never\r\n\r\n"),
          std::string("Content-Type: multipart/mixed\r\n\r\n--\r\n"),
          std::string("Content-Type: text/plain; charset=klingon\r\n\r\n\xFF\xFE\0x\r\n", 51),
          std::string("Content-Type: multipart/report; boundary=\r\n\r\nx"),
          std::string("Content-Transfer-Encoding: base64\r\n\r\n====!!!!"), std::string(1000, '\0'),
          std::string(1000, '\xFF')}) {
        const auto mail = read_mail(octets, MailLimits());
        EXPECT_TRUE(mail.has_error() || mail->headers.size() < 10);
    }
}

}  // namespace
}  // namespace cabroker::transport
