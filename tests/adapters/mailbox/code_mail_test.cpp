#include "adapters/mailbox/code_mail.hpp"

#include <gtest/gtest.h>

namespace cabroker::adapters::mailbox {
namespace {

using protocol::Authentication;

CodeRule a_rule() {
    CodeRule rule;
    rule.adapter = "portal";
    rule.pattern.min_length = 6;
    rule.pattern.max_length = 12;
    rule.pattern.upper = true;
    rule.mail.senders = {"no-reply@portal.example"};
    rule.mail.subject_contains = "access code";
    rule.mail.code_after = {"Access code:"};
    rule.mail.binds = config::CodeMail::Binds::nonce;
    rule.mail.binding_after = {"Login reference:"};
    return rule;
}

MailRules rules() {
    MailRules all;
    all.adapters = {a_rule()};
    all.authserv_id = "mx.example.com";
    return all;
}

transport::ReadMail read(const std::string& octets) {
    auto mail = transport::read_mail(octets, transport::MailLimits());
    if (!mail) throw std::runtime_error(mail.error().detail);
    return std::move(*mail);
}

constexpr auto kHead =
    "From: Portal <no-reply@portal.example>\nTo: a@example.com\nSubject: Your ACCESS code\n";

transport::ReadMail plain(const std::string& body) {
    return read(std::string(kHead) + "Content-Type: text/plain; charset=utf-8\n\n" + body);
}
transport::ReadMail html(const std::string& body) {
    return read(std::string(kHead) + "Content-Type: text/html; charset=utf-8\n\n" + body);
}

protocol::CodeReading only(const transport::ReadMail& mail) {
    CodeVerdict verdict = judge_code_mail(mail, rules());
    EXPECT_TRUE(verdict.is_code);
    if (verdict.readings.size() != 1) throw std::runtime_error("not one reading");
    return std::move(verdict.readings.front());
}

TEST(CodeMailTest, CodeAndBindingAreRead) {
    const auto reading = only(
        plain("Hello,\n\naccess CODE: 7K3QX9TM.\nLogin reference: 12-34\n\nOrder ID: 902817364\n"));

    EXPECT_EQ(reading.candidates, 1U);
    EXPECT_EQ(reading.code.reveal(), "7K3QX9TM");
    EXPECT_EQ(reading.binding, "12-34");
}

TEST(CodeMailTest, CodeMayStandOnTheNextLineButNotAnywhere) {
    EXPECT_EQ(only(plain("Access code:\n\n   7K3QX9TM  \n")).code.reveal(), "7K3QX9TM");
    EXPECT_EQ(only(plain("Access code: see below\nORDERNUMBER\n")).candidates, 0U);
    EXPECT_EQ(only(plain("My access code: none\n")).candidates, 0U);
    EXPECT_EQ(only(plain("XAccess code: 7K3QX9TM\n")).candidates, 0U) << "part of a word";
}

TEST(CodeMailTest, SameCodeInBothPartsIsOneAndDifferentCodesAreTwo) {
    const std::string parts =
        std::string(kHead) +
        "Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/plain\n\n"
        "Access code: 7K3QX9TM\n--x\nContent-Type: text/html\n\n<p>Access code: <b>";

    EXPECT_EQ(only(read(parts + "7K3QX9TM</b></p>\n--x--\n")).candidates, 1U);
    const auto two = only(read(parts + "ABCDEFGH</b></p>\n--x--\n"));
    EXPECT_EQ(two.candidates, 2U);
    EXPECT_TRUE(two.code.empty());
}

TEST(CodeMailTest, WhatAPersonDoesNotSeeIsNoCode) {
    const std::string seen = "<p>Access code: 7K3QX9TM</p>";
    for (const std::string hidden :
         {"<!-- Access code: ABCDEFGH -->", "<p hidden>Access code: ABCDEFGH</p>",
          "<p style='display : none'>Access code: ABCDEFGH</p>",
          "<div style=\"font-size:0px\"><p>Access code: ABCDEFGH</p></div>",
          "<p style='color:#fff'>Access code: ABCDEFGH</p>",
          "<p style='opacity:0'>Access code: ABCDEFGH</p>",
          "<p style='position:absolute;left:-9999px'>Access code: ABCDEFGH</p>",
          "<style>p.x{display:none}</style><p class='x'>Access code: ABCDEFGH</p>",
          "<style>@media screen{.x{visibility:hidden}}</style><p class='y x'>Access code: "
          "ABCDEFGH</p>",
          "<p style='dis\\70lay:none'>Access code: ABCDEFGH</p>",
          "<script>Access code: ABCDEFGH</script>",
          "<blockquote>Access code: ABCDEFGH</blockquote>",
          "<div class='gmail_quote'>Access code: ABCDEFGH</div>"}) {
        const auto reading = only(html(hidden + seen));
        EXPECT_EQ(reading.candidates, 1U) << hidden;
        EXPECT_EQ(reading.code.reveal(), "7K3QX9TM") << hidden;
    }
    EXPECT_EQ(only(html(seen + "<p>Access code: ABCDEFGH</p>")).candidates, 2U) << "the control";
}

TEST(CodeMailTest, QuotedAndAttachedMailsAreNotTheMailsOwnWords) {
    EXPECT_EQ(only(plain("> Access code: ABCDEFGH\n")).candidates, 0U);
    EXPECT_EQ(
        only(plain("See below.\n-----Original Message-----\nAccess code: ABCDEFGH\n")).candidates,
        0U);
    EXPECT_EQ(only(plain("On Monday Portal wrote:\nAccess code: ABCDEFGH\n")).candidates, 0U);
    const std::string mixed =
        std::string(kHead) + "Content-Type: multipart/mixed; boundary=x\n\n--x\n";
    EXPECT_EQ(only(read(mixed + "Content-Type: message/rfc822\n\nSubject: y\n\nAccess code: "
                                "ABCDEFGH\n--x--\n"))
                  .candidates,
              0U);
    EXPECT_EQ(only(read(mixed + "Content-Type: text/plain\nContent-Disposition: attachment; "
                                "filename=a.txt\n\nAccess code: ABCDEFGH\n--x--\n"))
                  .candidates,
              0U);
}

TEST(CodeMailTest, OnlyTheFromAddressMakesASender) {
    const std::string rest =
        "To: a@example.com\nSubject: Your access code\n\nAccess code: ABCDEFGH\n";
    for (const std::string from :
         {"From: \"no-reply@portal.example\" <evil@evil.example>\n",
          "From: evil@evil.example\nReply-To: no-reply@portal.example\n",
          "From: evil@evil.example\nSender: no-reply@portal.example\n",
          "From: no-reply@portal.example, evil@evil.example\n",
          "From: no-reply@portal.example.evil.example\n", "Reply-To: no-reply@portal.example\n"}) {
        const CodeVerdict verdict = judge_code_mail(read(from + rest), rules());
        EXPECT_TRUE(verdict.is_code) << from << "its subject makes it one: its octets are not kept";
        EXPECT_TRUE(verdict.readings.empty()) << from;
        EXPECT_FALSE(verdict.is_certain) << from;
    }
}

TEST(CodeMailTest, OtherMailsAreNoCodeMails) {
    MailRules more = rules();
    more.code_mail_from = {"@codes.example"};
    const auto reply =
        read("From: support@ca.example\nSubject: Re: ticket\n\nAccess code: ABCDEFGH\n");
    const auto listed = read("From: x@codes.example\nSubject: hello\n\nyour PIN is 1234\n");

    EXPECT_FALSE(is_code_mail(reply, more));
    EXPECT_TRUE(is_code_mail(listed, more));
    EXPECT_TRUE(judge_code_mail(listed, more).readings.empty());
}

Authentication judge(const std::string& headers) {
    return authentication_of(
        read(headers + "From: x <no-reply@portal.example>\nSubject: s\n\nbody\n"),
        "MX.example.com");
}

TEST(CodeMailTest, OnlyTheOwnMailServersResultCounts) {
    EXPECT_EQ(
        judge("Authentication-Results: mx.example.com; dmarc=pass header.from=portal.example\n"),
        Authentication::passed);
    EXPECT_EQ(judge("Authentication-Results: mx.example.com 1;\n spf=pass "
                    "smtp.mailfrom=no-reply@portal.example;\n dkim=fail header.d=portal.example\n"),
              Authentication::passed);
    EXPECT_EQ(judge(""), Authentication::failed);
    EXPECT_EQ(
        judge("Authentication-Results: evil.example; dmarc=pass header.from=portal.example\n"),
        Authentication::failed);
    EXPECT_EQ(judge("Authentication-Results: mx.example.com; none\n"), Authentication::failed);
    EXPECT_EQ(
        judge("Authentication-Results: mx.example.com; dmarc=pass header.from=evil.example\n"),
        Authentication::failed);
    EXPECT_EQ(judge("Authentication-Results: mx.example.com; dkim=pass header.d=evil.example\n"),
              Authentication::failed);
    EXPECT_EQ(
        judge("Authentication-Results: mx.example.com; dmarc=fail header.from=portal.example; "
              "dkim=pass header.d=portal.example\n"),
        Authentication::failed)
        << "the policy's word stands above";
    EXPECT_EQ(judge("Authentication-Results: mx.example.com; dmarc=pass "
                    "header.from=portal.example; dmarc=fail header.from=portal.example\n"),
              Authentication::failed)
        << "its two words contradict each other";
    EXPECT_EQ(judge("Authentication-Results: (mx.example.com; dmarc=pass) evil.example; x=y\n"),
              Authentication::failed)
        << "a comment says nothing";
    EXPECT_EQ(authentication_of(plain("x"), std::nullopt), Authentication::not_checked);
}

TEST(CodeMailTest, ForgedResultsBelowTheOwnOnesAreIgnored) {
    const std::string forged =
        "Authentication-Results: mx.example.com; dmarc=pass header.from=portal.example\n";
    const std::string own = "Authentication-Results: mx.example.com; dmarc=fail\n";
    const std::string received = "Received: from evil by mx.example.com with ESMTP; x\n";
    const std::string foreign = "Received: from a by relay.evil.example with ESMTP; x\n";

    EXPECT_EQ(judge(own + received + forged), Authentication::failed);
    EXPECT_EQ(judge(received + own + forged), Authentication::failed);
    EXPECT_EQ(judge(received + foreign + forged), Authentication::failed);
    EXPECT_EQ(judge(received + forged + foreign), Authentication::passed)
        << "where the server writes below its own Received line";
}

}  // namespace
}  // namespace cabroker::adapters::mailbox
