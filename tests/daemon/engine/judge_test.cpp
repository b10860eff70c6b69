// What the core believes of an issued certificate.
#include "daemon/engine/judge.hpp"

#include <gmock/gmock.h>

#include "pki/certificate.hpp"
#include "tests/pki/make_pki.hpp"

namespace cabroker::engine {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class JudgeTest : public testing::Test {
  protected:
    Judged judged(const std::vector<std::string>& names) {
        const pki::Certificate leaf = test_pki::issue(ca_, key_, "www.example.com", names);
        domain::ReissueParams reissue;
        reissue.csr = test_pki::make_csr(key_, "www.example.com", {"*.app.example.com"});
        JudgeTask task;
        task.params = reissue;
        task.common_name = "www.example.com";
        task.done_code = "issued";
        task.certificates = {leaf.der(), ca_.certificate().der()};
        task.now = test_pki::Validity().from + std::chrono::hours(24);
        return judge(task, pki::TrustRoots::of({root_.certificate()}));
    }

    test_pki::TestKey key_ = test_pki::make_ec_key();
    test_pki::TestCa root_ = test_pki::make_ca("Test Root");
    test_pki::TestCa ca_ = test_pki::make_intermediate(root_, "Test Issuing CA");
};

TEST_F(JudgeTest, NamesThatTheCsrDidNotHoldAreTold) {
    const Judged as_usual =
        judged({"www.example.com", "example.com", "*.app.example.com", "app.example.com"});
    ASSERT_TRUE(as_usual.judgement.believed) << as_usual.judgement.detail;
    EXPECT_THAT(as_usual.remark, IsEmpty()) << "CAs add the name without www. or the asterisk";

    const Judged more = judged({"www.example.com", "evil.example.org"});
    EXPECT_TRUE(more.judgement.believed) << "it is the CA's to decide";
    EXPECT_THAT(more.remark, HasSubstr("evil.example.org"));
}

}  // namespace
}  // namespace cabroker::engine
