// Requests over the socket: one with its ETag, waiting for it, pages and filters.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/daemon/api/request_fixture.hpp"

namespace cabroker::api::test {
namespace {

namespace bj = boost::json;

class RequestReadTest : public RequestFixture {};

TEST_F(RequestReadTest, ETagsSpareUnchangedBodies) {
    const std::string path = "/v1/requests/" + create();

    EXPECT_EQ(client_.get(path, {"If-None-Match: \"1\""}).status, 304);
    EXPECT_EQ(client_.get(path, {"If-None-Match: \"7\", W/\"1\""}).status, 304);
    EXPECT_EQ(client_.get(path, {"If-None-Match: *"}).status, 304);
    EXPECT_EQ(client_.get(path, {"If-None-Match: \"2\""}).status, 200);
    EXPECT_EQ(client_.get("/v1/requests/req_nope").code(), "not_found");
    EXPECT_EQ(client_.get("/v1/requests/req_01ARZ3NDEKTSV4RRFFQ69G5FAV").code(), "not_found");
}

TEST_F(RequestReadTest, WaitsEndWithATimeOutOrAtOnce) {
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

TEST_F(RequestReadTest, WaitsEndWhenTheRequestIsAsAsked) {
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

TEST_F(RequestReadTest, ClientsThatAreGoneWaitForNothing) {
    const std::string wait = request_text("GET", "/v1/requests/" + create() + "?wait=60s");
    Client half_closed = harness_.client();
    half_closed.send(wait);
    half_closed.finish_sending();
    Harness::until([&] { return harness_.waiting() == 1; });
    for (int i = 0; i < 5; ++i) harness_.client().send(wait);
    {
        Client gone = harness_.client();
        gone.send(wait);
        Harness::until([&] { return harness_.waiting() >= 2; });
    }

    Harness::until([&] { return harness_.waiting() == 1; });
    Harness::until([&] { return harness_.connections() == 2; });
    harness_.drain();
    EXPECT_EQ(half_closed.read().status, 200) << "who sends no more may still read";
}

TEST_F(RequestReadTest, DrainingEndsWaitsAsOnTimeOut) {
    Client waiting = harness_.client();
    waiting.send(request_text("GET", "/v1/requests/" + create() + "?wait=60s"));
    Harness::until([&] { return harness_.waiting() == 1; });

    harness_.drain();

    const Reply reply = waiting.read();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Cabroker-Wait"), "timeout");
    EXPECT_EQ(reply.header("Connection"), "close");
}

TEST_F(RequestReadTest, PagesAreStableWhileRowsArrive) {
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

TEST_F(RequestReadTest, FiltersSelect) {
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

}  // namespace
}  // namespace cabroker::api::test
