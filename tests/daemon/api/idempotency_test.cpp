#include <gtest/gtest.h>
#include <unistd.h>

#include "domain/request.hpp"
#include "tests/daemon/api/harness.hpp"

namespace cabroker::api::test {
namespace {

class IdempotencyTest : public testing::Test {
  protected:
    Reply post(const std::string& target, const std::string& body, const std::string& key) {
        return client_.post(target, body, {"Idempotency-Key: " + key});
    }

    Harness harness_;
    Client client_ = harness_.client();
};

TEST_F(IdempotencyTest, TheSameCallGetsTheFirstAnswerAgain) {
    const Reply first = post("/v1/requests", status_body("1"), "k");
    const Reply again = post("/v1/requests", status_body("1"), "k");

    EXPECT_EQ(first.status, 201) << first.body;
    EXPECT_EQ(first.header("Idempotent-Replayed"), "");
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.header("Location"), first.header("Location"));
    EXPECT_EQ(again.header("ETag"), first.header("ETag"));
    EXPECT_EQ(again.header("Content-Type"), "application/json");
    EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
    EXPECT_EQ(client_.get("/v1/requests").json().at("items").as_array().size(), 1U);
}

TEST_F(IdempotencyTest, AnotherBodyUnderTheKeyIsRefused) {
    post("/v1/requests", status_body("1"), "k");

    const Reply other = post("/v1/requests", status_body("2"), "k");

    EXPECT_EQ(other.status, 422);
    EXPECT_EQ(other.code(), "idempotency_key_reused");
}

TEST_F(IdempotencyTest, KeysOfOtherPathsAreOthers) {
    EXPECT_EQ(post("/v1/requests", status_body("1"), "k").status, 201);
    EXPECT_EQ(post("/v1/orders", R"({"brand":"sectigo","common_name":"a.example"})", "k").status,
              201);
    const Reply again = post("/v1/orders", R"({"brand":"sectigo","common_name":"a.example"})", "k");
    EXPECT_EQ(again.status, 201) << again.body;
    EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
}

TEST_F(IdempotencyTest, KeysOfOtherAssertedUsersAreOthers) {
    harness_.reload(
        [](config::Settings& settings) { settings.roles.proxy.uids.push_back(::geteuid()); });
    const std::string body = status_body("1", R"(,"allow_duplicate":true)");
    const auto as = [&](const std::string& user) {
        return client_.post("/v1/requests", body, {"Idempotency-Key: k", "X-Remote-User: " + user});
    };
    const Reply alice = as("alice");
    const Reply bob = as("bob");

    EXPECT_EQ(alice.status, 201) << alice.body;
    EXPECT_NE(alice.header("Location"), bob.header("Location"));
    EXPECT_EQ(as("alice").header("Location"), alice.header("Location"));
}

TEST_F(IdempotencyTest, ProblemsAreNotRemembered) {
    EXPECT_EQ(post("/v1/requests", R"({"kind":"status"})", "k").status, 422);
    EXPECT_EQ(post("/v1/requests", status_body("1"), "k").status, 201);
    EXPECT_EQ(post("/v1/requests", status_body("1"), "j").code(), "duplicate_active_request");
}

TEST_F(IdempotencyTest, ActionsAndImportsAreCovered) {
    const Reply made = post("/v1/requests", status_body("1"), "k");
    const std::string path = made.header("Location");
    const Reply canceled = post(path + "/cancel", "", "c");
    const Reply again = post(path + "/cancel", "", "c");
    EXPECT_EQ(canceled.status, 200) << canceled.body;
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body, canceled.body);
    const auto import = [&](const std::string& query) {
        return client_.post("/v1/orders/import" + query, "brand,cn\nsectigo,z.example\n",
                            {"Content-Type: text/csv", "Idempotency-Key: i"});
    };
    EXPECT_EQ(import("").json().at("created"), 1);
    EXPECT_EQ(import("").header("Idempotent-Replayed"), "true");
    EXPECT_EQ(import("?dry_run=true").code(), "idempotency_key_reused");
}

TEST_F(IdempotencyTest, CallsThatStoreNothingAreCoveredToo) {
    const std::string order = R"("order":{"brand":"sectigo","supplier_order_id":"1"})";
    struct Call {
        std::string target;
        std::string body;
        std::string other;
    };
    const Call calls[] = {
        {"/v1/requests", status_body("1", R"(,"dry_run":true)"), status_body("1")},
        {"/v1/route-preview", R"({"kind":"status",)" + order + "}",
         R"({"kind":"revoke",)" + order + "}"},
        {"/v1/csr/inspect", R"({"csr":"nonsense"})", R"({"csr":"other"})"}};
    for (const Call& each : calls) {
        const Reply first = post(each.target, each.body, "k");
        const Reply again = post(each.target, each.body, "k");

        EXPECT_EQ(first.status, 200) << first.body;
        EXPECT_EQ(first.header("Idempotent-Replayed"), "") << each.target;
        EXPECT_EQ(again.header("Idempotent-Replayed"), "true") << each.target;
        EXPECT_EQ(again.body, first.body);
        EXPECT_EQ(post(each.target, each.other, "k").code(), "idempotency_key_reused");
    }
    EXPECT_EQ(client_.get("/v1/requests").json().at("items").as_array().size(), 0U);
}

TEST_F(IdempotencyTest, InputsAreTakenOnce) {
    const Reply made = post("/v1/requests", status_body("1"), "k");
    const std::string path = made.header("Location");
    harness_.change_request(path.substr(13), [](domain::Request& request) {
        request.state = domain::State::needs_input;
        domain::Need need;
        need.name = "access_code";
        request.needs.push_back(need);
    });
    const std::string body = R"({"name":"access_code","value":"123456"})";

    EXPECT_EQ(post(path + "/inputs", body, "i").status, 204);
    const Reply again = post(path + "/inputs", body, "i");

    EXPECT_EQ(again.status, 204);
    EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
    EXPECT_EQ(post(path + "/inputs", R"({"name":"access_code","value":"1"})", "i").code(),
              "idempotency_key_reused");
}

TEST_F(IdempotencyTest, ManyAtOnceMakeOneRequest) {
    std::vector<Client> clients;
    for (int i = 0; i < 16; ++i) clients.push_back(harness_.client());
    const std::string text =
        request_text("POST", "/v1/requests", status_body("1"), {"Idempotency-Key: k"});

    for (Client& client : clients) client.send(text);

    std::string location;
    for (Client& client : clients) {
        const Reply reply = client.read();
        if (reply.status == 409) {
            EXPECT_EQ(reply.code(), "idempotency_in_progress");
            continue;
        }
        EXPECT_EQ(reply.status, 201) << reply.body;
        if (location.empty()) location = reply.header("Location");
        EXPECT_EQ(reply.header("Location"), location);
    }
    EXPECT_EQ(client_.get("/v1/requests").json().at("items").as_array().size(), 1U);
}

}  // namespace
}  // namespace cabroker::api::test
