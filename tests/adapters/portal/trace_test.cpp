// What a trace shows of a portal, and what it never does.
#include "adapters/portal/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "adapters/portal/redaction.hpp"
#include "adapters/portal/trace_body.hpp"

namespace cabroker::adapters::portal {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kSecrets = with_disguises({"K7XQ2M", "pass<word"});

transport::HttpResponse answer(const std::string& body, const std::string& type) {
    transport::HttpResponse response;
    response.status = 200;
    response.body = body;
    response.content_type = type;
    response.url = "https://portal.example.com/order?number=902817364";
    response.headers.emplace_back("content-type", type);
    return response;
}

TEST(RedactionTest, SecretIsFoundHoweverAPageWritesItsQuotes) {
    const std::vector<std::string> secrets = with_disguises({R"(o'br"ien&co)"});

    for (const char* written :
         {R"(o'br"ien&co)", "o'br&quot;ien&amp;co", "o&#039;br&quot;ien&amp;co",
          "o&#x27;br&quot;ien&amp;co", "o&#X27;br&QUOT;ien&amp;co", "o&#39;br&quot;ien&amp;co",
          "o&apos;br&quot;ien&amp;co", "o&#39;br&#34;ien&amp;co", "o&#x27;br&#x22;ien&amp;co",
          R"(o'br\"ien&co)", "o%27br%22ien%26co"}) {
        EXPECT_EQ(redact(written, secrets), "[redacted]") << written;
    }
}

TEST(TraceBodyTest, HtmlKeepsItsShapeAndLosesWhatFieldsScriptsAndCommentsHold) {
    const std::string shown = trace_html(
        R"(<body id="page-order"><!-- build 1a2b --><script>var csrf = "shhh";</script>)"
        R"(<form action="/send?t=abc&amp;u=1"><input type='hidden' name=csrf value='tok"en'>)"
        R"(<input name="mail" value=x.y@example.org><textarea name="csr">MIIB</textarea>)"
        R"(<button name="go" value="1">Go</button><input type="submit" value="Send"></form>)"
        R"(<meta name="key" content="open sesame"><td class="state">issued</td></body>)",
        {});

    EXPECT_THAT(shown, HasSubstr(R"(<body id="page-order">)"));
    EXPECT_THAT(shown, HasSubstr(R"(name=csrf)"));
    EXPECT_THAT(shown, HasSubstr(R"(<button name="go" value="1">Go)"));
    EXPECT_THAT(shown, HasSubstr(R"(value="Send")"));
    EXPECT_THAT(shown, HasSubstr(R"(<td class="state">issued</td>)"));
    EXPECT_THAT(shown, HasSubstr("/send?t="));
    for (const char* secret : {"shhh", "1a2b", "tok\"en", "x.y", "MIIB", "abc", "sesame"}) {
        EXPECT_THAT(shown, Not(HasSubstr(secret)));
    }
}

TEST(TraceBodyTest, BrokenHtmlGivesNothingAwayAndEndsSomewhere) {
    for (const char* html :
         {"<input value=\"K7XQ2M", "<input value='K7XQ2M", "<!-- K7XQ2M", "<script>K7XQ2M",
          "<input value = K7XQ2M>", "<INPUT VALUE=K7XQ2M>", "<input title='>' value=K7XQ2M",
          "<textarea>K7XQ2M</textarex", "<script>a</scrip>K7XQ2M</SCRIPT>", "<p data-x=K7XQ2M>",
          "<meta name=a content=K7XQ2M", "<input type=hidden\nvalue\n=\n'K7XQ2M'/>"}) {
        EXPECT_THAT(trace_html(html, {}), Not(HasSubstr("7XQ2M"))) << html;
    }
    for (const char* html : {"<", "<input", "<input value", "<input value=", "</", "<!-", "<=>"}) {
        EXPECT_THAT(trace_html(html, {}), HasSubstr("<"));
    }
    EXPECT_EQ(trace_html("<p title=k7xq2m>pass&lt;word", kSecrets),
              "<p title=[redacted]>[redacted]");
}

TEST(TraceBodyTest, TextLosesSecretsAddressesPemAndRandomWords) {
    EXPECT_EQ(trace_text("code k7xq2m pass&lt;word", kSecrets), "code [redacted] [redacted]");
    EXPECT_EQ(trace_text("to admin@example.com, a%40b.example", {}), "to [address], [address]");
    EXPECT_EQ(trace_text("a -----BEGIN X-----\nMIIB\n-----END X----- b", {}), "a [PEM] b");
    EXPECT_EQ(trace_text("-----BEGIN X-----\nMIIB", {}), "[PEM]");
    EXPECT_EQ(trace_text("t=Zx81jQpLw03KfTbn1 4f2a9c81d07be6534f2a9c81", {}),
              "t=[redacted] [redacted]");
    EXPECT_EQ(trace_text("/zs/vorgang/4f2a9c81d07be653/neu", {}), "/zs/vorgang/[redacted]/neu");
    EXPECT_EQ(trace_text("dns-cname-token 2026-11-22T06:17:29Z 902817364", {}),
              "dns-cname-token 2026-11-22T06:17:29Z 902817364");
    EXPECT_EQ(trace_text("gr\xfc\xdf\x1b[1m", {}), "gr???[1m") << "another charset, and an escape";
}

TEST(TraceBodyTest, JsonLosesMembersThatSayTheyAreSecret) {
    const std::string shown =
        trace_json(R"({"status":"issued","dcv_random_value":"abc","user":{"api_key":17,
                      "mail":"a@b.example"},"errors":[{"code":"not_found|order"}]})",
                   {});

    EXPECT_EQ(
        shown,
        R"({"status":"issued","dcv_random_value":"[redacted]","user":{"api_key":"[redacted]",)"
        R"("mail":"[address]"},"errors":[{"code":"not_found|order"}]})");
    EXPECT_EQ(trace_json("{", {}), "");
    EXPECT_THAT(trace_body(answer(R"({"token":"abc)", "application/json"), {}),
                Not(HasSubstr("abc")));
}

