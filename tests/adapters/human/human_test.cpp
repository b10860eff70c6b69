#include "adapters/human/human.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/adapters/guest_portal/fake_core.hpp"

namespace cabroker::adapters {
namespace {

using testing::HasSubstr;

class HumanTest : public testing::Test {
  protected:
    HumanTest() : adapter_(human::make_human("people", config::HumanSettings())) {
        order_.common_name = "new.example.net";
        order_.supplier_order_id = "902817533";
        order_.platform_order_id = "7710428";
    }
    FakeCore core(domain::Params params) { return {*adapter_, loop_, order_, std::move(params)}; }

    boost::asio::io_context loop_;
    std::unique_ptr<Adapter> adapter_;
    domain::Order order_;
};

TEST_F(HumanTest, TellsTheOperatorWhatToClickForThisOrder) {
    domain::CancelParams params;
    params.reason = "ordered twice";
    FakeCore core = this->core(params);

    const auto asked = core.step();

    const domain::Need* need = need_of(asked, "channel_confirmation");
    ASSERT_NE(need, nullptr);
    EXPECT_THAT(need->hint, HasSubstr("7710428"));
    EXPECT_THAT(need->hint, HasSubstr("902817533"));
    EXPECT_THAT(need->hint, HasSubstr("new.example.net"));
    EXPECT_THAT(need->hint, HasSubstr("Cancel at the bottom right"));
    EXPECT_THAT(need->hint, HasSubstr("ordered twice"));
    EXPECT_EQ(need->details.count("step_1"), 1U);
}

TEST_F(HumanTest, TheOperatorsWordsAreTheProof) {
    FakeCore core = this->core(domain::CancelParams());
    core.step();
    core.give("channel_confirmation", "canceled it, the panel shows Cancelled");

    const auto result = core.step();

    EXPECT_EQ(text_of(result.answer), "done canceled");
    ASSERT_EQ(result.evidence.size(), 1U);
    EXPECT_EQ(result.evidence[0].type, domain::EvidenceType::operator_);
    EXPECT_EQ(result.evidence[0].octets, "canceled it, the panel shows Cancelled");
}

TEST_F(HumanTest, ATransferNamesTheAccount) {
    domain::TransferParams params;
    params.target_account = "acme-tc";
    FakeCore core = this->core(params);
    EXPECT_THAT(need_of(core.step(), "channel_confirmation") != nullptr, true);
    EXPECT_THAT(core.shown, HasSubstr("acme-tc"));
    core.give("channel_confirmation", "transferred");

    const auto result = core.step();

    EXPECT_EQ(text_of(result.answer), "done transferred");
    EXPECT_EQ(std::get<protocol::Done>(result.answer).account, "acme-tc");
}

TEST_F(HumanTest, OtherKindsAreNotForPeople) {
    FakeCore core = this->core(domain::StatusParams());

    EXPECT_EQ(text_of(core.step().answer), "unsupported");
    EXPECT_EQ(adapter_->capabilities().channel, domain::Channel::human);
}

}  // namespace
}  // namespace cabroker::adapters
