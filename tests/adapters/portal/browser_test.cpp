#include "adapters/portal/browser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "tests/adapters/portal/fake_http.hpp"

namespace cabroker::adapters::portal {
namespace {

namespace asio = boost::asio;
using config::PageOutcome;
using config::PortalOperation;
using domain::ErrorCode;
using std::chrono::steady_clock;
// testing::Test has a Run of its own.
using Ended = portal::Run;
using testing::HasSubstr;

constexpr const char* kBase = "https://portal.example.com";

// A portal of its own shape: nothing here is of any shipped profile.
constexpr const char* kProfile = R"json({
  "name": "small", "proof_format": "pem_all",
  "words": {"statuses": {"live": "issued"}, "formats": {"pem_all": "pem"}},
  "pages": {
    "start": {"xpath": "//h1[.='Start']"},
    "form": {"xpath": "//h1[.='Form']"},
    "taken": {"xpath": "//h1[.='Taken']"},
    "order": {"xpath": "//h1[.='Order']"},
    "file": {"content_type": "text/plain"},
    "lost": {"xpath": "//h1[.='Sign in']"},
    "busy": {"status": [200, 503], "xpath": "//h1[.='Busy']"},
    "refused": {"xpath": "//h1[.='No']"}
  },
  "errors": [
    {"page": "lost", "outcome": "session_expired"},
    {"page": "busy", "outcome": "maintenance", "detail": "//p"}
  ],
  "operations": {
    "sign_in": [{"step": "start", "get": "/start", "expect": [{"page": "start"}],
                 "extract": {"token": {"xpath": "//b", "keep": true}}}],
    "enter_code": [{"step": "code", "get": "/code?c={{access_code}}", "expect": [{"page": "start"}]}],
    "read_order": [{"step": "read", "get": "/order", "expect": [{"page": "order"}],
                    "extract": {"status": {"xpath": "//i", "required": true},
                                "names": {"xpath": "//li", "all": true}}}],
    "reissue": [
      {"step": "open", "get": "/form", "expect": [{"page": "form"}]},
      {"step": "send", "form": "//form[@id='f']", "button": ".//button[@name='go']",
       "fields": {"csr": "{{csr}}", "method": "{{validation_method}}"}, "effect": "once",
       "expect": [{"page": "taken"}, {"page": "refused", "outcome": "csr_rejected", "detail": "//p"}]}
    ],
    "download": [{"step": "fetch", "get": "/file?f={{format}}", "expect": [{"page": "file"}]}]
  }
})json";

constexpr const char* kForm = R"(<html><body><h1>Form</h1>
  <form id="f" method="post" action="/send"><input type="hidden" name="csrf" value="t0k&quot;n">
  <input type="hidden" name="extra" value="kept"><textarea name="csr"></textarea>
  <select name="method"><option value="dns">dns</option><option value="mail" selected>mail</option></select>
  <button name="go" value="1">Go</button><button name="other" value="2">Other</button></form></body></html>)";

std::string titled(const std::string& title, const std::string& more = "") {
    return "<html><body><h1>" + title + "</h1>" + more + "</body></html>";
}

class BrowserTest : public testing::Test {
  protected:
    BrowserTest() : portal_(make_portal(http_)) {}

