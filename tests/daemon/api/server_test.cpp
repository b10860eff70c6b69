// HTTP itself: limits, framing, pipelining, slow and half-dead clients, draining.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "tests/daemon/api/harness.hpp"

namespace cabroker::api::test {
namespace {

using std::chrono::milliseconds;

void expect_problem(const Reply& reply, int status, const std::string& code) {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(reply.header("Content-Type"), "application/problem+json");
    const boost::json::object problem = reply.json();
    for (const char* member :
         {"type", "title", "status", "detail", "code", "errors", "retryable", "request_id"})
        EXPECT_TRUE(problem.contains(member)) << member;
    EXPECT_EQ(reply.code(), code);
    if (problem.contains("request_id")) {
        EXPECT_EQ(problem.at("request_id").as_string(), reply.header("X-Request-Id"));
    }
}

class ServerTest : public testing::Test {
  protected:
    static void fast(config::Settings& settings) {
        settings.api.read_deadline = milliseconds(150);
        settings.api.write_deadline = milliseconds(300);
        settings.api.idle_deadline = milliseconds(400);
    }
};

TEST_F(ServerTest, AnswersOneAfterAnotherOnOneConnection) {
    Harness harness;
    Client client = harness.client();

    for (int i = 0; i < 3; ++i) {
        const Reply reply = client.get("/healthz");
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.body, R"({"status":"ok"})");
        EXPECT_EQ(reply.header("Connection"), "");
    }
    EXPECT_EQ(client.get("/v1/version").json().at("version").as_string(), "9.9.9");
    EXPECT_EQ(client.get("/readyz").status, 200);
    EXPECT_EQ(client.get("/v1/health").json().at("status").as_string(), "degraded");
    EXPECT_TRUE(client.get("/v1/openapi.json").json().contains("openapi"));
    EXPECT_EQ(client.get("/v1/whoami").json().at("role").as_string(), "admin");
    EXPECT_EQ(client.get("/v1/stats").json().at("requests").as_object().at("total"), 0);
    EXPECT_NE(client.get("/metrics").body.find("cabroker_http_responses_total"), std::string::npos);
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
    Harness harness;
    Client client = harness.client();
    std::string all;
    for (int i = 0; i < 20; ++i)
        all += request_text("GET", "/healthz", "", {"X-Request-Id: n" + std::to_string(i)});
    all += request_text("POST", "/v1/csr/inspect", R"({"csr":"x"})", {"X-Request-Id: last"});

    client.send(all);

    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(client.read().header("X-Request-Id"), "n" + std::to_string(i));
    EXPECT_EQ(client.read().header("X-Request-Id"), "last");
}

TEST_F(ServerTest, ReadsRequestsThatComeOctetByOctet) {
    Harness harness;
    Client client = harness.client();

    for (const char octet : request_text("POST", "/v1/csr/inspect", R"({"csr":"x"})"))
        client.send(std::string(1, octet));

    EXPECT_EQ(client.read().json().at("ok"), false);
}

TEST_F(ServerTest, ReadsRequestsThatAreCutAnywhere) {
    Harness harness;
    Client client = harness.client();
    const std::string get = "GET /healthz HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";

    for (std::size_t at = 1; at < get.size(); ++at) {
        client.send(get.substr(0, at));
        std::this_thread::sleep_for(milliseconds(2));
        client.send(get.substr(at));
        EXPECT_EQ(client.read().status, 200) << at;
    }
}

TEST_F(ServerTest, HeadIsGetWithoutItsBody) {
    Harness harness;
    Client client = harness.client();

    const Reply head = client.call("HEAD", "/healthz");
    const Reply get = client.get("/healthz");

    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.header("Content-Length"), get.header("Content-Length"));
    EXPECT_EQ(get.body.size(), 15U);
}

