#include "adapters/protocol/mail_codec.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace cabroker::adapters::protocol {
namespace {

namespace bj = boost::json;

MailOffer an_offer() {
    MailOffer offer;
    offer.mailbox = "inbox";
    offer.ref = MailRef(17, 422);
    offer.sha256 = "aa";
    offer.facts.from = {"a@b.example"};
    offer.facts.to = {"c@d.example", "e@f.example"};
    offer.facts.subject = "x\x01y";
    offer.facts.message_id = "1@b.example";
    offer.facts.date = domain::Time(domain::Duration(1'700'000'000'000));
    offer.facts.body_sha256 = "bb";
    offer.facts.authentication = Authentication::passed;
    offer.facts.size = 300'000;
    offer.facts.age = std::chrono::milliseconds(740);
    return offer;
}

domain::Result<MailOffer> through_json(const MailOffer& offer) {
    Blobs blobs;
    const bj::object object = to_json(offer, "7", blobs);
    return mail_offer_from(bj::parse(bj::serialize(object)), blobs);
}

TEST(MailCodecTest, LargeMailCrossesWhole) {
    MailOffer offer = an_offer();
    offer.octets = std::string(300'000, '\xFF');

    const auto read = through_json(offer);

    ASSERT_TRUE(read.has_value()) << read.error().detail;
    EXPECT_EQ(read->octets, offer.octets);
    EXPECT_EQ(read->ref, offer.ref);
    EXPECT_EQ(read->facts.from, offer.facts.from);
    EXPECT_EQ(read->facts.to, offer.facts.to);
    EXPECT_EQ(read->facts.date, offer.facts.date);
    EXPECT_EQ(read->facts.authentication, Authentication::passed);
    EXPECT_EQ(read->facts.age, offer.facts.age);
    EXPECT_FALSE(read->is_code);
}

TEST(MailCodecTest, CodeMailHasReadingsAndNoOctets) {
    MailOffer offer = an_offer();
    offer.ref = MailRef("1700000000.M1P2.host");
    offer.is_code = true;
    CodeReading reading;
    reading.adapter = "portal";
    reading.candidates = 1;
    reading.code = domain::Secret(std::string_view("ABCDEF"));
    reading.binding = "12-34";
    offer.readings.push_back(std::move(reading));
    Blobs blobs;
    const bj::object object = to_json(offer, "7", blobs);

    const auto read = through_json(offer);

    EXPECT_FALSE(object.contains("octets"));
    EXPECT_EQ(object.at("code").at("readings").at(0).at("code").at("secret"), "ABCDEF");
    ASSERT_TRUE(read.has_value()) << read.error().detail;
    EXPECT_EQ(read->ref.file, offer.ref.file);
    EXPECT_EQ(read->readings.at(0).code.reveal(), "ABCDEF");
    EXPECT_EQ(read->readings.at(0).binding, "12-34");
}

TEST(MailCodecTest, WhatIsNoOfferIsRefused) {
    Blobs blobs;
    for (const char* text :
         {"[]", "{}", R"({"mailbox":"x","ref":{},"sha256":"a","facts":{},"octets":{"base64":""}})",
          R"({"mailbox":"x","ref":{"file":"y"},"sha256":"a","facts":{}})",
          R"({"mailbox":"x","ref":{"uid":-1},"sha256":"a","facts":{},"octets":{"base64":""}})"}) {
        EXPECT_TRUE(mail_offer_from(bj::parse(text), blobs).has_error()) << text;
    }
    const auto strange =
        mail_offer_from(bj::parse(R"({"mailbox":"x","ref":{"file":"y"},"sha256":"a",
                      "facts":{"authentication":"surely"},"octets":{"base64":""}})"),
                        blobs);
    ASSERT_TRUE(strange.has_value()) << strange.error().detail;
    EXPECT_EQ(strange->facts.authentication, Authentication::failed) << "no word of ours";
}

TEST(MailCodecTest, MailboxesAndCursorsCross) {
    MailboxOpen open;
    open.name = "inbox";
    open.settings = R"({"maildir":"/m"})";
    open.password = domain::Secret(std::string_view("geheim"));
    open.cursor = R"({"uidvalidity":17,"uid":421})";
    MailFiled filed;
    filed.mailbox = "inbox";
    filed.ref = MailRef(17, 421);
    filed.cursor = open.cursor;

    const auto opened = mailbox_open_from(bj::value(to_json(open)));
    const auto told = mail_filed_from(bj::value(to_json(filed)));

    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    EXPECT_EQ(opened->settings, open.settings);
    EXPECT_EQ(opened->password.reveal(), "geheim");
    EXPECT_EQ(opened->cursor, open.cursor);
    ASSERT_TRUE(told.has_value()) << told.error().detail;
    EXPECT_EQ(told->cursor, open.cursor);
    EXPECT_TRUE(mailbox_open_from(bj::parse(R"({"name":"x"})")).has_error());
}

}  // namespace
}  // namespace cabroker::adapters::protocol
