#include "transport/mime_message.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "transport/mail_reader.hpp"
#include "transport/mail_text.hpp"

namespace cabroker::transport {
namespace {

using domain::ErrorCode;

MailDraft draft() {
    MailDraft made;
    made.from = MailParty("SSL desk", "ssl@example.com");
    made.to = MailParty("", "support@example.net");
    made.reply_to = MailParty("", "ssl+abc@example.com");
    made.subject = "Reissue of order 4711";
    made.message_id = "<msg_01ABC.00ff@example.com>";
    made.date = domain::Time(std::chrono::seconds(1'600'000'000));
    made.text = "Hello,\n\nplease reissue.\n";
    return made;
}

MailAttachment csr() {
    return {"request.csr", "application/pkcs10", "-----BEGIN CERTIFICATE REQUEST-----\nMII=\n"};
}

TEST(MimeMessageTest, MailHasExactlyTheHeadersThatWereMeant) {
    MailDraft made = draft();
    made.extra_headers.emplace_back("X-Loop", "broker.example");

    const auto octets = compose(made);

    ASSERT_TRUE(octets.has_value()) << octets.error().detail;
    EXPECT_EQ(octets->substr(0, octets->find("\r\n\r\n")),
              "From: SSL desk <ssl@example.com>\r\n"
              "Reply-To: ssl+abc@example.com\r\n"
              "To: support@example.net\r\n"
              "Subject: Reissue of order 4711\r\n"
              "Date: Sun, 13 Sep 2020 12:26:40 +0000\r\n"
              "Message-Id: <msg_01ABC.00ff@example.com>\r\n"
              "X-Loop: broker.example\r\n"
              "MIME-Version: 1.0\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: quoted-printable");
    EXPECT_EQ(*compose(made), *octets) << "equal drafts give equal octets";
}

TEST(MimeMessageTest, TextArrivesWhateverItIs) {
    for (const std::string& text :
         {std::string("\xC3\xBC\xE2\x82\xAC \xF0\x9F\x94\x92\n"), std::string(5000, 'x'),
          std::string(".\n..\n.\r\n. \nFrom me\n=3D=\n"), std::string("a\rb\r\nc\nd"),
          std::string("trailing \t\nspaces  "), std::string("--=_part_of_this_mail_=--\n"),
          std::string("Subject: not a header\n\nX: y\n")}) {
        MailDraft made = draft();
        made.text = text;
        made.attachments.push_back(csr());

        const auto octets = compose(made);

        ASSERT_TRUE(octets.has_value()) << text << octets.error().detail;
        EXPECT_TRUE(check_mail_octets(*octets).has_value());
        const auto read = read_mail(*octets, MailLimits());
        EXPECT_EQ(with_crlf(read->texts.at(0).second), with_crlf(text));
        EXPECT_EQ(read->attachments.at(0).octets, csr().octets);
    }
}

TEST(MimeMessageTest, AttachmentsArriveOctetForOctet) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    MailDraft made = draft();
    made.attachments.push_back(csr());
    made.attachments.emplace_back("\xC3\xBC.bin", "application/octet-stream",
                                  all + "\r\n.\r\n\r\r\n");
    made.attachments.emplace_back("lines.txt", "text/plain", "a\r\nb\nc\r");
    made.attachments.emplace_back("empty.txt", "text/plain", "");

    const auto read = read_mail(*compose(made), MailLimits());

    ASSERT_EQ(read->attachments.size(), 4U);
    EXPECT_EQ(read->attachments[1].name, "\xC3\xBC.bin");
    EXPECT_EQ(read->attachments[1].octets, made.attachments[1].octets);
    EXPECT_EQ(read->attachments[2].octets, made.attachments[2].octets);
}

TEST(MimeMessageTest, NonAsciiHeadersAreEncodedAndComeBack) {
    std::string longest;
    for (int i = 0; i < 200; ++i) longest += "\xE2\x82\xAC";
    for (const std::string& subject : {std::string("B\xC3\xBC"
                                                   "cher"),
                                       longest, std::string("a  b"), std::string(300, 'x'),
                                       std::string("\xF0\x9F\x94\x92 certificate")}) {
        MailDraft made = draft();
        made.subject = subject;
        made.from.name = "J\xC3\xB6rg, \"the\" <desk@evil.example>";

        const auto octets = compose(made);

        ASSERT_TRUE(octets.has_value()) << subject << ": " << octets.error().detail;
        EXPECT_TRUE(check_mail_octets(*octets).has_value());
        const auto read = read_mail(*octets, MailLimits());
        EXPECT_EQ(read->from.at(0).address, "ssl@example.com");
    }
}

TEST(MimeMessageTest, NothingBecomesAHeaderThatWasNotMeant) {
    const std::vector<std::string> tricks{"\r\nBcc: x@y.example",
                                          "\nBcc: x@y.example",
                                          "\rBcc: x@y.example",
                                          std::string("\0", 1),
                                          "\xE2\x80\xA8"
                                          "Bcc: x@y.example",
                                          "\xC2\x85",
                                          std::string(70'000, 'x'),
                                          "\x1b[31m",
                                          "\xFF"};
    const std::vector<std::function<void(MailDraft&, const std::string&)>> places{
        [](MailDraft& d, const std::string& trick) { d.subject += trick; },
        [](MailDraft& d, const std::string& trick) { d.from.name += trick; },
        [](MailDraft& d, const std::string& trick) { d.to.name += trick; },
        [](MailDraft& d, const std::string& trick) { d.from.address += trick; },
        [](MailDraft& d, const std::string& trick) { d.to.address += trick; },
        [](MailDraft& d, const std::string& trick) { d.reply_to.address += trick; },
        [](MailDraft& d, const std::string& trick) { d.message_id += trick; },
        [](MailDraft& d, const std::string& trick) { d.extra_headers.emplace_back("X-A", trick); },
        [](MailDraft& d, const std::string& trick) {
            d.extra_headers.emplace_back("X-A" + trick, "1");
        },
        [](MailDraft& d, const std::string& trick) {
            d.attachments.emplace_back("a" + trick, "text/plain", "");
        },
        [](MailDraft& d, const std::string& trick) {
            d.attachments.emplace_back("a", "text/plain" + trick, "");
        }};
    for (std::size_t place = 0; place < places.size(); ++place) {
        for (std::size_t trick = 0; trick < tricks.size(); ++trick) {
            MailDraft made = draft();
            places[place](made, tricks[trick]);

            const auto octets = compose(made);

            ASSERT_TRUE(octets.has_error()) << "place " << place << ", trick " << trick;
            EXPECT_EQ(octets.error().code, ErrorCode::bad_configuration);
        }
    }
}

TEST(MimeMessageTest, OtherWrongDraftsAreRefused) {
    const std::vector<std::function<void(MailDraft&)>> wrongs{
        [](MailDraft& d) { d.subject.clear(); },
        [](MailDraft& d) { d.subject = "=?utf-8?q?=0D=0ABcc:?="; },
        [](MailDraft& d) { d.from.address.clear(); },
        [](MailDraft& d) { d.message_id = "no-at-sign"; },
        [](MailDraft& d) { d.text = "\xFF"; },
        [](MailDraft& d) { d.text = std::string("a\0b", 3); },
        [](MailDraft& d) { d.extra_headers.emplace_back("Bcc", "x@y.example"); },
        [](MailDraft& d) { d.extra_headers.emplace_back("content-type", "text/html"); },
        [](MailDraft& d) {
            d.extra_headers.assign(2, {"X-A", "1"});
        },
        [](MailDraft& d) { d.attachments.emplace_back("../x", "text/plain", ""); },
        [](MailDraft& d) { d.attachments.emplace_back("x", "multipart/mixed", ""); },
        [](MailDraft& d) { d.attachments.assign(11, csr()); }};
    for (std::size_t i = 0; i < wrongs.size(); ++i) {
        MailDraft made = draft();
        wrongs[i](made);

        EXPECT_TRUE(compose(made).has_error()) << i;
    }
    MailDraft large = draft();
    large.attachments.emplace_back("x", "text/plain", std::string(900'000, 'x'));
    EXPECT_EQ(compose(large).error().code, ErrorCode::limit_exceeded);
}

TEST(MimeMessageTest, VerificationSeesWhatWasChanged) {
    MailDraft made = draft();
    made.attachments.push_back(csr());
    const std::string octets = *compose(made);
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string changed = octets;
        const std::size_t at = changed.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return changed.replace(at, from.size(), to);
    };

    EXPECT_TRUE(verify_composed(made, octets).has_value());
    for (const std::string& changed :
         {with("Subject:", "Bcc: x@y.example\r\nSubject:"), with("4711", "4712"),
          with("support@", "evil@"), with("filename=request.csr", "filename=other.csr"),
          with("2020", "2021"), with("please", "pleace"),
          with("From: SSL", "From: x@y.example, SSL"), with("Message-Id: <", "Message-Id: <x"),
          with("\r\n\r\n", "\r\n \r\n\r\n\r\n"), octets + "--=_part_of_this_mail_=--\r\n.\n"}) {
        EXPECT_TRUE(verify_composed(made, changed).has_error()) << changed;
    }
}

}  // namespace
}  // namespace cabroker::transport
