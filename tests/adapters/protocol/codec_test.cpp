#include "adapters/protocol/codec.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "adapters/protocol/json_text.hpp"
#include "json/parse.hpp"
#include "tests/adapters/protocol/samples.hpp"

namespace cabroker::adapters::protocol {
namespace {

namespace bj = boost::json;
using tests::a_context;
using tests::a_mail;
using tests::a_need;
using tests::a_result;
using tests::an_effect;
using tests::at;

// As it would be on the wire: text, read by the strict parser.
bj::value sent(const bj::object& object) {
    auto parsed = json::parse(frame_text(object));
    EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().detail);
    return parsed ? *parsed : bj::value();
}

template <class Value, class Read>
void expect_round_trip(const Value& value, Read read) {
    Blobs blobs;
    const bj::object written = to_json(value, "7", blobs);
    const Blobs crossed = blobs;

    auto back = read(sent(written), blobs);

    ASSERT_TRUE(back.has_value()) << back.error().detail;
    EXPECT_TRUE(blobs.empty()) << "every blob is taken";
    Blobs again;
    EXPECT_EQ(bj::serialize(to_json(*back, "7", again)), bj::serialize(written));
    EXPECT_EQ(again, crossed);
}

std::vector<Answer> every_answer() {
    std::vector<Answer> answers;
    answers.emplace_back(Done{"issued", "it is there", "main", "0a1b"});
    answers.emplace_back(Wait{std::chrono::seconds(30), "the CA validates", false});
    answers.emplace_back(NeedInput{{a_need()}});
    answers.emplace_back(Rejected{"wrong_contact", "no such contact", "check the admin contact"});
    answers.emplace_back(Unreachable{std::chrono::seconds(5), "refused"});
    answers.emplace_back(Misconfigured{"no such profile"});
    answers.emplace_back(Unsupported{"use the control panel"});
    answers.emplace_back(UnknownOutcome{"the connection broke"});
    answers.emplace_back(Intend{an_effect(), a_mail(200'000)});
    return answers;
}

TEST(CodecTest, EveryAnswerComesBackAsItWas) {
    for (Answer& answer : every_answer()) {
        SCOPED_TRACE(answer.index());
        const std::size_t index = answer.index();
        const StepResult result = a_result(std::move(answer));
        expect_round_trip(result, step_result_from);
        Blobs blobs;
        const bj::object written = to_json(result, "7", blobs);
        const auto back = step_result_from(sent(written), blobs);
        ASSERT_TRUE(back.has_value());
        EXPECT_EQ(back->answer.index(), index);
        EXPECT_EQ(back->evidence.at(0).octets, result.evidence.at(0).octets);
        EXPECT_EQ(back->certificates, result.certificates);
    }
}

TEST(CodecTest, ContextsComeBackAsTheyWere) {
    expect_round_trip(a_context(), step_context_from);
    StepContext large = a_context();
    large.mail = a_mail(900'000);
    expect_round_trip(large, step_context_from);
    StepContext least;
    least.adapter = "portal";
    least.request = a_context().request;
    least.order.id = a_context().order.id;
    expect_round_trip(least, step_context_from);
}

TEST(CodecTest, EveryKindOfParametersComesBack) {
    std::vector<domain::Params> all;
    all.emplace_back(domain::StatusParams{});
    all.emplace_back(domain::RevokeParams{"lost", domain::ReasonCode::key_compromise,
                                          domain::RevokeScope::certificate, "0a1b"});
    all.emplace_back(domain::CancelParams{"ordered twice"});
    all.emplace_back(domain::DownloadParams{{domain::Format::der, domain::Format::pkcs12}});
    all.emplace_back(domain::TransferParams{"acct-7", domain::TransferVerification::credentials});
    for (domain::Params& params : all) {
        StepContext context = a_context();
        context.params = std::move(params);
        expect_round_trip(context, step_context_from);
    }
}

TEST(CodecTest, ProofsComeBackAsTheyWere) {
    ProofContext context;
    context.step = a_context();
    context.effect = an_effect();
    expect_round_trip(context, proof_context_from);
    for (const ProofVerdict verdict :
         {ProofVerdict::done, ProofVerdict::not_done, ProofVerdict::cannot_tell,
          ProofVerdict::need_input, ProofVerdict::wait, ProofVerdict::unreachable}) {
        Proof proof;
        proof.verdict = verdict;
        proof.detail = "the portal shows our reason";
        proof.needs.push_back(a_need());
        proof.retry_after = std::chrono::seconds(3);
        proof.session = tests::a_session();
        proof.status = StatusReading{domain::OrderStatus::issued, "Issued"};
        expect_round_trip(proof, proof_from);
    }
}

TEST(CodecTest, CapabilitiesComeBackAsTheyWere) {
    Capabilities capabilities;
    capabilities.type = "guest_portal";
    capabilities.kinds = {domain::Kind::status, domain::Kind::reissue};
    capabilities.brands = {domain::Brand::rapidssl};
    capabilities.statuses[domain::Kind::reissue] = {domain::OrderStatus::issued};
    capabilities.sessions = SessionBinding::order_and_contact;
    capabilities.step_deadline = std::chrono::minutes(11);
    capabilities.settle = std::chrono::seconds(1);

    const auto back = capabilities_from(sent(to_json(capabilities)));

    ASSERT_TRUE(back.has_value()) << back.error().detail;
    EXPECT_EQ(bj::serialize(to_json(*back)), bj::serialize(to_json(capabilities)));
}

TEST(CodecTest, UnknownMembersAreIgnoredAndUnknownWordsAreNot) {
    Blobs blobs;
    bj::object written = to_json(a_result(Done{"issued", "", std::nullopt}), "7", blobs);
    written["tomorrow"] = bj::array{1, 2};
    written["answer"].as_object()["tomorrow"] = true;
    Blobs copy = blobs;
    EXPECT_TRUE(step_result_from(sent(written), copy).has_value());

    written["answer"].as_object()["type"] = "perhaps";
    const auto refused = step_result_from(sent(written), blobs);

    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, domain::ErrorCode::bad_answer);
    EXPECT_NE(refused.error().detail.find("/answer/type"), std::string::npos);
}

TEST(CodecTest, LimitsAreHeld) {
    Blobs blobs;
    StepResult result = a_result(Done{"issued", "", std::nullopt});
    result.cookie = domain::Secret(std::string(kMaxCookie + 1, 'c'));
    EXPECT_TRUE(step_result_from(sent(to_json(result, "7", blobs)), blobs).has_error());

    blobs.clear();
    result = a_result(Done{"issued", "", std::nullopt});
    result.certificates.assign(kMaxCertificates + 1, "x");
    EXPECT_TRUE(step_result_from(sent(to_json(result, "7", blobs)), blobs).has_error());

    blobs.clear();
    result.certificates.assign(1, std::string(kMaxCertificateSize + 1, 'x'));
    EXPECT_TRUE(step_result_from(sent(to_json(result, "7", blobs)), blobs).has_error());

    blobs.clear();
    StepContext context = a_context();
    context.mail = a_mail(kMaxFrame + 1);
    EXPECT_TRUE(step_context_from(sent(to_json(context, "7", blobs)), blobs).has_error());
}

TEST(CodecTest, BlobsThatDidNotComeOrDifferAreRefused) {
    Blobs blobs;
    const bj::object written = to_json(a_result(Done{"issued", "", std::nullopt}), "7", blobs);
    ASSERT_FALSE(blobs.empty());
    Blobs none;
    EXPECT_TRUE(step_result_from(sent(written), none).has_error());

    blobs.begin()->second.front() ^= 1;

    EXPECT_TRUE(step_result_from(sent(written), blobs).has_error()) << "the hash differs";
}

TEST(CodecTest, WhatASupplierWroteNeverMakesAnAnswerUnreadable) {
    const std::string hostile =
        std::string("a\0b", 3) + "\x1b[2J\xff\xc0\xaf\xed\xa0\x80 ok\r\n\xc2\x85";
    StepResult result = a_result(Rejected{"refused", hostile, std::string(200'000, 'x')});
    result.status = StatusReading{domain::OrderStatus::unknown, hostile};
    result.mail_receipt = MailReceipt{"250 " + hostile, hostile};
    result.notes.push_back({hostile, {{"page", hostile}}});
    result.session->jar = domain::Secret(std::string_view(hostile));
    Blobs blobs;

    auto back = step_result_from(sent(to_json(result, "7", blobs)), blobs);

    ASSERT_TRUE(back.has_value()) << back.error().detail;
    EXPECT_EQ(back->status->raw.find('\x1b'), std::string::npos);
    EXPECT_NE(back->status->raw.find(" ok\r\n"), std::string::npos);
    EXPECT_EQ(back->session->jar.reveal(), hostile) << "a secret crosses octet by octet";
    EXPECT_LE(std::get<Rejected>(back->answer).hint.size(), 64U * 1024);
}

TEST(CodecTest, SecretsAreWipedWithTheTree) {
    bj::object object =
        bj::parse(R"({"inputs":[{"value":{"secret":"482913"}}],"x":"482913"})").as_object();

    wipe_secrets(object);

    EXPECT_EQ(
        bj::serialize(object),
        R"({"inputs":[{"value":{"secret":"\u0000\u0000\u0000\u0000\u0000\u0000"}}],"x":"482913"})");
}

TEST(CodecTest, OddBase64IsRefused) {
    EXPECT_EQ(*from_base64(base64("any octets")), "any octets");
    for (const char* odd : {"A", "AA=A", "====", "A===", " AAA", "AAA\n", "AA==AAAA", "AAA-"}) {
        EXPECT_TRUE(from_base64(odd).has_error()) << odd;
    }
}

}  // namespace
}  // namespace cabroker::adapters::protocol
