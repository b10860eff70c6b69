#include "config/portal_profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "config/load.hpp"
#include "config/shipped.hpp"
#include "config/yaml.hpp"

namespace cabroker::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kJsonPortal = R"(
name: account-api
binds: account
words: {statuses: {" Issued ": issued}, formats: {pem_all: pem}}
pages:
  order: {json: /order/id}
  refused: {status: [403], json: /errors/0/code, equals: access_denied}
  file: {content_type: application/x-pem}
errors: [{page: refused, outcome: awaiting_approval, detail_json: /errors/0/message}]
operations:
  read_order:
    - step: read
      get: "/order/{{supplier_order_id}}"
      headers: {X-KEY: "{{password}}"}
      expect: [{page: order, skip_to: again}]
      extract: {status: {json: /order/status}, link_id: {json: /order/link, keep: true, after: "id="}}
    - step: unused
      get: /
      when: link_id
      expect: [{page: order}]
    - step: again
      get: "/more/{{link_id}}"
      expect: [{page: order}]
  reissue:
    - step: send
      post: "/order/{{link_id}}/reissue"
      json: {certificate: {csr: "{{csr}}", names: ["{{common_name}}"]}, skip: true}
      effect: once
      expect: [{page: order, then: done}]
  revoke:
    - step: upload
      post: /upload
      body: multipart
      fields: {csr: {value: "{{csr}}", file_name: request.csr, content_type: application/pkcs10}, note: "{{reason}}"}
      effect: once
      expect: [{page: order, rejected: no_upload, detail: "//p"}]
  download:
    - step: find
      get: /files
      expect: [{page: order}]
    - step: fetch
      link: "//a/@href"
      expect: [{page: file}]
)";

struct Decoded {
    PortalProfile profile;
    std::vector<std::string> problems;
};

Decoded decoded(std::string yaml) {
    std::vector<Problem> failures;
    const YamlDocument document = read_yaml(yaml, "p.yaml", "", failures);
    for (const Problem& failure : failures) ADD_FAILURE() << failure.text();
    json::Problems problems;
    Decoded made;
    made.profile = decode_portal_profile(document.value, "", problems);
    for (const auto& problem : problems)
        made.problems.push_back(problem.pointer + ": " + problem.detail);
    return made;
}

std::vector<std::string> problems_with(std::string_view what, std::string_view instead) {
    std::string yaml(kJsonPortal);
    const std::size_t at = yaml.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    yaml.replace(at, what.size(), instead);
    return decoded(yaml).problems;
}

TEST(PortalProfileTest, APortalThatSpeaksJsonIsDescribedWithoutCode) {
    const Decoded made = decoded(std::string(kJsonPortal));

    ASSERT_THAT(made.problems, IsEmpty());
    const PortalProfile& profile = made.profile;
    EXPECT_EQ(profile.binds, Binding::account);
    EXPECT_EQ(profile.status_of("ISSUED"), domain::OrderStatus::issued);
    EXPECT_EQ(profile.status_of("shipped"), domain::OrderStatus::unknown);
    const auto& read = profile.operation(PortalOperation::read_order)->steps;
    EXPECT_EQ(read[0].expect[0].then, Expectation::Then::skip_to);
    EXPECT_EQ(read[0].expect[0].step, 2U);
    EXPECT_EQ(read[0].extract[0].source, Extraction::Source::json_pointer);
    EXPECT_EQ(read[1].when, "link_id");
    EXPECT_EQ(read[1].expect[0].then, Expectation::Then::next_step);
    EXPECT_EQ(read[2].expect[0].then, Expectation::Then::done)
        << "the last step ends the operation";
    const auto* reissue = profile.operation(PortalOperation::reissue);
    EXPECT_EQ(reissue->once_step, 0U);
    EXPECT_EQ(reissue->steps[0].request.body, BodyEncoding::json);
    EXPECT_EQ(reissue->steps[0].request.json_body,
              R"({"certificate":{"csr":"{{csr}}","names":["{{common_name}}"]},"skip":true})");
    const auto& upload = profile.operation(PortalOperation::revoke)->steps[0].request;
    EXPECT_EQ(upload.body, BodyEncoding::multipart);
    EXPECT_EQ(upload.fields[0].file_name, "request.csr");
    EXPECT_THAT(profile.kinds(), ElementsAre(domain::Kind::status, domain::Kind::reissue,
                                             domain::Kind::revoke, domain::Kind::download));
}

