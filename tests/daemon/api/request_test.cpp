// Requests over the socket: creating, refusing, reading, waiting, changing.
#include "domain/request.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "domain/states.hpp"
#include "runtime/random.hpp"
#include "tests/daemon/api/harness.hpp"

namespace cabroker::api::test {
namespace {

namespace bj = boost::json;
using std::chrono::milliseconds;

/// `pointer code` of every error, in order.
std::vector<std::string> errors_of(const Reply& reply) {
    std::vector<std::string> all;
    const bj::object problem = reply.json();
    if (!problem.contains("errors")) return all;
    for (const bj::value& each : problem.at("errors").as_array())
        all.push_back(text(each.at("pointer")) + " " + text(each.at("code")));
    return all;
}

class RequestTest : public testing::Test {
  protected:
    std::string create(const std::string& supplier_order_id = "100") {
        const Reply reply = client_.post("/v1/requests", status_body(supplier_order_id));
        EXPECT_EQ(reply.status, 201) << reply.body;
        return text(reply.json().at("id"));
    }
    std::string reissue_body(const std::string& csr, const std::string& more = "") {
        return R"({"kind":"reissue","order":{"brand":"rapidssl","common_name":"www.example.com",)"
               R"("supplier_order_id":"100"},"params":{"csr":)" +
               quoted(csr) + more + "}}";
    }
    void set_state(const std::string& id, domain::State state,
                   domain::NextActor actor = domain::NextActor::none) {
        harness_.change_request(id, [&](domain::Request& request) {
            request.state = state;
            request.next_actor = actor;
            if (domain::is_settled(state)) request.settled_at = request.updated_at;
        });
    }

