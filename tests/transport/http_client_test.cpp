#include "transport/http_client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include "tests/transport/peer.hpp"

namespace cabroker::transport {
namespace {

namespace asio = boost::asio;
using domain::ErrorCode;
using domain::Result;

class CurlHttpClientTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() { peer_ = new Peer("https_peer.py"); }
    static void TearDownTestSuite() {
        delete peer_;
        peer_ = nullptr;
    }

    static HttpRequest request(const std::string& method, const std::string& path,
                               const std::string& server = "good") {
        HttpRequest made(method, "https://localhost:" + (*peer_)[server] + path);
        made.ca_file = (*peer_)["ca_file"];
        return made;
    }

    Result<HttpResponse> perform(HttpRequest request) {
        return await(loop_, client_.perform(std::move(request)));
    }
    Result<HttpResponse> get(const std::string& path) { return perform(request("GET", path)); }

    static HttpRequest post(const std::string& path) {
        HttpRequest made = request("POST", path);
        made.body = "a=1";
        made.content_type = "application/x-www-form-urlencoded";
        return made;
    }

    std::string count_of(const std::string& path) { return get("/count?" + path)->body; }

    static std::string cause(const Result<HttpResponse>& result) {
        return result.error().facts.at("cause");
    }

    static Peer* peer_;
    asio::io_context loop_{1};
    CurlHttpClient client_{loop_.get_executor()};
};
Peer* CurlHttpClientTest::peer_ = nullptr;

TEST_F(CurlHttpClientTest, AnswerHasStatusTypeCharsetAndBody) {
    const Result<HttpResponse> response = get("/hello");

    ASSERT_TRUE(response.has_value()) << response.error().detail;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->content_type, "text/html");
    EXPECT_EQ(response->charset, "utf-8");
    EXPECT_EQ(response->body, "<p>hello</p>");
    EXPECT_FALSE(response->location);
}

TEST_F(CurlHttpClientTest, AnyStatusIsAnAnswer) {
    EXPECT_EQ(get("/status?503")->status, 503);
    EXPECT_EQ(get("/nowhere")->status, 404);
}

TEST_F(CurlHttpClientTest, AnAnswerWithoutLengthEndsWithTlsAndNotWithTcp) {
    const Result<HttpResponse> whole = get("/ended");
    ASSERT_TRUE(whole.has_value()) << whole.error().detail;
    EXPECT_EQ(whole->body, "0123456789");

    const Result<HttpResponse> cut = get("/unended");
    ASSERT_TRUE(cut.has_error()) << "anybody on the way could have cut it off here";
    EXPECT_EQ(cut.error().code, ErrorCode::no_answer);
    EXPECT_EQ(cause(cut), "closed");
}

TEST_F(CurlHttpClientTest, InterimAnswersDoNotCount) {
    const Result<HttpResponse> response = get("/early");

    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, 200);
    EXPECT_FALSE(response->header("x-hint"));
}

TEST_F(CurlHttpClientTest, BodyAndHeadersArriveAsGiven) {
    HttpRequest made = post("/echo");
    made.headers.emplace_back("X-Own", "value");

    const Result<HttpResponse> response = perform(std::move(made));

    ASSERT_TRUE(response.has_value()) << response.error().detail;
    EXPECT_NE(response->body.find(R"("body": "a=1")"), std::string::npos);
    EXPECT_NE(response->body.find(R"(["X-Own", "value"])"), std::string::npos);
    EXPECT_EQ(response->body.find("Expect"), std::string::npos);
}

TEST_F(CurlHttpClientTest, ConnectionsAreKeptExceptForEffects) {
    const std::string first = *get("/hello")->header("x-connection");
    const std::string second = *get("/hello")->header("x-connection");
    HttpRequest once = request("GET", "/hello");
    once.effect_once = true;
    const std::string third = *perform(std::move(once))->header("x-connection");
    const std::string fourth = *get("/hello")->header("x-connection");

    EXPECT_EQ(first, second);
    EXPECT_NE(third, second);
    EXPECT_EQ(fourth, first);
}

