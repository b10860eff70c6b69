// Requests over the socket: actions, inputs, the operator's resolve, PATCH.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/daemon/api/request_fixture.hpp"

namespace cabroker::api::test {
namespace {

namespace bj = boost::json;

class RequestChangeTest : public RequestFixture {};

TEST_F(RequestChangeTest, ActionsFollowTheState) {
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

TEST_F(RequestChangeTest, SucceededRequestsAreNotRetried) {
    const std::string id = create();
    set_state(id, domain::State::succeeded);

    EXPECT_EQ(client_.post("/v1/requests/" + id + "/retry", "").code(), "state_conflict");
}

TEST_F(RequestChangeTest, InputsGoInOnly) {
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

TEST_F(RequestChangeTest, ResolvingNeedsANoteAndAFittingCertificate) {
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
    EXPECT_EQ(errors_of(client_.post(path, body(""))),
              (std::vector<std::string>{"/certificate required"}));
    for (const char* code : {R"("succeeded","code":"revoked")", R"("failed","code":"issued")",
                             R"("succeeded","code":"brand_discontinued")"}) {
        const std::string unfit = std::string(R"({"note":"n","state":)") + code + "}";
        EXPECT_EQ(errors_of(client_.post(path, unfit)),
                  (std::vector<std::string>{"/code unknown_value"}))
            << code;
    }

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

TEST_F(RequestChangeTest, PatchesMergeAndGuardAgainstLostUpdates) {
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

TEST_F(RequestChangeTest, PatchesAddNoMoreLabelsThanARequestMayHave) {
    const auto labels = [](const std::string& prefix, int count) {
        std::string text;
        for (int i = 0; i < count; ++i)
            text += (i > 0 ? "," : "") + quoted(prefix + std::to_string(i)) + R"(:"v")";
        return R"({"labels":{)" + text + "}}";
    };
    const std::string path = "/v1/requests/" + create();
    EXPECT_EQ(client_.call("PATCH", path, labels("a", 60)).status, 200);
    EXPECT_EQ(errors_of(client_.call("PATCH", path, labels("b", 5))),
              std::vector<std::string>{"/labels out_of_range"});
    EXPECT_EQ(client_.call("PATCH", path, labels("b", 4)).status, 200);
    EXPECT_EQ(client_.call("PATCH", path, R"({"labels":null})").json().at("labels"), bj::object());
}

}  // namespace
}  // namespace cabroker::api::test
