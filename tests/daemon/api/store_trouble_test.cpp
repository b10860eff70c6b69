// What clients are told when the store cannot take what they send.
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "daemon/store/store.hpp"
#include "tests/daemon/api/harness.hpp"
#include "tests/support/power_cut_vfs.hpp"

namespace cabroker::api::test {
namespace {

TEST(StoreTroubleTest, AFullQueueIsSaidAndTheRequestCanComeAgain) {
    Harness harness({}, [](store::StoreOptions& options) { options.max_queue = 1; });
    Client client = harness.client();
    std::promise<void> held;
    std::promise<void> release;
    std::thread holder([&] {
        harness.change([&](store::Tx&) {
            held.set_value();
            release.get_future().wait();
        });
    });
    held.get_future().wait();
    std::thread filler([&] { harness.change([](store::Tx&) {}); });
    Harness::until([&] { return harness.queued() == 1; });

    const Reply refused = client.post("/v1/requests", status_body("902817364"));
    release.set_value();
    holder.join();
    filler.join();

    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.code(), "rate_limited");
    EXPECT_FALSE(refused.header("retry-after").empty());
    EXPECT_TRUE(refused.json().at("retryable").as_bool());
    EXPECT_EQ(client.post("/v1/requests", status_body("902817364")).status, 201);
}

class FailedDisk {
  public:
    FailedDisk() { support::PowerCutVfs::install(); }
    ~FailedDisk() {
        support::PowerCutVfs::fail_syncs(false);
        support::PowerCutVfs::restore();
    }
    FailedDisk(const FailedDisk&) = delete;
    FailedDisk& operator=(const FailedDisk&) = delete;
};

TEST(StoreTroubleTest, AFailedDiskIsSaidAndNothingIsAcknowledgedAnyMore) {
    const FailedDisk disk;
    Harness harness(
        {}, [](store::StoreOptions& options) { options.vfs = support::PowerCutVfs::kName; });
    Client client = harness.client();
    ASSERT_EQ(client.post("/v1/requests", status_body("1")).status, 201);

    support::PowerCutVfs::fail_syncs(true);
    const Reply failed = client.post("/v1/requests", status_body("2"));
    support::PowerCutVfs::fail_syncs(false);
    const Reply later = client.post("/v1/requests", status_body("3"));

    for (const Reply& reply : {failed, later}) {
        EXPECT_EQ(reply.status, 503);
        EXPECT_EQ(reply.code(), "store_failed");
        EXPECT_FALSE(reply.header("retry-after").empty());
    }
    EXPECT_EQ(client.get("/readyz").status, 503);
}

class DecisionTest : public ::testing::Test {
  protected:
    static Headers as(const std::string& user) { return {"X-Remote-User: " + user}; }
    std::string asks_approval() {
        const Reply made = client_.post("/v1/requests", status_body("902817364"), as("alice"));
        EXPECT_EQ(made.status, 201) << made.body;
        std::string id(made.json().at("id").as_string());
        harness_.change_request(id, [](domain::Request& request) {
            request.state = domain::State::needs_approval;
            request.next_actor = domain::NextActor::approver;
        });
        return "/v1/requests/" + id;
    }

    Harness harness_{
        [](config::Settings& settings) { settings.roles.proxy.uids.push_back(::geteuid()); }};
    Client client_ = harness_.client();
};

TEST_F(DecisionTest, AnotherPersonsApprovalLetsTheRequestRun) {
    const std::string path = asks_approval();

    EXPECT_EQ(client_.post(path + "/approve", "{}", as("alice")).status, 403);
    const Reply approved = client_.post(path + "/approve", R"({"note":"fine"})", as("bob"));

    ASSERT_EQ(approved.status, 200) << approved.body;
    EXPECT_EQ(approved.json().at("state").as_string(), "queued");
    EXPECT_EQ(approved.json().at("next_actor").as_string(), "broker");
}

TEST_F(DecisionTest, ADenialEndsTheRequestWithItsReason) {
    const std::string path = asks_approval();

    const Reply denied = client_.post(path + "/reject", R"({"reason":"not now"})", as("bob"));

    ASSERT_EQ(denied.status, 200) << denied.body;
    EXPECT_EQ(denied.json().at("state").as_string(), "rejected");
    EXPECT_EQ(denied.json().at("outcome").at("code").as_string(), "approval_denied");
    EXPECT_EQ(denied.json().at("outcome").at("detail").as_string(), "not now");
}

TEST_F(DecisionTest, NoteAndReferenceAreTakenAwayByNull) {
    const std::string path = asks_approval();
    ASSERT_EQ(client_
                  .call("PATCH", path, R"({"note":"x","external_ref":{"system":"rt","id":"4711"}})",
                        as("alice"))
                  .status,
              200);

    const Reply none =
        client_.call("PATCH", path, R"({"note":null,"external_ref":null})", as("alice"));

    ASSERT_EQ(none.status, 200) << none.body;
    EXPECT_TRUE(none.json().at("note").is_null());
    EXPECT_TRUE(none.json().at("external_ref").is_null());
}

}  // namespace
}  // namespace cabroker::api::test
