// Requests over the socket: what makes one, what is refused, which order it is for.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "tests/daemon/api/request_fixture.hpp"

namespace cabroker::api::test {
namespace {

namespace bj = boost::json;

class RequestCreateTest : public RequestFixture {};

TEST_F(RequestCreateTest, IsOnDiskWhenAnswered) {
    const Reply reply = client_.post(
        "/v1/requests",
        status_body("902817364", R"(,"external_ref":{"system":"rt","id":"4711"},)"
                                 R"("labels":{"team":"web"},"note":"asked by phone")"));

    ASSERT_EQ(reply.status, 201) << reply.body;
    const bj::object made = reply.json();
    const std::string id = text(made.at("id"));
    EXPECT_EQ(reply.header("Location"), "/v1/requests/" + id);
    EXPECT_EQ(reply.header("ETag"), "\"1\"");
    EXPECT_EQ(made.at("state"), "queued");
    EXPECT_EQ(made.at("adapter"), "desk");
    EXPECT_EQ(made.at("channel"), "human");
    EXPECT_EQ(made.at("external_ref").at("id"), "4711");
    EXPECT_EQ(made.at("labels").at("team"), "web");
    EXPECT_EQ(made.at("created_by").at("uid"), ::geteuid());
    EXPECT_EQ(made.at("order").at("supplier_order_id"), "902817364");
    for (const char* member :
         {"params", "settled", "next_actor", "step", "attempt", "needs", "outcome", "result",
          "last_problem", "next_attempt_at", "deadline_at", "note", "retry_of", "created_at",
          "updated_at", "settled_at"})
        EXPECT_TRUE(made.contains(member)) << member;

    const Reply read = client_.get("/v1/requests/" + id);
    EXPECT_EQ(read.body, reply.body);
    const std::string order = text(made.at("order").at("id"));
    EXPECT_EQ(client_.get("/v1/orders/" + order).json().at("brand"), "rapidssl");
}

TEST_F(RequestCreateTest, EveryProblemOfABodyIsToldAtOnce) {
    const Reply reply = client_.post(
        "/v1/requests",
        R"({"kind":"reissue","order":{"brand":"acme","common_name":"not a name","product":7},)"
        R"("params":{"csr":"garbage","validation_method":"smoke","formats":["der","tar"],"x":1},)"
        R"("labels":{"bad key":"v"},"external_ref":{"system":"a:b"},"dry_run":"yes","colour":"red"})");

    EXPECT_EQ(reply.status, 422);
    const std::vector<std::string> errors = errors_of(reply);
    for (const std::string expected :
         {"/order/brand unknown_value", "/order/product wrong_type",
          "/order/common_name bad_format", "/params/validation_method unknown_value",
          "/params/formats/1 unknown_value", "/params/x unknown_field",
          "/params/csr csr_unparsable", "/labels/bad key bad_format",
          "/external_ref/system bad_format", "/external_ref/id required", "/dry_run wrong_type",
          "/colour unknown_field"}) {
        EXPECT_NE(std::find(errors.begin(), errors.end(), expected), errors.end()) << expected;
    }
    EXPECT_EQ(errors.size(), 12U) << reply.body;
}

TEST_F(RequestCreateTest, BadBodiesAreRefusedAndLeaveNothing) {
    struct Case {
        std::string body;
        int status;
        std::string first_error;  ///< or the code for 400
    };
    const std::string order = R"("order":{"brand":"rapidssl","common_name":"a.example"})";
    const std::vector<Case> cases{
        {"", 422, "/kind required"},
        {"{", 400, "malformed_request"},
        {"[]", 422, " wrong_type"},
        {"{}{}", 400, "malformed_request"},
        {R"({"kind":"status","kind":"status"})", 400, "malformed_request"},
        {R"({"kind":1e999})", 400, "malformed_request"},
        {"{\"kind\":\"\xFF\"}", 400, "malformed_request"},
        {std::string(100, '[') + std::string(100, ']'), 400, "malformed_request"},
        {R"({"kind":"renew",)" + order + "}", 422, "/kind unknown_value"},
        {R"({"kind":"status"})", 422, "/order required"},
        {R"({"kind":"status","order":"x"})", 422, "/order wrong_type"},
        {R"({"kind":"status","order":{}})", 422, "/order/brand required"},
        {R"({"kind":"status","order":{"brand":"rapidssl"}})", 422, "/order/common_name required"},
        {R"({"kind":"status","order":{"id":"ord_1","brand":"rapidssl"}})", 422,
         "/order/id bad_format"},
        {R"({"kind":"status","order":{"brand":"rapidssl","common_name":"a\r\nBcc: x"}})", 422,
         "/order/common_name bad_format"},
        {R"({"kind":"status","order":{"brand":"rapidssl","common_name":"a.example",)"
         R"("admin_email":"a@b\nSubject: x"}})",
         422, "/order/admin_email bad_format"},
        {R"({"kind":"status","order":{"brand":"rapidssl","common_name":"a.example",)"
         R"("supplier":"sectigo"}})",
         422, "/order/supplier unknown_value"},
        {R"({"kind":"status",)" + order + R"(,"params":{"x":1}})", 422, "/params/x unknown_field"},
        {R"({"kind":"status",)" + order + R"(,"params":[]})", 422, "/params wrong_type"},
        {R"({"kind":"status",)" + order + R"(,"at":"2026-01-01"})", 422, "/at unknown_field"},
        {R"({"kind":"reissue",)" + order + "}", 422, "/params/csr required"},
        {R"({"kind":"reissue",)" + order + R"(,"params":{"csr":""}})", 422, "/params/csr required"},
        {R"({"kind":"revoke",)" + order + R"(,"params":{"scope":"certificate"}})", 422,
         "/params/serial required"},
        {R"({"kind":"revoke",)" + order + R"(,"params":{"reason_code":"boredom"}})", 422,
         "/params/reason_code unknown_value"},
        {R"({"kind":"transfer",)" + order + "}", 422, "/params/target_account required"},
        {R"({"kind":"status",)" + order + R"(,"note":")" + std::string(5000, 'n') + "\"}", 422,
         "/note out_of_range"},
    };
    for (const Case& each : cases) {
        SCOPED_TRACE(each.body.substr(0, 100));
        const Headers json{"Content-Type: application/json"};
        const Reply reply = client_.post("/v1/requests", each.body, json);
        EXPECT_EQ(reply.status, each.status) << reply.body;
        const std::vector<std::string> errors = errors_of(reply);
        if (each.status == 400) {
            EXPECT_EQ(reply.code(), each.first_error);
        } else {
            EXPECT_NE(std::find(errors.begin(), errors.end(), each.first_error), errors.end())
                << reply.body;
        }
    }
    EXPECT_EQ(client_.get("/v1/requests").json().at("items").as_array().size(), 0U);
    EXPECT_EQ(client_.get("/v1/orders").json().at("items").as_array().size(), 0U);
}

TEST_F(RequestCreateTest, PrivateKeysAreRefusedAndNeverEchoed) {
    const std::string& key = key_for("www.example.com");
    const std::string& csr = csr_for("www.example.com");
    const std::string order = R"("order":{"brand":"rapidssl","common_name":"www.example.com"})";
    struct Case {
        std::string target;
        std::string body;
        std::string error;
    };
    const std::vector<Case> cases{
        {"/v1/requests", reissue_body(key), "/params/csr private_key_pasted"},
        {"/v1/requests", reissue_body(csr + key), "/params/csr private_key_pasted"},
        {"/v1/requests", reissue_body(csr, ",\"reason\":" + quoted(key)),
         "/params/reason private_key_pasted"},
        {"/v1/requests", R"({"kind":"status",)" + order + ",\"note\":" + quoted(key) + "}",
         "/note private_key_pasted"},
        {"/v1/route-preview", reissue_body(key), "/params/csr private_key_pasted"},
        {"/v1/csr/inspect", "{\"csr\":" + quoted(key) + "}", "/csr private_key_pasted"},
    };
    const std::string secret = key.substr(40, 40);
    for (const Case& each : cases) {
        const Reply reply = client_.post(each.target, each.body);
        EXPECT_EQ(reply.status, 422) << reply.body;
        EXPECT_EQ(errors_of(reply), std::vector<std::string>{each.error});
        EXPECT_EQ(reply.body.find(secret), std::string::npos);
    }
    const std::string grep = "grep -rqF -- '" + secret + "' " + harness_.folder() + "/state";
    EXPECT_NE(std::system(grep.c_str()), 0) << "nothing of the key may be on disk";
}

TEST_F(RequestCreateTest, RefusalsByPolicyStayOnRecord) {
    const Reply reply = client_.post("/v1/requests", reissue_body(csr_for("other.example.org")));

    EXPECT_EQ(reply.status, 201) << reply.body;
    EXPECT_EQ(reply.json().at("state"), "rejected");
    EXPECT_EQ(reply.json().at("settled"), true);
    EXPECT_EQ(reply.json().at("outcome").at("code"), "csr_name_mismatch");
}

TEST_F(RequestCreateTest, OrdersAreFoundByEachOfTheirNames) {
    const std::string made =
        client_
            .post("/v1/orders", R"({"brand":"Sectigo","common_name":"WWW.Example.NET",)"
                                R"("supplier_order_id":"s1","platform_order_id":"p1"})")
            .body;
    const std::string id = text(bj::parse(made).at("id"));
    const std::string order_id = "{\"id\":" + quoted(id) + "}";
    for (const std::string& order : {order_id, std::string(R"({"supplier_order_id":"s1"})"),
                                     std::string(R"({"platform_order_id":"p1"})"),
                                     std::string(R"({"common_name":"www.EXAMPLE.net"})"),
                                     std::string(R"({"id":null,"supplier_order_id":"s1"})"),
                                     std::string(R"({"common_name":"www.example.net",)"
                                                 R"("brand":null,"id":null})"),
                                     std::string(R"({"brand":"sectigo","id":null,)"
                                                 R"("supplier_order_id":"s1"})")}) {
        const Reply reply = client_.post(
            "/v1/requests", R"({"kind":"status","allow_duplicate":true,"order":)" + order + "}");
        EXPECT_EQ(reply.status, 201) << order << reply.body;
        EXPECT_EQ(reply.json().at("order").at("id"), id.c_str());
        EXPECT_EQ(reply.json().at("order").at("common_name"), "www.example.net");
    }
    for (const std::string order :
         {R"({"id":"ord_01ARZ3NDEKTSV4RRFFQ69G5FAV"})", R"({"id":"nonsense"})",
          R"({"supplier_order_id":"nope"})", R"({"common_name":"nope.example"})"}) {
        const Reply reply =
            client_.post("/v1/requests", R"({"kind":"status","order":)" + order + "}");
        EXPECT_EQ(reply.status, 404) << order;
        EXPECT_EQ(reply.code(), "not_found");
    }
}

TEST_F(RequestCreateTest, SeveralMatchesAreNamed) {
    for (const std::string id : {"a", "b"}) {
        client_.post("/v1/orders",
                     R"({"brand":"sectigo","common_name":"twice.example","supplier_order_id":")" +
                         id + "\"}");
    }

