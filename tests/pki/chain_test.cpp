#include "pki/chain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/pki/command.hpp"
#include "tests/pki/make_pki.hpp"

namespace cabroker::pki {
namespace {

using domain::ErrorCode;
using domain::Time;
using std::chrono::sys_days;
using std::chrono::year;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class ChainTest : public testing::Test {
  protected:
    static std::string reason(const Result<std::vector<Certificate>>& result) {
        if (result.has_value()) return "good";
        EXPECT_EQ(result.error().code, ErrorCode::bad_answer);
        return result.error().facts.at("reason");
    }
    static std::string reason(const Result<void>& result) {
        return result.has_value() ? "good" : result.error().facts.at("reason");
    }

    const Time now_{sys_days{year{2027} / 6 / 1}};
    test_pki::TestKey key_ = test_pki::make_ec_key();
    test_pki::TestCa root_ = test_pki::make_ca("Test Root");
    test_pki::TestCa ca_ = test_pki::make_intermediate(root_, "Test Issuing CA");
    TrustRoots roots_ = TrustRoots::of({root_.certificate()});
    Certificate leaf_ = test_pki::issue(ca_, key_, "www.example.com", {"www.example.com"});
};

TEST_F(ChainTest, ChainComesOutInOrderWhateverWasSent) {
    const Certificate stranger = test_pki::make_ca("Stranger").certificate();

    const auto chain =
        verify_chain(leaf_, {stranger, root_.root(), ca_.certificate(), leaf_}, roots_, now_);

    ASSERT_TRUE(chain.has_value()) << chain.error().detail;
    EXPECT_THAT(*chain, ElementsAre(leaf_, ca_.certificate(), root_.root()));
}

TEST_F(ChainTest, RootNeedNotBeSent) {
    const auto chain = verify_chain(leaf_, {ca_.certificate()}, roots_, now_);

    ASSERT_TRUE(chain.has_value()) << chain.error().detail;
    EXPECT_THAT(*chain, SizeIs(3));
}

TEST_F(ChainTest, MissingIssuerIsIncomplete) {
    const auto result = verify_chain(leaf_, {}, roots_, now_);

    EXPECT_EQ(reason(result), "chain_incomplete");
    EXPECT_THAT(result.error().detail, HasSubstr("www.example.com"));
}

TEST_F(ChainTest, OtherRootsAreNotTrusted) {
    const TrustRoots others = TrustRoots::of({test_pki::make_ca("Other Root").certificate()});
    const TrustRoots namesake = TrustRoots::of({test_pki::make_ca("Test Root").certificate()});

    EXPECT_EQ(reason(verify_chain(leaf_, ca_.chain, others, now_)), "chain_untrusted");
    EXPECT_NE(reason(verify_chain(leaf_, ca_.chain, namesake, now_)), "good");
    EXPECT_NE(reason(verify_chain(leaf_, ca_.chain, TrustRoots::of({}), now_)), "good");
    const Certificate self_signed = test_pki::make_ca("www.example.com").certificate();
    EXPECT_EQ(reason(verify_chain(self_signed, {}, roots_, now_)), "chain_untrusted");
}

TEST_F(ChainTest, DamagedSignatureWrongPurposeAndLeafAsIssuerAreUntrusted) {
    test_pki::IssueOptions damaged;
    damaged.bad_signature = true;
    test_pki::IssueOptions client;
    client.extended_key_usage = "clientAuth";
    const Certificate bad = test_pki::issue(ca_, key_, "www.example.com", {}, damaged);
    const Certificate wrong = test_pki::issue(ca_, key_, "www.example.com", {}, client);
    test_pki::TestCa false_ca = ca_;
    false_ca.key = key_;
    false_ca.chain.insert(false_ca.chain.begin(), leaf_);
    const Certificate forged = test_pki::issue(false_ca, key_, "victim.example.org", {});

    EXPECT_EQ(reason(verify_chain(bad, ca_.chain, roots_, now_)), "chain_untrusted");
    EXPECT_EQ(reason(verify_chain(wrong, ca_.chain, roots_, now_)), "chain_untrusted");
    EXPECT_EQ(reason(verify_chain(forged, false_ca.chain, roots_, now_)), "chain_untrusted");
}

TEST_F(ChainTest, DatesOfTheWholeChainCount) {
    EXPECT_EQ(reason(verify_chain(leaf_, ca_.chain, roots_, Time(sys_days{year{2037} / 1 / 1}))),
              "chain_expired")
        << "the root is the first that is looked at";
    EXPECT_EQ(reason(verify_chain(leaf_, ca_.chain, roots_, Time(sys_days{year{2025} / 1 / 1}))),
              "certificate_not_yet_valid");
    test_pki::Validity over;
    over.to = Time(sys_days{year{2027} / 1 / 1});
    const test_pki::TestCa old_ca = test_pki::make_intermediate(root_, "Old Issuing CA", over);
    const Certificate leaf = test_pki::issue(old_ca, key_, "www.example.com", {});

    const auto result = verify_chain(leaf, old_ca.chain, roots_, now_);

    EXPECT_EQ(reason(result), "chain_expired") << "another chain may come, the leaf is good";
    EXPECT_THAT(result.error().detail, HasSubstr("Old Issuing CA"));
}

TEST_F(ChainTest, TooManyCertificatesAreNotLookedAt) {
    const std::vector<Certificate> many(kMaxCertificates + 1, leaf_);

    const auto result = verify_chain(leaf_, many, roots_, now_);

    ASSERT_TRUE(result.has_error());
    EXPECT_EQ(result.error().code, ErrorCode::limit_exceeded);
}

TEST_F(ChainTest, RootsAreReadFromFilesAtFirstUse) {
    const test_pki::TempFolder folder;
    const std::string good = folder.write("good.pem", "# comment\n" + root_.root().pem());
    const std::string empty = folder.write("empty.pem", "nothing here\n");

    const auto missing = TrustRoots::load({good, (folder.path() / "absent.pem").string()});
    ASSERT_TRUE(missing.has_error());
    EXPECT_EQ(missing.error().code, ErrorCode::bad_configuration);
    EXPECT_THAT(missing.error().detail, HasSubstr("absent.pem"));

    const auto useless = TrustRoots::load({good, empty});
    ASSERT_TRUE(useless.has_value()) << "loading reads nothing";
    const auto result = verify_chain(leaf_, ca_.chain, *useless, now_);
    ASSERT_TRUE(result.has_error());
    EXPECT_EQ(result.error().code, ErrorCode::bad_configuration);
    EXPECT_THAT(result.error().detail, HasSubstr("empty.pem"));

    const auto roots = TrustRoots::load({good});
    ASSERT_TRUE(roots.has_value());
    EXPECT_EQ(roots->prepare().value(), 1U);
    EXPECT_EQ(reason(verify_chain(leaf_, ca_.chain, *roots, now_)), "good");
}

TEST_F(ChainTest, SeveralThreadsMayVerifyWithTheSameRoots) {
    std::vector<std::thread> threads;
    std::vector<int> good(4, 0);
    for (std::size_t i = 0; i < good.size(); ++i) {
        threads.emplace_back([&, i] {
            for (int n = 0; n < 5; ++n) {
                good[i] += verify_chain(leaf_, ca_.chain, roots_, now_).has_value() ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();

    EXPECT_THAT(good, testing::Each(5));
}

TEST_F(ChainTest, JudgeNamesTheFirstThingThatIsWrong) {
    const Time after{sys_days{year{2037} / 1 / 1}};
    const Time before{sys_days{year{2025} / 1 / 1}};
    const std::string spki = key_.spki_sha256();
    const std::string other = test_pki::make_ec_key().spki_sha256();

    EXPECT_EQ(reason(judge_certificate(leaf_, spki, {"WWW.example.com"}, now_)), "good");
    EXPECT_EQ(reason(judge_certificate(leaf_, {}, {}, now_)), "good");
    EXPECT_EQ(reason(judge_certificate(leaf_, other, {"x.example.com"}, after)), "key_mismatch");
    EXPECT_EQ(reason(judge_certificate(ca_.certificate(), ca_.key.spki_sha256(), {}, now_)),
              "certificate_missing")
        << "no CA gives away a CA";
    EXPECT_EQ(reason(judge_certificate(leaf_, spki, {"www.example.com", "example.com"}, after)),
              "name_mismatch");
    EXPECT_EQ(reason(judge_certificate(leaf_, spki, {"www.example.com"}, after)),
              "certificate_expired");
    EXPECT_EQ(reason(judge_certificate(leaf_, spki, {"www.example.com"}, before)),
              "certificate_not_yet_valid");
}

TEST_F(ChainTest, JudgeFollowsWildcardsAndFallsBackToTheCommonName) {
    const Certificate wildcard = test_pki::issue(ca_, key_, "*.example.com", {"*.example.com"});
    const Certificate old_style = test_pki::issue(ca_, key_, "www.example.com", {});

    EXPECT_EQ(reason(judge_certificate(wildcard, {}, {"www.example.com", "*.example.com"}, now_)),
              "good");
    EXPECT_EQ(reason(judge_certificate(wildcard, {}, {"example.com"}, now_)), "name_mismatch");
    EXPECT_EQ(reason(judge_certificate(old_style, {}, {"www.example.com"}, now_)), "good");
}

}  // namespace
}  // namespace cabroker::pki