TEST(TraceBodyTest, FilesAndOtherEncodingsAreOnlyNamed) {
    EXPECT_EQ(trace_body(answer("PK\x03\x04 K7XQ2M", "application/zip"), {}),
              "[11 octets of application/zip]");
    EXPECT_EQ(trace_body(answer(std::string("K\0007\0X\0", 6), "text/html"), {}),
              "[6 octets, no text]");
}

TEST(TraceBodyTest, ALongPageIsCutAndNoSecretIsCutInHalf) {
    std::string page = "<body>";
    while (page.size() < 4 * kMostTraced - 3) page += "word ";
    page.resize(4 * kMostTraced - 3);
    page += "K7XQ2M and more";

    const std::string shown = trace_body(answer(page, "text/html"), kSecrets);

    EXPECT_LT(shown.size(), kMostTraced + 100);
    EXPECT_THAT(shown, HasSubstr("[cut: "));
    EXPECT_THAT(shown, Not(HasSubstr("K7X")));
}

TEST(TraceBodyTest, UrlsKeepThePathAndTheNamesOfTheirFields) {
    EXPECT_EQ(trace_url("https://p.example:8443/a/b?show=paper&t&x=K7XQ2M#frag", {}),
              "https://p.example:8443/a/b?show=...&t&x=...");
    EXPECT_EQ(trace_url("/a", {}), "/a");
}

class TraceTest : public testing::Test {
  protected:
    TraceTest() {
        json::Problems problems;
        profile_ = config::decode_portal_profile(boost::json::parse(R"json({
          "name": "small", "binds": "account",
          "pages": {"order": {"xpath": "//h1[.='Order']"}, "gone": {"status": [404]},
                    "data": {"json": "/a"}},
          "errors": [{"page": "gone", "outcome": "unknown_order"}, {"page": "data", "outcome": "maintenance"}],
          "operations": {"read_order": [
            {"step": "read", "post": "/order?t={{password}}", "effect": "free",
             "fields": {"number": "{{supplier_order_id}}", "kind": "tls"}, "expect": [{"page": "order"}],
             "extract": {"status": "//i", "serial": "//u"}}]}})json"),
                                                 "", problems);
        EXPECT_TRUE(problems.empty());
        sent_.method = "POST";
        sent_.url = "https://portal.example.com/order?t=K7XQ2M";
        sent_.values = {{"number", "902817364"}, {"kind", "tls"}, {"csrf", "tok"}};
        sent_.headers.emplace_back("X-Key", "K7XQ2M");
    }
    boost::json::object traced(const Received* answer) {
        const auto& step = profile_.operations.at(config::PortalOperation::read_order).steps[0];
        Exchange exchange{profile_, step,         sent_,          answer, kSecrets, "portal",
                          "req_1",  "read_order", "unknown_page", "why",  {}};
        return boost::json::parse(trace_of(exchange)).as_object();
    }
    config::PortalProfile profile_;
    Prepared sent_;
};

TEST_F(TraceTest, SaysWhatWasSentWithoutItsValues) {
    const boost::json::object told = traced(nullptr);

    const std::string sent =
        R"x({"method":"POST","url":"https://portal.example.com/order?t=...","headers":["X-Key"],)x"
        R"x("fields":{"number":"{{supplier_order_id}}","kind":"tls","csrf":"(the form's)"}})x";
    EXPECT_EQ(boost::json::serialize(told.at("sent")), sent);
    EXPECT_EQ(told.at("step").as_string(), "read");
    EXPECT_EQ(told.at("ended").as_string(), "unknown_page");
    EXPECT_FALSE(told.contains("status"));
}

TEST_F(TraceTest, SaysWhyNoPageWasRecognised) {
    auto response = answer("<h1>News</h1> K7XQ2M", "text/html");
    response.headers.emplace_back("set-cookie", "session=K7XQ2M; Secure");
    const Received page(std::move(response));

    const boost::json::object told = traced(&page);

    EXPECT_TRUE(told.at("page").is_null());
    EXPECT_EQ(boost::json::serialize(told.at("tried")),
              R"([{"page":"order","why_not":"its xpath does not hold"},)"
              R"({"page":"gone","why_not":"another status"},)"
              R"({"page":"data","why_not":"it is no JSON"}])");
    EXPECT_EQ(boost::json::serialize(told.at("not_there")), R"(["status","serial"])");
    EXPECT_EQ(told.at("body").as_string(), "<h1>News</h1> [redacted]");
    EXPECT_EQ(boost::json::serialize(told.at("headers").at("set-cookie")), R"(["session"])");
    EXPECT_THAT(boost::json::serialize(told), Not(HasSubstr("K7XQ2M")));
}

TEST_F(TraceTest, SaysWhichPageItIsAndWhichValuesItShows) {
    const Received page(answer("<h1>Order</h1><i>issued</i>", "text/html"));

    const boost::json::object told = traced(&page);

    EXPECT_EQ(told.at("page").as_string(), "order");
    EXPECT_EQ(boost::json::serialize(told.at("extracted")), R"(["status"])");
    EXPECT_EQ(boost::json::serialize(told.at("not_there")), R"(["serial"])");
}

}  // namespace
}  // namespace cabroker::adapters::portal