    const Reply reply = client_.post(
        "/v1/requests", R"({"kind":"status","order":{"common_name":"twice.example"}})");

    EXPECT_EQ(reply.status, 409);
    EXPECT_EQ(reply.code(), "ambiguous_order");
    const bj::array candidates = reply.json().at("candidates").as_array();
    ASSERT_EQ(candidates.size(), 2U);
    EXPECT_EQ(candidates[0].at("common_name"), "twice.example");
    EXPECT_TRUE(candidates[0].as_object().contains("supplier_order_id"));
}

TEST_F(RequestCreateTest, InlineOrdersAreUsedAgainOrMustAgree) {
    const std::string first = create("100");
    const Reply again =
        client_.post("/v1/requests", status_body("100", R"(,"allow_duplicate":true)"));
    const Reply other = client_.post(
        "/v1/requests",
        R"({"kind":"status","order":{"brand":"geotrust","common_name":"www.example.com",)"
        R"("supplier_order_id":"100"}})");

    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(other.status, 409);
    EXPECT_EQ(other.code(), "order_mismatch");
    EXPECT_EQ(other.json().at("order_id"), again.json().at("order").at("id"));
    EXPECT_EQ(client_.get("/v1/orders").json().at("items").as_array().size(), 1U);
}

TEST_F(RequestCreateTest, DuplicatesOfActiveRequestsAreNamed) {
    const std::string first = create("100");

    const Reply second = client_.post("/v1/requests", status_body("100"));

    EXPECT_EQ(second.status, 409);
    EXPECT_EQ(second.code(), "duplicate_active_request");
    EXPECT_EQ(second.json().at("existing_request_id"), first.c_str());
    set_state(first, domain::State::canceled);
    EXPECT_EQ(client_.post("/v1/requests", status_body("100")).status, 201);
}

}  // namespace
}  // namespace cabroker::api::test