TEST_F(ServerTest, EveryErrorIsAProblem) {
    struct Case {
        std::string octets;
        int status;
        std::string code;
    };
    const std::string host = "Host: x\r\n";
    std::string many_fields;
    while (many_fields.size() < 16UL * 1024)
        many_fields += "X-Field-" + std::to_string(many_fields.size()) + ": 1\r\n";
    const std::vector<Case> cases{
        {"GARBAGE\r\n\r\n", 400, "malformed_request"},
        {"GET /healthz\r\n\r\n", 400, "malformed_request"},
        {"GET /healthz HTTP/9.9\r\n" + host + "\r\n", 400, "malformed_request"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "malformed_request"},
        {"GET /healthz HTTP/1.1\r\n\r\n", 400, "malformed_request"},
        {"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n", 400, "malformed_request"},
        {"GET /healthz HTTP/1.1\r\nHost: x\r\n folded\r\nBad Name: y\r\n\r\n", 400,
         "malformed_request"},
        {"GET /%zz HTTP/1.1\r\n" + host + "\r\n", 400, "malformed_request"},
        {"GET /nope HTTP/1.1\r\n" + host + "\r\n", 404, "not_found"},
        {"GET /v1/requests/ HTTP/1.1\r\n" + host + "\r\n", 404, "not_found"},
        {"GET /healthz/ HTTP/1.1\r\n" + host + "\r\n", 404, "not_found"},
        {"DELETE /v1/requests HTTP/1.1\r\n" + host + "\r\n", 405, "method_not_allowed"},
        {"GET /v1/requests?x=1 HTTP/1.1\r\n" + host + "\r\n", 400, "unknown_parameter"},
        {"GET /v1/requests HTTP/1.1\r\n" + host + "Origin: http://evil.example\r\n\r\n", 403,
         "forbidden"},
        {"POST /v1/requests HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\n{}", 415,
         "unsupported_media_type"},
        {"POST /v1/requests HTTP/1.1\r\n" + host +
             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400, "malformed_request"},
        {"POST /v1/requests HTTP/1.1\r\n" + host +
             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
         400, "malformed_request"},
        {"POST /v1/requests HTTP/1.1\r\n" + host +
             "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
         400, "malformed_request"},
        {"POST /v1/requests HTTP/1.1\r\n" + host +
             "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
         400, "malformed_request"},
        {"POST /v1/requests HTTP/1.1\r\n" + host +
             "Transfer-Encoding:\r\nContent-Length: 2\r\n\r\n{}",
         400, "malformed_request"},
        {"POST /v1/requests HTTP/1.1\r\n" + host +
             "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400, "malformed_request"},
        {"POST /v1/requests HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", 400,
         "malformed_request"},
        {"POST /v1/requests HTTP/1.1\r\n" + host +
             "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
         400, "malformed_request"},
        {"GET /healthz HTTP/1.1\r\n" + host + "X: " + std::string(17'000, 'x') + "\r\n\r\n", 431,
         "headers_too_large"},
        {"GET /healthz HTTP/1.1\r\n" + host + many_fields + "\r\n", 431, "headers_too_large"},
        {"POST /v1/requests HTTP/1.1\r\n" + host +
             "Content-Type: application/json\r\nContent-Length: 2000000\r\n\r\n",
         413, "body_too_large"},
    };
    Harness harness;
    for (const Case& each : cases) {
        SCOPED_TRACE(each.octets.substr(0, 120));
        Client client = harness.client();
        client.send(each.octets);
        expect_problem(client.read(), each.status, each.code);
    }
}

TEST_F(ServerTest, ConnectionsEndWhereTheNextRequestWouldBegin) {
    Harness harness;
    Client smuggler = harness.client();

    smuggler.send(
        "POST /v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");

    EXPECT_EQ(smuggler.read().header("Connection"), "close");
    EXPECT_EQ(smuggler.read().status, 0) << "nothing behind an ambiguous request is served";
}

TEST_F(ServerTest, RefusedBodiesAreReadAndTheConnectionLives) {
    Harness harness;
    Client client = harness.client();

    expect_problem(client.post("/v1/nope", R"({"a":1})"), 404, "not_found");
    expect_problem(client.call("PUT", "/v1/requests", R"({"a":1})"), 405, "method_not_allowed");
    EXPECT_EQ(client.get("/healthz").status, 200);
}

TEST_F(ServerTest, ClientsThatSendTooMuchStillReadWhy) {
    Harness harness;
    {
        Client declared = harness.client();
        declared.send(request_text("POST", "/v1/requests", std::string(10'000'000, ' ')));
        expect_problem(declared.read(), 413, "body_too_large");
    }
    Client chunked = harness.client();
    std::string text =
        "POST /v1/requests HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 40; ++i) text += "10000\r\n" + std::string(65'536, ' ') + "\r\n";
    chunked.send(text);
    expect_problem(chunked.read(), 413, "body_too_large");
}

TEST_F(ServerTest, HeadsOfChunksAndTrailersHaveALimit) {
    Harness harness;
    const std::string head =
        "POST /v1/csr/inspect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n";
    const std::string endless(200'000, 'a');
    Client extension = harness.client();
    extension.send(head + "5;" + endless);
    expect_problem(extension.read(), 431, "headers_too_large");
    Client trailer = harness.client();
    trailer.send(head + "b\r\n{\"csr\":\"x\"}\r\n0\r\nX: " + endless);
    expect_problem(trailer.read(), 431, "headers_too_large");
}

TEST_F(ServerTest, ChunkedBodiesAreTaken) {
    Harness harness;
    Client client = harness.client();

    client.send(
        "POST /v1/csr/inspect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: Chunked\r\n\r\n6\r\n{\"csr\"\r\n5;ext=1\r\n:\"x\"}\r\n0\r\n\r\n");

    EXPECT_EQ(client.read().json().at("ok"), false);
    EXPECT_EQ(client.get("/healthz").status, 200);
}

TEST_F(ServerTest, ExpectsAreAnswered) {
    Harness harness;
    Client client = harness.client();
    const std::string body = R"({"csr":"x"})";
    const std::string head =
        "POST /v1/csr/inspect HTTP/1.1\r\nHost: x\r\nContent-Type: "
        "application/json\r\nExpect: 100-continue\r\nContent-Length: ";

    client.send(head + std::to_string(body.size()) + "\r\n\r\n");
    EXPECT_EQ(client.read_head().status, 100);
    client.send(body);
    EXPECT_EQ(client.read().status, 200);

    client.send(head + "99999999\r\n\r\n");
    expect_problem(client.read(), 413, "body_too_large");
}

TEST_F(ServerTest, ExpectsAreAListOfWords) {
    Harness harness;
    Client client = harness.client();
    client.send(
        "POST /v1/csr/inspect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Expect: , 100-Continue,\r\nContent-Length: 11\r\n\r\n");

    EXPECT_EQ(client.read_head().status, 100);
    client.send(R"({"csr":"x"})");
    EXPECT_EQ(client.read().status, 200);
}

TEST_F(ServerTest, WhatABodyOrAnExpectAsksInVainIsToldAtOnce) {
    Harness harness;
    const std::string head =
        "POST /v1/csr/inspect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    Client coded = harness.client();
    coded.send(head + "Content-Encoding: GZIP\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08");
    expect_problem(coded.read(), 415, "unsupported_media_type");
    EXPECT_EQ(coded.get("/healthz").status, 200) << "the connection goes on";

    Client plain = harness.client();
    plain.send(head + "Content-Encoding: identity\r\nContent-Length: 11\r\n\r\n{\"csr\":\"x\"}");
    EXPECT_EQ(plain.read().status, 200);

    // The body is never sent: who waits for an answer gets one.
    Client waits = harness.client();
    waits.send(head + "Expect: 200-ok\r\nContent-Length: 11\r\n\r\n");
    expect_problem(waits.read(), 417, "expectation_failed");
    EXPECT_TRUE(waits.ended());
}

TEST_F(ServerTest, OldClientsGetOneAnswer) {
    Harness harness;
    Client client = harness.client();

    client.send("GET /healthz HTTP/1.0\r\n\r\n");

    EXPECT_EQ(client.read().header("Connection"), "close");
    EXPECT_TRUE(client.ended());
}

TEST_F(ServerTest, ConnectionCloseIsHonoured) {
    Harness harness;
    Client client = harness.client();

    EXPECT_EQ(client.get("/healthz", {"Connection: close"}).header("Connection"), "close");
    EXPECT_TRUE(client.ended());
}

TEST_F(ServerTest, HalfClosedClientsGetTheirAnswer) {
    Harness harness;
    Client client = harness.client();
    client.send(request_text("GET", "/healthz"));
    client.finish_sending();
    EXPECT_EQ(client.read().status, 200);
    EXPECT_TRUE(client.ended());

    Client cut = harness.client();
    cut.send("GET /healthz HT");
    cut.finish_sending();
    expect_problem(cut.read(), 400, "malformed_request");

    Client cut_body = harness.client();
    cut_body.send(
        "POST /v1/csr/inspect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 100\r\n\r\n{");
    cut_body.finish_sending();
    expect_problem(cut_body.read(), 400, "malformed_request");
}

TEST_F(ServerTest, SlowClientsAreToldAndDropped) {
    Harness harness(fast);
    Client head = harness.client();
    Client body = harness.client();
    head.send("GET /healthz HTTP/1.1\r\nHo");
    body.send(
        "POST /v1/csr/inspect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 100\r\n\r\n{");

    expect_problem(head.read(), 408, "request_timeout");
    expect_problem(body.read(), 408, "request_timeout");
    head.finish_sending();
    EXPECT_TRUE(head.ended());
}

TEST_F(ServerTest, DrippingOctetsDoNotStretchTheDeadline) {
    Harness harness(fast);
    Client client = harness.client();
    const auto begin = std::chrono::steady_clock::now();

    std::thread drip([&client] {
        for (int i = 0; i < 60; ++i) {
            client.send("x");
            std::this_thread::sleep_for(milliseconds(10));
        }
    });
    const Reply reply = client.read();
    const auto took = std::chrono::steady_clock::now() - begin;
    drip.join();

    expect_problem(reply, 408, "request_timeout");
    EXPECT_LT(took, milliseconds(3000));
}

TEST_F(ServerTest, OctetsInTheMomentOfTheDeadlineDoNotStretchIt) {
    Harness harness(fast);
    for (int i = 0; i < 12; ++i) {
        Client client = harness.client();
        std::atomic<bool> told = false;
        client.send("GET ");
        // Without a pause, so that the loop has read some when it looks at the deadlines.
        std::thread pour([&] {
            std::this_thread::sleep_for(milliseconds(130));
            for (int sent = 0; !told && sent < 15'000; ++sent) client.send("x");
        });
        const Reply reply = client.read();
        told = true;
        pour.join();
        expect_problem(reply, 408, "request_timeout");
    }
}

TEST_F(ServerTest, SilentConnectionsEnd) {
    Harness harness(fast);
    Client client = harness.client();

    EXPECT_EQ(client.read().status, 0) << "an idle connection ends without a word";
    Harness::until([&] { return harness.connections() == 0; });
}

TEST_F(ServerTest, EmptyLinesBeforeARequestArePassedBy) {
    Harness harness(fast);
    Client client = harness.client();
    const std::string get = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

    client.send("\r\n" + get + "\r\n\r\n" + get + "\r\n");
    EXPECT_EQ(client.read().status, 200);
    EXPECT_EQ(client.read().status, 200);
    client.send("\r");
    std::this_thread::sleep_for(milliseconds(20));
    client.send("\n" + get);
    EXPECT_EQ(client.read().status, 200);
    client.send("\r\n");
    EXPECT_EQ(client.read().status, 0) << "nothing but an empty line leaves a connection idle";
}

TEST_F(ServerTest, LateReadersGetEveryAnswerWhole) {
    Harness harness;
    Client client = harness.client();
    const std::string document = client.get("/v1/openapi.json").body;
    ASSERT_GT(document.size(), 10'000U);
    constexpr int kAnswers = 60;
    std::string many;
    for (int i = 0; i < kAnswers; ++i) many += request_text("GET", "/v1/openapi.json");

    client.send(many);
    std::this_thread::sleep_for(milliseconds(100));

    for (int i = 0; i < kAnswers; ++i) ASSERT_EQ(client.read().body, document) << i;
    EXPECT_EQ(client.get("/healthz").status, 200);
}

TEST_F(ServerTest, AnswersThatNobodyReadsAreHeldUpToALimit) {
    Harness harness([](config::Settings& settings) { settings.api.max_held = 1024UL * 1024; });
    std::string many;
    for (int i = 0; i < 4; ++i) many += request_text("GET", "/v1/openapi.json");
    std::vector<Client> clients;
    for (int i = 0; i < 40; ++i) {
        clients.push_back(harness.client());
        clients.back().send(many);
    }
    std::this_thread::sleep_for(milliseconds(300));
    EXPECT_EQ(harness.client().get("/v1/stats").status, 200) << "what is small is served";

    int refused = 0;
    for (Client& client : clients) {
        for (int i = 0; i < 4; ++i) {
            const Reply reply = client.read();
            if (reply.status == 200) continue;
            expect_problem(reply, 503, "not_ready");
            ++refused;
        }
    }
    EXPECT_GT(refused, 10);
    clients.clear();
    Harness::until([&] { return harness.connections() == 0; });
    EXPECT_EQ(harness.client().get("/v1/openapi.json").status, 200);
}

TEST_F(ServerTest, BodiesAreHeldUpToALimitAndRefusedOnesNotAtAll) {
    Harness harness([](config::Settings& settings) { settings.api.max_held = 1400UL * 1024; });
    const auto head = [](const std::string& path) {
        return "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
               "Content-Length: 500001\r\n\r\n";
    };
    const std::string most(500'000, ' ');
    std::vector<Client> clients;
    for (int i = 0; i < 10; ++i) {
        clients.push_back(harness.client());
        clients.back().send(head("/nope") + most);
    }
    // A route that takes no body keeps none.
    for (int i = 0; i < 10; ++i) {
        clients.push_back(harness.client());
        std::string get = head("/v1/stats") + most;
        clients.back().send(get.replace(0, 4, "GET"));
    }
    for (int i = 0; i < 2; ++i) {
        clients.push_back(harness.client());
        clients.back().send(head("/v1/csr/inspect") + most);
    }
    std::this_thread::sleep_for(milliseconds(300));

    Client extra = harness.client();
    extra.send(head("/v1/csr/inspect") + most);
    expect_problem(extra.read(), 503, "not_ready");
    EXPECT_EQ(harness.client().post("/v1/csr/inspect", R"({"csr":"x"})").status, 200);
    clients.front().send(" ");
    expect_problem(clients.front().read(), 404, "not_found");
    clients.back().send(" ");
    expect_problem(clients.back().read(), 400, "malformed_request");
    clients[10].send(" ");
    EXPECT_EQ(clients[10].read().status, 200);
}

TEST_F(ServerTest, OneUserLeavesRoomForTheBodiesOfOthers) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
    Harness harness([](config::Settings& settings) {
        settings.api.max_held = 1400UL * 1024;
        settings.roles.viewer.uids = {65534};
    });
    ASSERT_EQ(::chmod(harness.folder().c_str(), 0755), 0);
    const std::string head =
        "POST /v1/csr/inspect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 500001\r\n\r\n";
    std::vector<Client> clients;
    for (int i = 0; i < 2; ++i) {
        clients.push_back(harness.client());
        clients.back().send(head + std::string(500'000, ' '));
    }
    std::this_thread::sleep_for(milliseconds(300));
    Client third = harness.client();
    third.send(head + std::string(500'000, ' '));
    expect_problem(third.read(), 503, "not_ready");

    const std::string other =
        "{ printf '{\"csr\":\"x\"}'; head -c 200000 /dev/zero | tr '\\0' ' '; } | "
        "setpriv --reuid=65534 --regid=65534 --clear-groups curl -fsS --max-time 10 -o /dev/null "
        "-H 'Content-Type: application/json' --data-binary @- --unix-socket " +
        harness.socket_path() + " http://x/v1/csr/inspect";
    EXPECT_EQ(std::system(other.c_str()), 0);
}

TEST_F(ServerTest, ReadersThatStopReadingAreDropped) {
    Harness harness(fast);
    Client client = harness.client();
    std::string many;
    for (int i = 0; i < 2000; ++i) many += request_text("GET", "/v1/openapi.json");

    std::thread sender([&] { client.send(many); });
    Harness::until([&] { return harness.connections() == 0; });
    client.finish_sending();
    sender.join();
}

TEST_F(ServerTest, TooManyConnectionsAreToldSo) {
    Harness harness([](config::Settings& settings) { settings.api.max_connections = 3; });
    std::vector<Client> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(harness.client());
        EXPECT_EQ(clients.back().get("/healthz").status, 200);
    }

    Client extra = harness.client();
    const Reply reply = extra.get("/healthz");

    expect_problem(reply, 503, "not_ready");
    EXPECT_NE(reply.header("Retry-After"), "");
    clients.clear();
    Harness::until([&] { return harness.connections() <= 1; });
    Client again = harness.client();
    EXPECT_EQ(again.get("/healthz").status, 200);
}

TEST_F(ServerTest, OneUserLeavesConnectionsToTheOthers) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
    Harness harness([](config::Settings& settings) { settings.api.max_connections = 8; });
    ASSERT_EQ(::chmod(harness.folder().c_str(), 0755), 0);
    std::vector<Client> clients;
    for (int i = 0; i < 6; ++i) {
        clients.push_back(harness.client());
        EXPECT_EQ(clients.back().get("/healthz").status, 200) << i;
    }

    const Reply reply = harness.client().get("/healthz");
    expect_problem(reply, 503, "not_ready");
    EXPECT_NE(reply.body.find("this user"), std::string::npos) << reply.body;
    const std::string other =
        "setpriv --reuid=65534 --regid=65534 --clear-groups curl -fsS --max-time 10 -o /dev/null "
        "--unix-socket " +
        harness.socket_path() + " http://x/healthz";
    EXPECT_EQ(std::system(other.c_str()), 0);
    clients.pop_back();
    Harness::until([&] { return harness.connections() == 5; });
    EXPECT_EQ(harness.client().get("/healthz").status, 200);
}

TEST_F(ServerTest, StreamsEndWithTheRole) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
    Harness harness([](config::Settings& settings) { settings.roles.viewer.uids = {65534}; });
    ASSERT_EQ(::chmod(harness.folder().c_str(), 0755), 0);
    const std::string curl =
        "setpriv --reuid=65534 --regid=65534 --clear-groups curl -fsSN --max-time 20 -o /dev/null "
        "-H 'Accept: text/event-stream' --unix-socket " +
        harness.socket_path() + " http://x/v1/events";
    std::atomic<int> ended = -1;
    std::thread reader([&] { ended = std::system(curl.c_str()); });
    Harness::until([&] { return harness.waiting() == 1; });

    harness.reload([](config::Settings& settings) { settings.roles.viewer.uids.clear(); });

    reader.join();
    EXPECT_EQ(ended, 0) << "the stream ends properly";
}

TEST_F(ServerTest, RequestIdsAreEchoedOrMade) {
    Harness harness;
    Client client = harness.client();

    EXPECT_EQ(client.get("/healthz", {"X-Request-Id: mine-1"}).header("X-Request-Id"), "mine-1");
    const std::string first = client.get("/healthz").header("X-Request-Id");
    const std::string second = client.get("/healthz", {"X-Request-Id: a b"}).header("X-Request-Id");
    EXPECT_NE(first, "");
    EXPECT_NE(first, second);
    EXPECT_FALSE(first.starts_with("req_"));
    EXPECT_EQ(second.find(' '), std::string::npos);
}

TEST_F(ServerTest, DrainingEndsIdleConnectionsAndRefusesWork) {
    Harness harness;
    Client idle = harness.client();
    EXPECT_EQ(idle.get("/healthz").status, 200);
    Client busy = harness.client();
    busy.send("POST /v1/csr/inspect HTTP/1.1\r\n");
    Harness::until([&] { return harness.connections() == 2; });

    harness.drain();

    EXPECT_TRUE(idle.ended());
    busy.send(
        "Host: x\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"csr\":\"x\"}");
    const Reply reply = busy.read();
    expect_problem(reply, 503, "draining");
    EXPECT_EQ(reply.header("Connection"), "close");
    EXPECT_NE(reply.header("Retry-After"), "");
    EXPECT_NE(::access(harness.socket_path().c_str(), F_OK), 0);
}

TEST_F(ServerTest, RolesFollowAReload) {
    Harness harness;
    Client client = harness.client();
    EXPECT_EQ(client.get("/v1/whoami").json().at("roles").as_array().size(), 4U);

    harness.reload(
        [](config::Settings& settings) { settings.roles.proxy.uids.push_back(::geteuid()); });

    EXPECT_EQ(client.get("/v1/whoami").json().at("roles").as_array().size(), 5U);
    const Reply asserted = client.get("/v1/whoami", {"X-Remote-User: alice"});
    EXPECT_EQ(asserted.json().at("asserted_user").as_string(), "alice");
}

TEST_F(ServerTest, StrangersReadTwoRoutesOnly) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
    Harness harness;
    const std::string out = harness.folder() + "/out";
    ASSERT_EQ(::chmod(harness.folder().c_str(), 0755), 0);
    const std::string curl =
        "setpriv --reuid=65534 --regid=65534 --clear-groups curl -sS --max-time 10 -w "
        "'%{http_code} ' --unix-socket " +
        harness.socket_path() + " ";
    const std::string script = "(" + curl + "http://x/healthz; " + curl + "http://x/v1/version; " +
                               curl + "http://x/v1/whoami; " + curl + "http://x/nope) > " + out;

    ASSERT_EQ(std::system(script.c_str()), 0);

    std::ifstream file(out);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    EXPECT_NE(text.find("{\"status\":\"ok\"}200 "), std::string::npos) << text;
    EXPECT_NE(text.find("\"version\":\"9.9.9\""), std::string::npos) << text;
    EXPECT_EQ(text.find("404"), std::string::npos) << "strangers learn of no route";
    EXPECT_NE(text.find("\"required_role\":\"viewer\"}403 "), std::string::npos) << text;
    EXPECT_TRUE(text.ends_with("403 ")) << text;
}

TEST_F(ServerTest, StrangersTakeFewConnectionsAndOneRequestEach) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
    Harness harness;
    ASSERT_EQ(::chmod(harness.folder().c_str(), 0755), 0);
    const std::string script = harness.folder() + "/strangers.py";
    std::ofstream(script) << R"(
import socket, sys
def connect():
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(sys.argv[1])
    return client
clients = [connect() for _ in range(32)]
assert connect().recv(1) == b"", "one too many is closed"
for client in clients:
    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = b""
    while part := client.recv(4096):
        answer += part
    assert answer.startswith(b"HTTP/1.1 200 ") and b"Connection: close" in answer, answer
)";
    const std::string run = "setpriv --reuid=65534 --regid=65534 --clear-groups /usr/bin/python3 " +
                            script + " " + harness.socket_path();

    EXPECT_EQ(std::system(run.c_str()), 0);
    EXPECT_EQ(harness.client().get("/v1/whoami").status, 200);
}

TEST_F(ServerTest, CurlIsServed) {
    Harness harness;
    const std::string out = harness.folder() + "/out";
    const std::string curl = "curl -sS --max-time 10 --unix-socket " + harness.socket_path();
    const std::string script = curl + " http://cabroker/healthz > " + out + " && " + curl +
                               " -I http://localhost/healthz >> " + out + " && head -c 3000000 " +
                               "/dev/zero | " + curl + " -H 'Content-Type: application/json' " +
                               "--data-binary @- http://localhost/v1/requests >> " + out;

    EXPECT_EQ(std::system(script.c_str()), 0);
    EXPECT_EQ(std::system(("grep -q body_too_large " + out).c_str()), 0);
}

}  // namespace
}  // namespace cabroker::api::test
