// A portal of its own shape that speaks JSON, with a page of HTML between: what the format promises
// for accounts, lists of objects, headers, references and load.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "adapters/portal/browser.hpp"
#include "tests/adapters/portal/fake_http.hpp"

namespace cabroker::adapters::portal {
namespace {

namespace asio = boost::asio;
using config::PortalOperation;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Ended = portal::Run;

constexpr const char* kApiBase = "https://api.example.com";

constexpr const char* kJsonProfile = R"json({
  "name": "json", "binds": "account", "headers": {"X-Key": "{{password}}"},
  "words": {"statuses": {"live": "issued"}, "formats": {"pem_all": "pem"}},
  "pages": {
    "order": {"json": "/state"}, "taken": {"status": [201], "json": "/ok", "equals": ["true", "yes"]},
    "busy": {"status": [429]}, "odd": {"status": [400], "json": "/code", "contains": "csr_"},
    "list": {"xpath": "//title[.='List']"}, "file": {"status": [200]}
  },
  "errors": [{"page": "busy", "outcome": "rate_limited", "retry_after": "9s"},
             {"page": "odd", "outcome": "csr_rejected", "detail_json": "/say"}],
  "operations": {
    "read_order": [{"step": "read", "get": "/order", "expect": [{"page": "order"}], "extract": {
        "status": {"json": "/state"}, "handle": {"json": "/id"},
        "names": {"json": "/names", "all": true},
        "reissue_reason": {"json": "/log", "all": true, "item": "/note/text", "where": {"json": "/kind", "equals": "reissue"}},
        "cut": {"json": "/place", "after": "#", "before": "!"}}}],
    "reissue": [
      {"step": "send", "post": "/order/{{handle}}/reissue", "effect": "once", "expect": [{"page": "taken"}],
       "json": {"csr": "{{csr}}", "method": "{{validation_method}}", "names": ["{{names}}"], "n": 2}},
      {"step": "after", "get": "/seen/{{handle}}", "expect": [{"page": "order"}]}],
    "sign_in": [
      {"step": "open", "get": "/open", "expect": [{"page": "list"}],
       "extract": {"ticket": {"xpath": "//i/@title", "keep": true}}},
      {"step": "use", "get": "/use", "headers": {"X-Ticket": "{{ticket}}"}, "expect": [{"page": "order"}]}],
    "download": [
      {"step": "list", "get": "/deep/list", "expect": [{"page": "list"}]},
      {"step": "fetch", "link": "//a/@href", "expect": [{"page": "file"}]}]
  }
})json";

class JsonPortalTest : public testing::Test {
  protected:
    JsonPortalTest() : portal_(make_portal(http_)) {}

    static Portal make_portal(transport::HttpClient& http) {
        json::Problems problems;
        auto profile =
            config::decode_portal_profile(boost::json::parse(kJsonProfile), "", problems);
        for (const auto& problem : problems) {
            ADD_FAILURE() << problem.pointer << ": " << problem.detail;
        }
        return Portal{std::move(profile), *transport::Origin::parse(kApiBase), "", http};
    }
    template <class T>
    static T await(asio::awaitable<T> work) {
        asio::io_context loop;
        std::optional<T> result;
        asio::co_spawn(loop, std::move(work), [&](const std::exception_ptr& failure, T value) {
            if (failure) std::rethrow_exception(failure);
            result.emplace(std::move(value));
        });
        loop.run();
        return std::move(*result);
    }
    Browser browser() {
        Visit visit;
        visit.now = domain::Time(seconds(784111777));  // Sun, 06 Nov 1994 08:49:37 GMT
        visit.account = "main";
        return Browser(portal_, BrowserState(), steady_clock::now() + seconds(60), visit);
    }
    static Variables given() {
        Variables values;
        values.set("csr", "CSR");
        values.set_secret("password", "s3cret/key&1");
        return values;
    }
    Ended run(PortalOperation operation, Variables values = given()) {
        Browser one = browser();
        return await(one.run(operation, std::move(values)));
    }
    void json(const std::string& place, const std::string& body, int status = 200) {
        http_.on(place, FakeHttp::page(status, body, "application/json"));
    }
    std::string header(std::size_t request) const {
        for (const auto& one : http_.seen.at(request).headers) {
            if (one.name == "X-Key") return one.value;
        }
        return {};
    }

    FakeHttp http_;
    Portal portal_;
};