    Harness harness_;
    Client client_ = harness_.client();
};

TEST_F(RequestTest, IsOnDiskWhenAnswered) {
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

TEST_F(RequestTest, EveryProblemOfABodyIsToldAtOnce) {
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

TEST_F(RequestTest, BadBodiesAreRefusedAndLeaveNothing) {
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

TEST_F(RequestTest, PrivateKeysAreRefusedAndNeverEchoed) {
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

TEST_F(RequestTest, RefusalsByPolicyStayOnRecord) {
    const Reply reply = client_.post("/v1/requests", reissue_body(csr_for("other.example.org")));

    EXPECT_EQ(reply.status, 201) << reply.body;
    EXPECT_EQ(reply.json().at("state"), "rejected");
    EXPECT_EQ(reply.json().at("settled"), true);
    EXPECT_EQ(reply.json().at("outcome").at("code"), "csr_name_mismatch");
}

TEST_F(RequestTest, OrdersAreFoundByEachOfTheirNames) {
    const std::string made =
        client_
            .post("/v1/orders", R"({"brand":"Sectigo","common_name":"WWW.Example.NET",)"
                                R"("supplier_order_id":"s1","platform_order_id":"p1"})")
            .body;
    const std::string id = text(bj::parse(made).at("id"));
    const std::string order_id = "{\"id\":" + quoted(id) + "}";
    for (const std::string& order : {order_id, std::string(R"({"supplier_order_id":"s1"})"),
                                     std::string(R"({"platform_order_id":"p1"})"),
                                     std::string(R"({"common_name":"www.EXAMPLE.net"})")}) {
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

TEST_F(RequestTest, SeveralMatchesAreNamed) {
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

TEST_F(RequestTest, InlineOrdersAreUsedAgainOrMustAgree) {
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

TEST_F(RequestTest, DuplicatesOfActiveRequestsAreNamed) {
    const std::string first = create("100");

    const Reply second = client_.post("/v1/requests", status_body("100"));

    EXPECT_EQ(second.status, 409);
    EXPECT_EQ(second.code(), "duplicate_active_request");
    EXPECT_EQ(second.json().at("existing_request_id"), first.c_str());
    set_state(first, domain::State::canceled);
    EXPECT_EQ(client_.post("/v1/requests", status_body("100")).status, 201);
}

TEST_F(RequestTest, ETagsSpareUnchangedBodies) {
    const std::string path = "/v1/requests/" + create();

    EXPECT_EQ(client_.get(path, {"If-None-Match: \"1\""}).status, 304);
    EXPECT_EQ(client_.get(path, {"If-None-Match: \"7\", W/\"1\""}).status, 304);
    EXPECT_EQ(client_.get(path, {"If-None-Match: *"}).status, 304);
    EXPECT_EQ(client_.get(path, {"If-None-Match: \"2\""}).status, 200);
    EXPECT_EQ(client_.get("/v1/requests/req_nope").code(), "not_found");
    EXPECT_EQ(client_.get("/v1/requests/req_01ARZ3NDEKTSV4RRFFQ69G5FAV").code(), "not_found");
}

TEST_F(RequestTest, WaitsEndWithATimeOutOrAtOnce) {
    const std::string path = "/v1/requests/" + create();

    const Reply timeout = client_.get(path + "?wait=20ms");
    EXPECT_EQ(timeout.status, 200);
    EXPECT_EQ(timeout.header("Cabroker-Wait"), "timeout");
    EXPECT_EQ(client_.get(path + "?wait=20ms&for=change", {"If-None-Match: \"1\""}).status, 304);
    const Reply changed = client_.get(path + "?wait=20s&for=change", {"If-None-Match: \"0\""});
    EXPECT_EQ(changed.header("Cabroker-Wait"), "satisfied");
    EXPECT_EQ(client_.get(path).header("Cabroker-Wait"), "");
    EXPECT_EQ(client_.get(path + "?wait=121s").code(), "bad_parameter");
    EXPECT_EQ(client_.get("/v1/requests/req_x?wait=20s").code(), "not_found");
}

TEST_F(RequestTest, WaitsEndWhenTheRequestIsAsAsked) {
    const std::string id = create();
    const std::string path = "/v1/requests/" + id;
    Client for_change = harness_.client();
    Client for_input = harness_.client();
    Client for_settled = harness_.client();
    for_change.send(request_text("GET", path + "?wait=60s&for=change"));
    for_input.send(request_text("GET", path + "?wait=60s&for=needs_input"));
    for_settled.send(request_text("GET", path + "?wait=60s"));
    Harness::until([&] { return harness_.waiting() == 3; });

    set_state(id, domain::State::waiting_ca, domain::NextActor::ca);
    const Reply change = for_change.read();
    Harness::until([&] { return harness_.waiting() == 2; });
    set_state(id, domain::State::needs_input, domain::NextActor::requester);
    const Reply input = for_input.read();
    Harness::until([&] { return harness_.waiting() == 1; });
    set_state(id, domain::State::failed);
    const Reply settled = for_settled.read();

    EXPECT_EQ(change.json().at("state"), "waiting_ca");
    EXPECT_EQ(change.header("Cabroker-Wait"), "satisfied");
    EXPECT_EQ(input.json().at("state"), "needs_input");
    EXPECT_EQ(settled.json().at("state"), "failed");
    EXPECT_EQ(settled.header("Cabroker-Wait"), "satisfied");
}

TEST_F(RequestTest, DrainingEndsWaitsAsOnTimeOut) {
    Client waiting = harness_.client();
    waiting.send(request_text("GET", "/v1/requests/" + create() + "?wait=60s"));
    Harness::until([&] { return harness_.waiting() == 1; });

    harness_.drain();

    const Reply reply = waiting.read();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Cabroker-Wait"), "timeout");
    EXPECT_EQ(reply.header("Connection"), "close");
}

TEST_F(RequestTest, PagesAreStableWhileRowsArrive) {
    std::vector<std::string> made;
    for (int i = 0; i < 7; ++i) made.push_back(create(std::to_string(i)));

    std::vector<std::string> seen;
    std::string token;
    for (int page = 0; page < 10; ++page) {
        const Reply reply =
            client_.get("/v1/requests?limit=2" + (token.empty() ? "" : "&page_token=" + token));
        ASSERT_EQ(reply.status, 200) << reply.body;
        const bj::object body = reply.json();
        for (const bj::value& item : body.at("items").as_array())
            seen.push_back(text(item.at("id")));
        EXPECT_TRUE(body.contains("event_cursor"));
        if (body.at("next_page_token").is_null()) break;
        token = text(body.at("next_page_token"));
        create("late" + std::to_string(page));
    }

    std::reverse(seen.begin(), seen.end());
    EXPECT_EQ(seen, made);
    EXPECT_EQ(client_.get("/v1/requests?page_token=rubbish").code(), "bad_page_token");
    EXPECT_EQ(client_.get("/v1/requests?kind=status&page_token=" + token).code(), "bad_page_token");
}

TEST_F(RequestTest, FiltersSelect) {
    const std::string first = text(
        client_
            .post("/v1/requests",
                  status_body(
                      "1", R"(,"external_ref":{"system":"rt","id":"9"},"labels":{"team":"web"})"))
            .json()
            .at("id"));
    const std::string second = create("2");
    set_state(second, domain::State::failed);
    const auto found = [&](const std::string& query) {
        std::vector<std::string> ids;
        const Reply reply = client_.get("/v1/requests?sort=created_at&" + query);
        EXPECT_EQ(reply.status, 200) << query << reply.body;
        const bj::object body = reply.json();
        for (const bj::value& item : body.at("items").as_array())
            ids.push_back(text(item.at("id")));
        return ids;
    };
    using Ids = std::vector<std::string>;
    EXPECT_EQ(found("state=queued"), Ids{first});
    EXPECT_EQ(found("state=queued,failed"), (Ids{first, second}));
    EXPECT_EQ(found("state=failed&kind=status"), Ids{second});
    EXPECT_EQ(found("kind=reissue"), Ids{});
    EXPECT_EQ(found("brand=RapidSSL,sectigo"), (Ids{first, second}));
    EXPECT_EQ(found("supplier=sectigo"), Ids{});
    EXPECT_EQ(found("adapter=desk"), (Ids{first, second}));
    EXPECT_EQ(found("external_ref=rt:9"), Ids{first});
    EXPECT_EQ(found("label=team%3Dweb"), Ids{first});
    EXPECT_EQ(found("created_after=2100-01-01"), Ids{});
    EXPECT_EQ(found("q=EXAMPLE.com"), (Ids{first, second}));
    for (const std::string bad :
         {"state=open", "kind=renew", "brand=acme", "supplier=x", "order=x", "external_ref=x",
          "label=x", "created_after=yesterday", "sort=name", "limit=0", "limit=501", "limit=x",
          "state=", "state=queued,,failed", "q="})
        EXPECT_EQ(client_.get("/v1/requests?" + bad).code(), "bad_parameter") << bad;
}

TEST_F(RequestTest, ActionsFollowTheState) {
    const std::string path = "/v1/requests/" + create("1");

    EXPECT_EQ(client_.post(path + "/retry", "").status, 200);
    EXPECT_EQ(client_.post(path + "/approve", "").code(), "state_conflict");
    EXPECT_EQ(client_.post(path + "/reject", R"({"reason":"no"})").code(), "state_conflict");
    EXPECT_EQ(client_.post(path + "/comments", R"({"text":"hello"})").status, 200);
    EXPECT_EQ(errors_of(client_.post(path + "/comments", "")),
              std::vector<std::string>{"/text required"});
    EXPECT_EQ(errors_of(client_.post(path + "/cancel", R"({"force":true})")),
              std::vector<std::string>{"/force unknown_field"});
    const Reply canceled = client_.post(path + "/cancel", R"({"reason":"typo"})");
    EXPECT_EQ(canceled.status, 200) << canceled.body;
    EXPECT_EQ(canceled.json().at("state"), "canceled");
    EXPECT_EQ(client_.post(path + "/cancel", "").code(), "state_conflict");

    const Reply again = client_.post(path + "/retry", "");
    EXPECT_EQ(again.status, 201) << again.body;
    EXPECT_EQ("/v1/requests/" + text(again.json().at("retry_of")), path);

    const bj::array comments = client_.get(path + "/comments").json().at("items").as_array();
    ASSERT_EQ(comments.size(), 1U);
    EXPECT_EQ(comments[0].at("text"), "hello");
    const bj::array timeline = client_.get(path + "/timeline").json().at("items").as_array();
    EXPECT_GE(timeline.size(), 3U);
    EXPECT_EQ(timeline[0].at("actor").at("kind"), "peer");
    for (const std::string action : {"cancel", "retry", "approve", "reject"})
        EXPECT_EQ(client_.post("/v1/requests/req_x/" + action, "").code(), "not_found") << action;
}

TEST_F(RequestTest, SucceededRequestsAreNotRetried) {
    const std::string id = create();
    set_state(id, domain::State::succeeded);

    EXPECT_EQ(client_.post("/v1/requests/" + id + "/retry", "").code(), "state_conflict");
}

TEST_F(RequestTest, InputsGoInOnly) {
    const std::string id = create();
    const std::string path = "/v1/requests/" + id + "/inputs";
    EXPECT_EQ(client_.post(path, R"({"name":"access_code","value":"123456"})").code(),
              "input_not_needed");
    harness_.change_request(id, [](domain::Request& request) {
        request.state = domain::State::needs_input;
        domain::Need need;
        need.name = "access_code";
        request.needs.push_back(need);
    });

    EXPECT_EQ(errors_of(client_.post(path, R"({"name":"access_code","value":""})")),
              std::vector<std::string>{"/value required"});
    EXPECT_EQ(errors_of(client_.post(path, R"({"name":"access_code","value":7})")),
              std::vector<std::string>{"/value wrong_type"});
    EXPECT_EQ(errors_of(client_.post(
                  path, R"({"name":"access_code","value":")" + std::string(1025, 'x') + "\"}")),
              std::vector<std::string>{"/value out_of_range"});
    EXPECT_EQ(errors_of(client_.post(path, R"({"name":"account_credentials","value":"x"})")),
              std::vector<std::string>{"/value wrong_type"});
    EXPECT_EQ(errors_of(client_.post(path, "{}")),
              (std::vector<std::string>{"/name required", "/value required"}));
    EXPECT_EQ(client_.post(path, R"({"name":"csr","value":"x"})").code(), "input_not_needed");

    const Reply taken = client_.post(path, R"({"name":"access_code","value":"s3cr3t-c0de"})");
    EXPECT_EQ(taken.status, 204);
    EXPECT_EQ(taken.body, "");
    for (const std::string view : {"", "/timeline", "/comments"}) {
        const Reply reply = client_.get("/v1/requests/" + id + view);
        EXPECT_EQ(reply.body.find("s3cr3t"), std::string::npos) << view;
    }
    const std::string grep = "grep -rqF s3cr3t-c0de " + harness_.folder() + "/state";
    EXPECT_NE(std::system(grep.c_str()), 0);
}

TEST_F(RequestTest, ResolvingNeedsANoteAndAFittingCertificate) {
    const Reply made = client_.post("/v1/requests", reissue_body(csr_for("www.example.com")));
    ASSERT_EQ(made.json().at("state"), "queued") << made.body;
    const std::string id = text(made.json().at("id"));
    const std::string path = "/v1/requests/" + id + "/resolve";
    const auto body = [](const std::string& certificate) {
        return R"({"state":"succeeded","note":"seen in the panel","certificate":)" +
               quoted(certificate) + "}";
    };
    EXPECT_EQ(client_.post(path, body(certificate_for("www.example.com"))).code(),
              "state_conflict");
    set_state(id, domain::State::waiting_ca, domain::NextActor::ca);
    EXPECT_EQ(errors_of(client_.post(path, R"({"state":"canceled"})")),
              (std::vector<std::string>{"/state unknown_value", "/note required"}));
    EXPECT_EQ(client_.post(path, body(certificate_for("other.example.org"))).status, 422);
    EXPECT_EQ(client_.post(path, body("rubbish")).status, 422);

    const Reply done = client_.post(path, body(certificate_for("www.example.com")));

    EXPECT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(done.json().at("state"), "succeeded");
    EXPECT_EQ(done.json().at("outcome").at("code"), "resolved_by_operator");
    const bj::array artifacts =
        client_.get("/v1/requests/" + id + "/artifacts").json().at("items").as_array();
    ASSERT_EQ(artifacts.size(), 1U);
    const Reply content = client_.get("/v1/artifacts/" + text(artifacts[0].at("id")) + "/content");
    EXPECT_NE(content.body.find("BEGIN CERTIFICATE"), std::string::npos);
    EXPECT_NE(content.header("Content-Disposition").find("attachment; filename=\""),
              std::string::npos);
}

TEST_F(RequestTest, PatchesMergeAndGuardAgainstLostUpdates) {
    const std::string path = "/v1/requests/" + create();
    const Reply first = client_.call("PATCH", path, R"({"labels":{"a":"1","b":"2"},"note":"n"})",
                                     {"If-Match: \"1\""});
    const Reply second = client_.call("PATCH", path, R"({"labels":{"a":null,"c":"3"}})");

    EXPECT_EQ(first.status, 200) << first.body;
    EXPECT_EQ(first.header("ETag"), "\"2\"");
    EXPECT_EQ(second.json().at("labels"), (bj::object{{"b", "2"}, {"c", "3"}}));
    EXPECT_EQ(second.json().at("note"), "n");
    EXPECT_EQ(client_.call("PATCH", path, R"({"note":"x"})", {"If-Match: \"1\""}).code(),
              "version_mismatch");
    EXPECT_EQ(client_.call("PATCH", path, R"({"note":"x"})", {"If-Match: nonsense"}).status, 412);
    EXPECT_EQ(errors_of(client_.call("PATCH", path, R"({"state":"failed"})")),
              std::vector<std::string>{"/state unknown_field"});
}

}  // namespace
}  // namespace cabroker::api::test