TEST_F(CurlHttpClientTest, ConnectionsOfEffectsResumeTheTlsSession) {
    const int before = std::stoi(count_of("resumed"));
    for (int i = 0; i < 3; ++i) {
        HttpRequest once = request("GET", "/hello");
        once.effect_once = true;
        ASSERT_TRUE(perform(std::move(once)));
    }

    EXPECT_EQ(std::stoi(count_of("resumed")), before + 3);
}

TEST_F(CurlHttpClientTest, EffectsAtOnceResumeTheirTlsSessions) {
    constexpr int kAtOnce = 8;
    const auto round = [&] {
        int answers = 0;
        for (int i = 0; i < kAtOnce; ++i) {
            HttpRequest once = request("GET", "/hello");
            once.effect_once = true;
            asio::co_spawn(loop_, client_.perform(std::move(once)),
                           [&](const std::exception_ptr&, const Result<HttpResponse>& response) {
                               answers += response.has_value() ? 1 : 0;
                           });
        }
        loop_.restart();
        loop_.run_for(std::chrono::seconds(30));
        return answers;
    };
    ASSERT_EQ(round(), kAtOnce);
    const int before = std::stoi(count_of("resumed"));

    ASSERT_EQ(round(), kAtOnce);

    EXPECT_EQ(std::stoi(count_of("resumed")), before + kAtOnce);
}

TEST_F(CurlHttpClientTest, SessionIsNotResumedUnderOtherRoots) {
    ASSERT_TRUE(get("/hello"));

    HttpRequest made = request("GET", "/hello");
    made.effect_once = true;
    made.ca_file.clear();
    const Result<HttpResponse> response = perform(std::move(made));

    ASSERT_TRUE(response.has_error());
    EXPECT_EQ(cause(response), "certificate");
}

TEST_F(CurlHttpClientTest, EffectOnAWarmConnectionThatDiesArrivesExactlyOnce) {
    const int before = std::stoi(count_of("/die"));
    HttpRequest made = post("/die");
    made.effect_once = true;

    const Result<HttpResponse> response = perform(std::move(made));

    ASSERT_TRUE(response.has_error());
    EXPECT_EQ(response.error().code, ErrorCode::no_answer);
    EXPECT_EQ(cause(response), "closed");
    EXPECT_EQ(std::stoi(count_of("/die")), before + 1);
}

TEST_F(CurlHttpClientTest, WithoutThePromiseTheSameRequestIsRepeated) {
    const int before = std::stoi(count_of("/die"));

    const Result<HttpResponse> response = perform(post("/die"));

    EXPECT_TRUE(response.has_error());
    EXPECT_EQ(std::stoi(count_of("/die")), before + 2) << "then effect_once is not needed any more";
}

TEST_F(CurlHttpClientTest, NothingWasSentToAPeerThatCannotBeReached) {
    const std::vector<std::pair<std::string, std::string>> cases{{"closed", "connect"},
                                                                 {"expired", "certificate"},
                                                                 {"wrong_host", "certificate"},
                                                                 {"unknown", "certificate"},
                                                                 {"old_tls", "tls"}};
    for (const auto& [server, why] : cases) {
        const Result<HttpResponse> response = perform(request("GET", "/hello", server));

        ASSERT_TRUE(response.has_error()) << server;
        EXPECT_EQ(response.error().code, ErrorCode::unreachable) << server;
        EXPECT_EQ(cause(response), why) << server;
    }
    EXPECT_EQ(cause(perform(HttpRequest("GET", "https://no-such-host.invalid/"))), "dns");
}