TEST_F(JsonPortalTest, ListsOfObjectsBecomeListsOfEqualLength) {
    json("GET /order", R"({"state":"live","id":17,"names":["a",null,"c"],"place":"x#mid!y",
        "log":[{"kind":"reissue","note":{"text":"one"}},{"kind":"revoke","note":{"text":"no"}},{"kind":"reissue"}]})");

    const Ended run = this->run(PortalOperation::read_order);

    ASSERT_EQ(run.stop, Stop::finished) << run.detail;
    EXPECT_EQ(run.values.text("handle"), "17");
    EXPECT_EQ(run.values.text("cut"), "mid");
    EXPECT_THAT(run.values.list("names"), ElementsAre("a", "", "c"));
    EXPECT_THAT(run.values.list("reissue_reason"), ElementsAre("one", ""));
    EXPECT_EQ(header(0), "s3cret/key&1");
}

TEST_F(JsonPortalTest, ATextBetweenMarksThatAreNotThereIsAbsent) {
    json("GET /order", R"({"state":"live","place":"x#mid"})");

    EXPECT_FALSE(run(PortalOperation::read_order).values.has("cut"));
}

TEST_F(JsonPortalTest, TheCredentialsAreNotKeptWithThePreparedRequestAndStandInTheOneSent) {
    Variables values = given();
    values.set("handle", "17");
    values.set_list("names", {"a", "b"});
    const Ended prepared = run(PortalOperation::reissue, values);
    ASSERT_EQ(prepared.stop, Stop::before_once) << prepared.detail;
    const std::string kept = boost::json::serialize(to_json(*prepared.prepared, values));
    EXPECT_THAT(kept, Not(HasSubstr("s3cret")));
    auto back = prepared_from(boost::json::parse(kept), given());
    ASSERT_TRUE(back.has_value());
    json("POST /order/17/reissue", R"({"ok":true})", 201);
    json("GET /seen/17", R"({"state":"live"})");

    Browser browser = this->browser();
    const Ended sent = await(browser.submit(PortalOperation::reissue, std::move(*back), given(),
                                            steady_clock::now() + seconds(30)));

    EXPECT_EQ(sent.stop, Stop::finished) << sent.detail;
    EXPECT_EQ(http_.seen.at(0).body, R"({"csr":"CSR","names":["a","b"],"n":2})")
        << "the method that nobody chose is left out";
    EXPECT_EQ(header(0), "s3cret/key&1");
    EXPECT_EQ(http_.count("GET /seen/17"), 1U) << "steps behind know what was read before";
}

TEST_F(JsonPortalTest, ATokenThatHeadersCarryIsTakenOutOfEvidenceNowAndInLaterRuns) {
    http_.html("GET /open", "<title>List</title><i title='t0k3n-of-all'>x</i>");
    http_.html("GET /use", "<p>Whose is t0k3n-of-all?</p>");
    Browser one = browser();

    const Ended first = await(one.run(PortalOperation::sign_in, given()));
    http_.html("GET /order", "<p>Whose is t0k3n-of-all?</p>");
    const Ended later = await(one.run(PortalOperation::read_order, given()));

    ASSERT_EQ(first.evidence.size(), 1U);
    EXPECT_EQ(first.evidence[0].octets, "<p>Whose is [redacted]?</p>");
    ASSERT_EQ(later.evidence.size(), 1U);
    EXPECT_EQ(later.evidence[0].octets, "<p>Whose is [redacted]?</p>");
}

TEST_F(JsonPortalTest, RetryAfterIsSecondsOrADateOrTheProfilesWord) {
    const std::vector<std::pair<std::string, seconds>> cases{
        {"7", seconds(7)},
        {"Sun, 06 Nov 1994 08:49:57 GMT", seconds(20)},
        {"Sun, 06 Nov 1994 08:00:00 GMT", seconds(0)},
        {"99999999999", seconds(7 * 24 * 3600)},
        {"soon", seconds(9)},
        {"", seconds(9)},
    };
    for (const auto& [text, expected] : cases) {
        FakeHttp http;
        transport::HttpResponse busy = FakeHttp::page(429, "{}", "application/json");
        if (!text.empty()) busy.headers.emplace_back("retry-after", text);
        http.on("GET /order", busy);
        Portal portal = make_portal(http);
        Visit visit;
        visit.now = domain::Time(seconds(784111777));
        Browser browser(portal, BrowserState(), steady_clock::now() + seconds(60), visit);

        const Ended run = await(browser.run(PortalOperation::read_order, given()));

        EXPECT_EQ(run.retry_after, expected) << text;
    }
}

TEST_F(JsonPortalTest, AnEmptyBucketSendsNothingAndSaysWhenToComeBack) {
    const runtime::SystemClock clock;
    Meter meter({}, {{1, std::chrono::hours(1)}}, clock);
    portal_.meter = &meter;
    json("GET /order", R"({"state":"live"})");
    EXPECT_EQ(run(PortalOperation::read_order).stop, Stop::finished);

    const Ended refused = run(PortalOperation::read_order);

    EXPECT_EQ(refused.stop, Stop::unreachable);
    ASSERT_TRUE(refused.retry_after.has_value());
    EXPECT_GT(*refused.retry_after, std::chrono::minutes(59));
    EXPECT_EQ(http_.seen.size(), 1U);
}

TEST_F(JsonPortalTest, WhatIsRefusedIsToldInThePortalsWordsWithoutTheKey) {
    json("GET /order", R"({"code":"csr_weak","say":"no s3cret\/key&1 here"})", 400);

    const Ended run = this->run(PortalOperation::read_order);

    EXPECT_EQ(run.stop, Stop::outcome);
    EXPECT_EQ(run.detail, "no [redacted] here");
    EXPECT_THAT(run.evidence.at(0).octets, Not(HasSubstr("s3cret")));
}

TEST_F(JsonPortalTest, ReferencesAreResolvedAgainstTheBaseOfThePage) {
    http_.html("GET /deep/list",
               "<html><head><title>List</title><base href='/files/'></head><body>"
               "<a href='one.pem'>x</a></body></html>");
    http_.on("GET /files/one.pem", FakeHttp::page(200, "PEM", "text/plain"));

    const Ended run = this->run(PortalOperation::download);

    EXPECT_EQ(run.stop, Stop::finished) << run.detail;
    EXPECT_EQ(run.body, "PEM");
}

TEST_F(JsonPortalTest, ABaseOfAnotherOriginIsNotFollowed) {
    http_.html("GET /deep/list",
               "<html><head><title>List</title><base href='https://evil.example/'></head><body>"
               "<a href='one.pem'>x</a></body></html>");

    EXPECT_EQ(run(PortalOperation::download).stop, Stop::unknown_page);
    EXPECT_EQ(http_.seen.size(), 1U);
}

TEST_F(JsonPortalTest, OfAnAnswerThatIsTooLargeTheBeginningIsKeptAndOfJsonTheLength) {
    const auto huge = [](const std::string& begin, const std::string& type) {
        auto made = FakeHttp::page(200, begin + std::string(kLargestAnswer, 'x'), type);
        made.cut = true;
        return made;
    };
    http_.on("GET /order", huge("<p>", "text/html"));
    http_.on("GET /order", huge(R"({"state":")", "application/json"));
    for (const char* kept : {"<p>xxx", "too many"}) {
        const Ended run = this->run(PortalOperation::read_order);

        EXPECT_EQ(run.stop, Stop::unknown_page);
        ASSERT_EQ(run.evidence.size(), 1U);
        EXPECT_LT(run.evidence[0].octets.size(), 300'000U);
        EXPECT_THAT(run.evidence[0].octets, HasSubstr(kept));
        EXPECT_TRUE(http_.seen.back().cut_body);
    }
}

TEST_F(JsonPortalTest, NoSessionStandsInWhatIsKeptOfAnAnswerThatCannotBeRead) {
    const std::vector<std::string> bodies{"\xEF\xBB\xBF{\"bearer\":\"T-live\"}",
                                          ")]}'\n{\"bearer\":\"T-live\"}", "{\"bearer\":\"T-live\"",
                                          "{\"x\":1} {\"bearer\":\"T-live\"}"};
    for (const std::string& body : bodies) {
        http_.on("GET /order", FakeHttp::page(200, body, "application/json"));
    }
    for (const std::string& body : bodies) {
        const Ended run = this->run(PortalOperation::read_order);

        ASSERT_EQ(run.evidence.size(), 1U) << body;
        EXPECT_THAT(run.evidence[0].octets, Not(HasSubstr("T-live"))) << body;
    }
}

}  // namespace
}  // namespace cabroker::adapters::portal