    static Portal make_portal(transport::HttpClient& http) {
        json::Problems problems;
        auto profile = config::decode_portal_profile(boost::json::parse(kProfile), "", problems);
        for (const auto& problem : problems) {
            ADD_FAILURE() << problem.pointer << ": " << problem.detail;
        }
        return Portal{std::move(profile), *transport::Origin::parse(kBase), "", http};
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

    Ended run(PortalOperation operation, Variables given = {}) {
        return await(browser_.run(operation, std::move(given)));
    }
    Ended prepare_reissue(Variables given) {
        return run(PortalOperation::reissue, std::move(given));
    }
    Ended submit(Prepared prepared, Variables given = {}) {
        return await(browser_.submit(PortalOperation::reissue, std::move(prepared),
                                     std::move(given), steady_clock::now() + kMinute));
    }
    static Variables with_csr(const std::string& csr = "CSR") {
        Variables given;
        given.set("csr", csr);
        return given;
    }
    Ended submitted() {
        http_.html("GET /form", kForm);
        Ended prepared = prepare_reissue(with_csr());
        EXPECT_EQ(prepared.stop, Stop::before_once) << prepared.detail;
        return submit(*prepared.prepared, with_csr());
    }

    static constexpr std::chrono::minutes kMinute{1};
    FakeHttp http_;
    Portal portal_;
    Browser browser_{portal_, BrowserState(), steady_clock::now() + kMinute};
};

TEST_F(BrowserTest, ExtractsWhatTheProfileNames) {
    http_.html("GET /order",
               titled("Order", "<i> Live </i><ul><li>a</li><li></li><li>c</li></ul>"));

    const Ended run = this->run(PortalOperation::read_order);

    ASSERT_EQ(run.stop, Stop::finished) << run.detail;
    EXPECT_EQ(run.values.text("status"), "Live");
    EXPECT_THAT(run.values.list("names"), testing::ElementsAre("a", "", "c"));
    EXPECT_TRUE(run.evidence.empty());
}

TEST_F(BrowserTest, APageThatIsShownAgainIsReadAsWhatItIsNow) {
    const std::string umlaut = titled("Order", "<i>\xC3\xBC</i>");
    http_.html("GET /order", titled("Order", "<i>live</i>"));
    http_.html("GET /order", titled("Order", "<i>live</i>"));
    http_.html("GET /order", titled("Order", "<i>gone</i>"));
    http_.html("GET /order", umlaut);
    http_.on("GET /order", FakeHttp::page(200, umlaut, "text/html; charset=windows-1252"));
    http_.html("GET /order", umlaut, 500);

    std::vector<std::string> shown;
    for (int i = 0; i < 5; ++i) {
        shown.push_back(run(PortalOperation::read_order).values.text_or_empty("status"));
    }
    const Ended last = run(PortalOperation::read_order);

    EXPECT_THAT(shown,
                testing::ElementsAre("live", "live", "gone", "\xC3\xBC", "\xC3\x83\xC2\xBC"));
    EXPECT_EQ(last.stop, Stop::unreachable) << "the status counts, not the octets alone";
}

TEST_F(BrowserTest, StopsAtAPageThatLacksARequiredValue) {
    http_.html("GET /order", titled("Order"));

    const Ended run = this->run(PortalOperation::read_order);

    EXPECT_EQ(run.stop, Stop::unknown_page);
    EXPECT_THAT(run.detail, HasSubstr("status"));
    ASSERT_EQ(run.evidence.size(), 1U);
    EXPECT_THAT(run.evidence[0].octets, HasSubstr("Order"));
}

TEST_F(BrowserTest, StopsWithThePageAsEvidenceAtWhateverTheProfileDoesNotKnow) {
    const std::vector<std::pair<std::string, FakeHttp::Answer>> pages{
        {"another page", FakeHttp::page(200, titled("Welcome"), "text/html")},
        {"empty", FakeHttp::page(200, "", "text/html")},
        {"not HTML", FakeHttp::page(200,
                                    std::string("\x7f"
                                                "ELF\0\1",
                                                6),
                                    "application/octet-stream")},
        {"JSON", FakeHttp::page(200, R"({"h1":"Order"})", "application/json")},
        {"right page, wrong status",
         FakeHttp::page(404, titled("Order", "<i>live</i>"), "text/html")},
        {"in a comment",
         FakeHttp::page(200, "<html><!--<h1>Order</h1>--><body></body></html>", "text/html")},
        {"meta refresh",
         FakeHttp::page(
             200, R"(<html><head><meta http-equiv="refresh" content="0;url=/other"></head></html>)",
             "text/html")},
    };
    for (const auto& [what, answer] : pages) {
        FakeHttp http;
        http.on("GET /order", answer);
        const Portal portal = make_portal(http);
        Browser browser(portal, BrowserState(), steady_clock::now() + kMinute);

        const Ended run = await(browser.run(PortalOperation::read_order, Variables()));

        EXPECT_EQ(run.stop, Stop::unknown_page) << what;
        EXPECT_EQ(run.evidence.size(), 1U) << what;
        EXPECT_EQ(http.seen.size(), 1U) << what << ": nothing else is asked";
    }
}

TEST_F(BrowserTest, OfAPageThatCannotBeReadThePersonIsToldWhy) {
    const std::vector<std::pair<std::string, std::string>> types{
        {"text/html; charset=utf-7", "its charset is unknown or refused"},
        {"application/json", "cannot read the answer as JSON"},
    };
    for (const auto& [type, why] : types) {
        FakeHttp http;
        http.on("GET /order", FakeHttp::page(200, titled("Order", "<i>live</i>"), type));
        const Portal portal = make_portal(http);
        Browser browser(portal, BrowserState(), steady_clock::now() + kMinute);

        const Ended run = await(browser.run(PortalOperation::read_order, Variables()));

        EXPECT_EQ(run.stop, Stop::unknown_page) << type;
        EXPECT_THAT(run.detail, testing::HasSubstr(why)) << type;
    }
}

TEST_F(BrowserTest, AnAnswerBeyondTheLimitIsNoPage) {
    http_.on("GET /order", FakeHttp::failure(ErrorCode::limit_exceeded));

    EXPECT_EQ(run(PortalOperation::read_order).stop, Stop::unknown_page);
    EXPECT_EQ(http_.seen[0].max_body, kLargestAnswer);
}

TEST_F(BrowserTest, TellsWhatWasNotSentFromWhatMayHaveBeen) {
    http_.on("GET /order", FakeHttp::failure(ErrorCode::unreachable));
    EXPECT_EQ(run(PortalOperation::read_order).stop, Stop::unreachable);

    FakeHttp http;
    http.on("GET /order", FakeHttp::failure(ErrorCode::no_answer));
    const Portal portal = make_portal(http);
    Browser browser(portal, BrowserState(), steady_clock::now() + kMinute);
    EXPECT_EQ(await(browser.run(PortalOperation::read_order, Variables())).stop, Stop::no_answer);
}

TEST_F(BrowserTest, LoadIsNoUnknownPageAndRetryAfterCounts) {
    transport::HttpResponse busy = FakeHttp::page(502, "<h1>Bad gateway</h1>", "text/html");
    busy.headers.emplace_back("retry-after", "7");
    http_.on("GET /order", busy);
    const Ended first = run(PortalOperation::read_order);
    EXPECT_EQ(first.stop, Stop::unreachable);
    EXPECT_EQ(first.retry_after, std::chrono::seconds(7));

    http_.html("GET /file?f=pem", titled("Busy", "<p>back at nine</p>"), 503);
    Variables given;
    given.set("format", "pem");
    const Ended second = run(PortalOperation::download, given);
    EXPECT_EQ(second.stop, Stop::outcome);
    EXPECT_EQ(second.outcome, PageOutcome::maintenance);
    EXPECT_EQ(second.detail, "back at nine");
}

TEST_F(BrowserTest, FollowsRedirectsWithinTheOriginOnly) {
    http_.redirect("GET /order", "/there", 302);
    http_.html("GET /there", titled("Order", "<i>live</i>"));
    EXPECT_EQ(run(PortalOperation::read_order).stop, Stop::finished);

    for (const char* away :
         {"http://portal.example.com/there", "https://evil.example.com/there",
          "https://portal.example.com:444/there", "file:///etc/passwd", "gopher://[::1]/",
          "https://portal.example.com@evil.example.com/", "//169.254.169.254/latest"}) {
        FakeHttp http;
        http.redirect("GET /order", away, 302);
        const Portal portal = make_portal(http);
        Browser browser(portal, BrowserState(), steady_clock::now() + kMinute);

        const Ended run = await(browser.run(PortalOperation::read_order, Variables()));

        EXPECT_EQ(run.stop, Stop::unknown_page) << away;
        EXPECT_EQ(http.seen.size(), 1U) << away;
    }
}

TEST_F(BrowserTest, GivesUpOnRedirectsWithoutEnd) {
    http_.redirect("GET /order", "/order");

    EXPECT_EQ(run(PortalOperation::read_order).stop, Stop::unknown_page);
    EXPECT_EQ(http_.seen.size(), 1U + kMostRedirects);
}

TEST_F(BrowserTest, CarriesTheFormsOwnFieldsOverAndStopsBeforeAOnceRequest) {
    http_.html("GET /form", kForm);

    const Ended run = prepare_reissue(with_csr());

    ASSERT_EQ(run.stop, Stop::before_once) << run.detail;
    EXPECT_EQ(http_.seen.size(), 1U) << "the once request must not go out";
    EXPECT_EQ(run.prepared->url, std::string(kBase) + "/send");
    EXPECT_EQ(run.prepared->method, "POST");
    const transport::FormValues expected{
        {"csrf", "t0k\"n"}, {"extra", "kept"}, {"csr", "CSR"}, {"method", "mail"}, {"go", "1"}};
    EXPECT_EQ(run.prepared->values, expected);
}

TEST_F(BrowserTest, RefusesFormsThatLeadAwayOrAreAmbiguousOrGone) {
    const std::string form(kForm);
    const auto with = [&](const std::string& action) {
        std::string changed = form;
        changed.replace(changed.find("/send"), 5, action);
        return changed;
    };
    const std::size_t start = form.find("<form");
    const std::string twice = form.substr(0, form.find("</body>")) + form.substr(start);
    for (const std::string& page :
         {with("http://portal.example.com/send"), with("https://evil.example.com/send"),
          with("javascript:alert(1)"), twice, titled("Form"), form.substr(0, start) + "</html>"}) {
        FakeHttp http;
        http.html("GET /form", page);
        const Portal portal = make_portal(http);
        Browser browser(portal, BrowserState(), steady_clock::now() + kMinute);

        const Ended run = await(browser.run(PortalOperation::reissue, with_csr()));

        EXPECT_EQ(run.stop, Stop::unknown_page) << page;
        EXPECT_FALSE(run.prepared.has_value());
        EXPECT_EQ(run.evidence.size(), 1U);
    }
}

TEST_F(BrowserTest, AChoiceThatTheFormDoesNotOfferIsNamed) {
    http_.html("GET /form", kForm);
    Variables given = with_csr();
    given.set("validation_method", "http");

    const Ended run = prepare_reissue(given);

    EXPECT_EQ(run.stop, Stop::not_offered);
    EXPECT_EQ(run.code, "method");
    EXPECT_THAT(run.detail, HasSubstr("dns, mail"));
}

TEST_F(BrowserTest, SendsAOnceRequestOnceOnItsOwnConnection) {
    http_.redirect("POST /send", "/done");
    http_.html("GET /done", titled("Taken"));

    const Ended run = submitted();

    EXPECT_EQ(run.stop, Stop::finished) << run.detail;
    EXPECT_TRUE(run.once_sent);
    EXPECT_EQ(http_.count("POST /send"), 1U);
    ASSERT_EQ(http_.seen.size(), 3U);
    EXPECT_TRUE(http_.seen[1].effect_once);
    EXPECT_LE(http_.seen[1].deadline, steady_clock::now() + kMinute);
    EXPECT_FALSE(http_.seen[2].effect_once) << "what follows only reads";
    EXPECT_THAT(http_.seen[1].body, HasSubstr("csrf=t0k%22n"));
}

TEST_F(BrowserTest, NeverSendsAOnceRequestAgain) {
    using Answers = std::vector<FakeHttp::Answer>;
    transport::HttpResponse moved = FakeHttp::page(307, "", "text/html");
    moved.headers.emplace_back("location", "/send");
    const Answers answers{FakeHttp::failure(ErrorCode::no_answer), std::move(moved),
                          FakeHttp::page(500, "", "text/html"),
                          FakeHttp::page(200, titled("Sign in"), "text/html")};
    for (const auto& answer : answers) {
        FakeHttp http;
        http.html("GET /form", kForm);
        http.on("POST /send", answer);
        const Portal portal = make_portal(http);
        Browser browser(portal, BrowserState(), steady_clock::now() + kMinute);
        Ended prepared = await(browser.run(PortalOperation::reissue, with_csr()));

        const Ended run = await(browser.submit(PortalOperation::reissue, *prepared.prepared,
                                               with_csr(), steady_clock::now() + kMinute));

        EXPECT_NE(run.stop, Stop::finished);
        EXPECT_TRUE(run.once_sent);
        EXPECT_EQ(http.count("POST /send"), 1U);
    }
}

TEST_F(BrowserTest, KnowsThatAOnceRequestWasNotSent) {
    http_.on("POST /send", FakeHttp::failure(ErrorCode::unreachable));

    const Ended run = submitted();

    EXPECT_EQ(run.stop, Stop::unreachable);
    EXPECT_FALSE(run.once_sent);
}

TEST_F(BrowserTest, RefusesAPreparedRequestOfAnotherOrigin) {
    Prepared prepared;
    prepared.step = 1;
    prepared.method = "POST";
    prepared.url = "https://evil.example.com/send";

    const Ended run = submit(prepared);

    EXPECT_EQ(run.stop, Stop::misconfigured);
    EXPECT_TRUE(http_.seen.empty());
}

TEST_F(BrowserTest, APageThatRefusesIsToldWithItsWords) {
    http_.html("POST /send", titled("No", "<p>The key is too weak.</p>"));

    const Ended run = submitted();

    EXPECT_EQ(run.stop, Stop::outcome);
    EXPECT_EQ(run.outcome, PageOutcome::csr_rejected);
    EXPECT_EQ(run.detail, "The key is too weak.");
    EXPECT_EQ(run.evidence.size(), 1U);
}

TEST_F(BrowserTest, SecretsAreTakenOutOfEvidence) {
    transport::HttpResponse page =
        FakeHttp::page(200, "<p>wrong code: abCD1234 cookie s3ss10n-value</p>", "text/html");
    const auto origin = *transport::Origin::parse(kBase);
    const auto filled = page.cookies.replace(
        origin, {"portal.example.com\tFALSE\t/\tTRUE\t0\tsession\ts3ss10n-value"});
    ASSERT_TRUE(filled.has_value()) << filled.error().detail;
    http_.on("GET /code?c=ABCD1234", page);
    Variables given;
    given.set_secret("access_code", "ABCD1234");

    const Ended run = this->run(PortalOperation::enter_code, given);

    ASSERT_EQ(run.evidence.size(), 1U);
    EXPECT_EQ(run.evidence[0].octets, "<p>wrong code: [redacted] cookie [redacted]</p>");
}

TEST_F(BrowserTest, ASessionThatLivedForOneRedirectIsTakenOutOfEvidence) {
    const auto with_session = [](transport::HttpResponse page, const std::string& value) {
        const auto filled =
            page.cookies.replace(*transport::Origin::parse(kBase),
                                 {"portal.example.com\tFALSE\t/\tTRUE\t0\tsession\t" + value});
        EXPECT_TRUE(filled.has_value()) << filled.error().detail;
        return page;
    };
    transport::HttpResponse moved = FakeHttp::page(303, "", "text/html");
    moved.location = std::string(kBase) + "/inside";
    http_.on("GET /code?c=1", with_session(std::move(moved), "s3ss10n-first"));
    http_.on("GET /inside",
             with_session(FakeHttp::page(200, "<p>sent: s3ss10n-first</p>", "text/html"),
                          "s3ss10n-second"));
    Variables given;
    given.set_secret("access_code", "1");

    const Ended run = this->run(PortalOperation::enter_code, given);

    ASSERT_EQ(run.evidence.size(), 1U);
    EXPECT_EQ(run.evidence[0].octets, "<p>sent: [redacted]</p>");
}

TEST_F(BrowserTest, ACodeIsTakenOutOfJsonWhereItIsANumberAndFilesStayAsTheyAre) {
    http_.on("GET /code?c=482913", FakeHttp::page(200, R"({"code":482913})", "application/json"));
    Variables given;
    given.set_secret("access_code", "482913");
    const Ended json = this->run(PortalOperation::enter_code, given);
    ASSERT_EQ(json.evidence.size(), 1U);
    EXPECT_THAT(json.evidence[0].octets, Not(HasSubstr("482913")));

    const std::string file("PK\0\0\1", 5);
    http_.on("GET /code?c=482914", FakeHttp::page(200, file, "application/zip"));
    Variables other;
    other.set_secret("access_code", "482914");
    const Ended zip = this->run(PortalOperation::enter_code, other);
    ASSERT_EQ(zip.evidence.size(), 1U);
    EXPECT_EQ(zip.evidence[0].octets, file);
}

TEST_F(BrowserTest, APageThatShowsASecretInDisguiseIsNotKept) {
    const std::vector<std::string> pages{"<p>code &#65;&#66;CD1234 wrong</p>",
                                         "<p>code AB<b>CD</b>1234 wrong</p>",
                                         "<p title='code &#x41;BCD1234'>wrong</p>",
                                         "<p>code ab<b>cd</b>1234</p>", "<p>code AB-CD 12 34</p>"};
    for (const std::string& body : pages) http_.html("GET /code?c=ABCD1234", body);
    Variables given;
    given.set_secret("access_code", "ABCD1234");
    for (const std::string& body : pages) {
        const Ended run = this->run(PortalOperation::enter_code, given);

        ASSERT_EQ(run.evidence.size(), 1U);
        EXPECT_THAT(run.evidence[0].octets, HasSubstr("not kept")) << body;
    }
}

TEST_F(BrowserTest, StateSurvivesAsText) {
    http_.html("GET /start", titled("Start", "<b>v1</b>"));
    run(PortalOperation::sign_in);

    const auto state = BrowserState::parse(browser_.state().text().reveal());

    ASSERT_TRUE(state.has_value());
    EXPECT_EQ(state->kept.at("token"), "v1");
    BrowserState odd;
    odd.kept.emplace("token", "J\xFCrgen");
    const transport::Origin origin = transport::Origin::parse("https://p.example").value();
    ASSERT_TRUE(odd.jar.replace(origin, {"p.example\tFALSE\t/\tTRUE\t0\tname\tJ\xFCrgen"}));
    const auto again = BrowserState::parse(odd.text().reveal());
    ASSERT_TRUE(again.has_value()) << "cookies are octets";
    EXPECT_EQ(again->jar.lines(), odd.jar.lines());
    EXPECT_EQ(again->kept, odd.kept);
    EXPECT_FALSE(BrowserState::parse("{}").has_value());
    EXPECT_FALSE(BrowserState::parse("nonsense").has_value());
}

TEST_F(BrowserTest, APreparedRequestSurvivesAsJsonWithoutRepeatingTheCsr) {
    http_.html("GET /form", kForm);
    const Variables given = with_csr(std::string(3000, 'C'));
    const Ended run = prepare_reissue(given);

    const std::string text = boost::json::serialize(to_json(*run.prepared, given));
    const auto back = prepared_from(boost::json::parse(text), given);

    EXPECT_LT(text.size(), 1000U);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->values, run.prepared->values);
    EXPECT_EQ(back->url, run.prepared->url);
    EXPECT_EQ(back->step, 1U);
    EXPECT_FALSE(prepared_from(boost::json::parse(text), Variables()).has_value())
        << "without its CSR it is not whole";
}

}  // namespace
}  // namespace cabroker::adapters::portal