TEST_F(CurlHttpClientTest, WithoutItsOwnRootsThePeerIsNotTrusted) {
    HttpRequest made = request("GET", "/hello");
    made.ca_file.clear();

    const Result<HttpResponse> response = perform(std::move(made));

    ASSERT_TRUE(response.has_error());
    EXPECT_EQ(cause(response), "certificate");
}

TEST_F(CurlHttpClientTest, BrokenAnswersAreNoAnswer) {
    const std::vector<std::pair<std::string, std::string>> cases{{"/half", "closed"},
                                                                 {"/nonsense", "protocol"}};
    for (const auto& [path, why] : cases) {
        HttpRequest made = request("GET", path);
        made.effect_once = true;

        const Result<HttpResponse> response = perform(std::move(made));

        ASSERT_TRUE(response.has_error()) << path;
        EXPECT_EQ(response.error().code, ErrorCode::no_answer) << path;
        EXPECT_EQ(cause(response), why) << path;
    }
}

TEST_F(CurlHttpClientTest, SilenceEndsAtTheDeadline) {
    HttpRequest made = request("GET", "/silent");
    made.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);

    const Result<HttpResponse> response = perform(std::move(made));

    ASSERT_TRUE(response.has_error());
    EXPECT_EQ(response.error().code, ErrorCode::no_answer);
    EXPECT_EQ(cause(response), "timeout");
}

TEST_F(CurlHttpClientTest, AfterTheDeadlineNothingIsSent) {
    const std::string before = count_of("/hello");
    HttpRequest made = request("GET", "/hello");
    made.deadline = std::chrono::steady_clock::now() - std::chrono::milliseconds(1);

    const Result<HttpResponse> response = perform(std::move(made));

    ASSERT_TRUE(response.has_error());
    EXPECT_EQ(response.error().code, ErrorCode::unreachable);
    EXPECT_EQ(cause(response), "timeout");
    EXPECT_EQ(count_of("/hello"), before);
}

TEST_F(CurlHttpClientTest, CancellingEndsTheExchange) {
    asio::cancellation_signal signal;
    asio::steady_timer timer(loop_, std::chrono::milliseconds(200));
    timer.async_wait(
        [&](const boost::system::error_code&) { signal.emit(asio::cancellation_type::terminal); });
    std::optional<Result<HttpResponse>> response;
    asio::co_spawn(loop_, client_.perform(request("GET", "/silent")),
                   asio::bind_cancellation_slot(
                       signal.slot(), [&](const std::exception_ptr& error, Result<HttpResponse> r) {
                           EXPECT_FALSE(error);
                           response.emplace(std::move(r));
                       }));
    loop_.restart();
    loop_.run_for(std::chrono::seconds(10));

    ASSERT_TRUE(response && response->has_error());
    EXPECT_EQ(response->error().code, ErrorCode::no_answer);
    EXPECT_EQ(cause(*response), "canceled");
}

TEST_F(CurlHttpClientTest, CapsStopLargeAnswers) {
    for (const std::string path : {"/endless", "/bomb"}) {
        const Result<HttpResponse> response = get(path);

        ASSERT_TRUE(response.has_error()) << path;
        EXPECT_EQ(response.error().code, ErrorCode::limit_exceeded) << path;
        EXPECT_EQ(cause(response), "body") << path;
    }
    EXPECT_EQ(cause(get("/headers")), "headers");
    EXPECT_EQ(get("/gzip")->body, "unpacked");
}

TEST_F(CurlHttpClientTest, RedirectsAreReportedAndNotFollowed) {
    const Origin pinned = *Origin::parse(request("GET", "/").url);

    const Result<HttpResponse> relative = get("/redirect?../next%3Fa=1#here");
    const Result<HttpResponse> elsewhere = get("/redirect?https://elsewhere.example/x");
    const Result<HttpResponse> plain = get("/redirect?http://localhost/x");
    const Result<HttpResponse> file = get("/redirect?file:///etc/passwd");

    EXPECT_EQ(relative->status, 302);
    EXPECT_EQ(*relative->location, pinned.text() + "/next%3Fa=1");
    EXPECT_EQ(*elsewhere->location, "https://elsewhere.example/x");
    EXPECT_TRUE(same_origin(pinned, *relative->location));
    EXPECT_FALSE(same_origin(pinned, *elsewhere->location));
    EXPECT_FALSE(same_origin(pinned, *plain->location));
    EXPECT_FALSE(same_origin(pinned, *file->location));
}