TEST(PortalProfileTest, MistakesAreFoundWhereTheyStand) {
    EXPECT_THAT(
        problems_with("{{link_id}}/reissue", "{{lnk}}/reissue"),
        ElementsAre(
            "/operations/reissue/0/post: no variable {{lnk}} is known here: extract it before"));
    EXPECT_THAT(problems_with("      effect: once\n", ""),
                ElementsAre("/operations/reissue/0/effect: say what sending this does: free, "
                            "repeatable or once (never "
                            "sent twice)",
                            "/operations/reissue: one step must say `effect: once`: the one that "
                            "changes the order"));
    EXPECT_THAT(
        problems_with("skip_to: again", "skip_to: read"),
        ElementsAre(
            "/operations/read_order/0/expect/0/skip_to: must name a later step of this operation"));
    EXPECT_THAT(
        problems_with("[{page: file}]", "[{page: flie}]"),
        ElementsAre("/operations/download/1/expect/0/page: `pages` has no page of this name"));
    EXPECT_THAT(
        problems_with("\"//a/@href\"", "\"//a[@x='1]/@href\""),
        ElementsAre("/operations/download/1/link: the XPath has a quote that does not end"));
    EXPECT_THAT(problems_with("\"//a/@href\"", "\"//a[1/@href\""),
                ElementsAre("/operations/download/1/link: the XPath has a `[` that is not closed"));
    EXPECT_THAT(problems_with("get: /\n", "get: https://evil.example/\n"),
                ElementsAre("/operations/read_order/1/get: must be a path below base_url that "
                            "begins with one `/`"));
    EXPECT_THAT(problems_with("get: /\n", "get: //evil.example/\n"),
                ElementsAre("/operations/read_order/1/get: must be a path below base_url that "
                            "begins with one `/`"));
    EXPECT_THAT(problems_with("get: /\n", "get: /\n      link: //a/@href\n"),
                ElementsAre("/operations/read_order/1/form: give exactly one of get, post, put, "
                            "delete, form and link"));
    EXPECT_THAT(problems_with("awaiting_approval", "awaiting"), ::testing::SizeIs(1));
    EXPECT_THAT(
        problems_with("formats: {pem_all: pem}", "formats: {der: pem}"),
        ElementsAre("/proof_format: must be one of words.formats, which the portal offers"));
    EXPECT_THAT(problems_with("file: {content_type: application/x-pem}", "file: {}"),
                ElementsAre("/pages/file: say how to recognise the page: status, path, xpath, json "
                            "or content_type"));
    EXPECT_THAT(problems_with("binds: account", "binds: order_and_contact"),
                ElementsAre("/operations/read_order/0/headers/X-KEY: {{password}} is an account's: "
                            "it goes with `binds: account`",
                            "/operations: the operation sign_in is missing",
                            "/operations: the operation enter_code is missing"));
    EXPECT_THAT(problems_with("json: /order/id", "json: order"),
                ElementsAre("/pages/order/json: must be a JSON pointer such as /order/status"));
    EXPECT_THAT(
        problems_with("then: done", "then: done, outcome: maintenance"),
        ElementsAre(
            "/operations/reissue/0/expect/0: give one of then, skip_to, outcome and rejected"));
    EXPECT_THAT(problems_with("  download:", "  dowload:"), ::testing::SizeIs(2));
    EXPECT_THAT(problems_with("{\" Issued \": issued}", "{Issued: issued, issued: revoked}"),
                ElementsAre("/words/statuses/issued: this word stands here twice and means two "
                            "things: upper and lower case count as the same"));
    EXPECT_THAT(problems_with("{\" Issued \": issued}", "{Issued: issued, issued: issued}"),
                IsEmpty());
    EXPECT_THAT(
        problems_with("{json: /order/status}", "{json: /order/status, all: true}"),
        ElementsAre("/operations/read_order/0/extract/status/all: one value is wanted here"));
    EXPECT_THAT(problems_with("application/x-pem}", "\"application/x-pem; charset=utf-8\"}"),
                ElementsAre("/pages/file/content_type: give the type alone: what stands behind a "
                            "`;` is not compared"));
}

TEST(PortalProfileTest, AnythingMayStandWhereAProfileShould) {
    for (const char* text :
         {"[]", "1", "{}", "{name: x, pages: [], operations: []}",
          "{name: x, pages: {a: 1}, operations: {reissue: 1, read_order: [1]}}",
          "{name: [], access_code: 3, words: {statuses: []}, pages: {}, operations: {}}"})
        EXPECT_FALSE(decoded(text).problems.empty()) << text;
}

TEST(PortalProfileTest, ShippedProfileReadsTheGuestPortalsWords) {
    const Decoded made = decoded(std::string(*shipped_file("profiles/digicert-guest.yaml")));

    ASSERT_THAT(made.problems, IsEmpty());
    EXPECT_EQ(made.profile.words.statuses.size(), 10U);
    for (const auto& status : domain::words<domain::OrderStatus>())
        EXPECT_EQ(made.profile.status_of(status.name), status.value) << status.name;
    EXPECT_EQ(made.profile.words.formats.size(), 9U);
    EXPECT_EQ(made.profile.words.validation_methods.size(), 4U);
    EXPECT_EQ(made.profile.kinds().size(), 5U);
    EXPECT_EQ(made.profile.operation(PortalOperation::revoke)->once_step, 2U);
    EXPECT_TRUE(made.profile.access_code.pattern.accepts("7K3QX9TM"));
}

TEST(PortalProfileTest, CodesAreCheckedByLengthAndCharacters) {
    CodePattern pattern;
    pattern.min_length = 4;
    pattern.max_length = 6;
    pattern.others = "-";

    EXPECT_TRUE(pattern.accepts("12-34"));
    EXPECT_FALSE(pattern.accepts("123"));
    EXPECT_FALSE(pattern.accepts("1234567"));
    EXPECT_FALSE(pattern.accepts("12a4"));
    EXPECT_FALSE(pattern.accepts("12\n4"));
    EXPECT_EQ(pattern.text(), "4 to 6 characters: digits, any of `-`");
}

TEST(PortalProfileTest, EveryOutcomeWordIsReadBack) {
    EXPECT_EQ(parse_page_outcome("wrong_contact"), PageOutcome::wrong_contact);
    EXPECT_EQ(parse_page_outcome("human_login"), PageOutcome::human_login);
    EXPECT_EQ(parse_page_outcome("issued"), std::nullopt);
    EXPECT_EQ(name_of(PageOutcome::not_supported_by_channel), "not_supported_by_channel");
}

}  // namespace
}  // namespace cabroker::config