TEST_F(CurlHttpClientTest, SessionSurvivesAsText) {
    const Result<HttpResponse> login = get("/login");
    ASSERT_TRUE(login.has_value());
    const Result<CookieJar> restored = CookieJar::parse(login->cookies.text().reveal());
    ASSERT_TRUE(restored.has_value());
    HttpRequest again = request("GET", "/echo");
    again.cookies = *restored;

    const Result<HttpResponse> response = perform(std::move(again));

    EXPECT_EQ(restored->size(), 2U) << "the cookie for another domain must be gone";
    EXPECT_EQ(restored->value("sid"), "abc");
    EXPECT_NE(response->body.find(R"(["Cookie", "sid=abc"])"), std::string::npos);
    EXPECT_EQ(get("/echo")->body.find("Cookie"), std::string::npos) << "no jar, no cookies";
}

TEST_F(CurlHttpClientTest, CookiesEndWhenThePeerSaysSo) {
    HttpRequest logout = request("GET", "/logout");
    logout.cookies = get("/login")->cookies;

    const Result<HttpResponse> response = perform(std::move(logout));

    EXPECT_FALSE(response->cookies.value("sid"));
}

TEST_F(CurlHttpClientTest, SessionNeverGoesToAnotherOrigin) {
    HttpRequest made = request("GET", "/hello", "unknown");
    made.cookies = get("/login")->cookies;

    const Result<HttpResponse> response = perform(std::move(made));

    ASSERT_TRUE(response.has_error());
    EXPECT_EQ(response.error().code, ErrorCode::bad_configuration);
}

TEST_F(CurlHttpClientTest, WrongRequestsAreRefusedBeforeAnythingIsSent) {
    std::vector<HttpRequest> wrong;
    for (const std::string url :
         {"http://localhost/", "https://user:pw@localhost/", "ftp://localhost/", "https:///path",
          "localhost", "", "https://local host/"}) {
        wrong.emplace_back("GET", url);
    }
    wrong.push_back(request("BREW", "/"));
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"X-A", "b\r\nX-Evil: 1"},
                                                          {"X-A\r\nX-Evil", "1"},
                                                          {"X A", "1"},
                                                          {"Host", "elsewhere"},
                                                          {"cookie", "sid=stolen"},
                                                          {"Content-Length", "0"},
                                                          {"", "1"}}) {
        wrong.push_back(request("GET", "/"));
        wrong.back().headers.emplace_back(name, value);
    }
    wrong.push_back(request("POST", "/"));
    wrong.back().body = "no type";
    for (HttpRequest& each : wrong) {
        const std::string url = each.url;

        const Result<HttpResponse> response = perform(std::move(each));

        ASSERT_TRUE(response.has_error()) << url;
        EXPECT_EQ(response.error().code, ErrorCode::bad_configuration) << url;
        EXPECT_EQ(cause(response), "request") << url;
    }
}

TEST_F(CurlHttpClientTest, ClientMayGoWhileAnExchangeRuns) {
    auto brief = std::make_unique<CurlHttpClient>(loop_.get_executor());
    HttpRequest made = request("GET", "/silent");
    made.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    asio::awaitable<Result<HttpResponse>> running = brief->perform(std::move(made));
    asio::post(loop_, [&] { brief.reset(); });

    const Result<HttpResponse> response = await(loop_, std::move(running));

    EXPECT_TRUE(response.has_error());
}

}  // namespace
}  // namespace cabroker::transport
