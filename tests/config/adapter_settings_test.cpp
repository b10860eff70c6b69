#include "config/adapter_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "config/load.hpp"
#include "tests/config/config_dir.hpp"

namespace cabroker::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> mailer_problems(const char* text) {
    json::Problems problems;
    (void)decode_mailer("m", boost::json::parse(text), "", problems);
    std::vector<std::string> lines;
    for (const auto& problem : problems) lines.push_back(problem.pointer + " " + problem.code);
    return lines;
}

std::vector<std::string> program_problems(const char* text) {
    json::Problems problems;
    (void)decode_adapter("o", boost::json::parse(text), "", problems);
    std::vector<std::string> lines;
    for (const auto& problem : problems) lines.push_back(problem.pointer + " " + problem.code);
    return lines;
}

TEST(AdapterSettingsTest, AProgramIsAnAbsolutePathAndItsArguments) {
    EXPECT_THAT(program_problems(R"({"type":"program","command":["/bin/other","; rm *"]})"),
                IsEmpty());
    EXPECT_THAT(program_problems(R"({"type":"program"})"), ElementsAre("/command required"));
    for (const char* text :
         {R"({"type":"program","command":[]})", R"({"type":"program","command":["other"]})"}) {
        EXPECT_THAT(program_problems(text), ElementsAre("/command bad_format")) << text;
    }
    EXPECT_THAT(
        program_problems(
            R"({"type":"program","command":["/x"],"environment":{"A=B":"c"},"silence":"10ms"})"),
        ElementsAre("/environment bad_format", "/silence out_of_range"));
}

TEST(AdapterSettingsTest, JsonForTheOutsideIsReadBackThereWithoutPasswords) {
    const ConfigDir dir;
    const LoadResult result = load(
        dir.write("cabroker.yaml",
                  "mailers: {default: {url: \"smtp://mail.example.com\", user: u, password: {file: "
                  "/secret/smtp}, from: a@b.example}}\n"
                  "mailboxes: {in: {imap: \"imaps://mail.example.com/INBOX\", user: u, password: "
                  "{file: /secret/imap}}}\n"
                  "engine: {settle: 7s}\n"
                  "adapters:\n"
                  "  p: {type: guest_portal, profile: digicert-guest, base_url: "
                  "\"https://x.example/\", accounts: {a: {user: u, password: {file: /secret/p}}}}\n"
                  "  t: {type: email_ticket, template: trustwave, to: a@b.example}\n"
                  "  h: {type: human}\n"
                  "  o: {type: program, command: [/bin/other, -v], environment: {A: b}, "
                  "silence: 10s}\n"));
    ASSERT_TRUE(result.ok()) << result.text();

    for (const auto& [name, adapter] : result.settings->adapters) {
        EXPECT_THAT(adapter.json, Not(HasSubstr("/secret")));
        json::Problems problems;
        const auto again = decode_adapter(name, boost::json::parse(adapter.json), "", problems);
        EXPECT_TRUE(problems.empty()) << problems.front().pointer << " " << problems.front().detail;
        ASSERT_TRUE(again.has_value());
        EXPECT_EQ(again->type, adapter.type);
    }
    json::Problems problems;
    const auto portal = decode_adapter(
        "p", boost::json::parse(result.settings->adapters.at("p").json), "", problems);
    const auto& details = std::get<GuestPortalSettings>(portal->details);
    EXPECT_EQ(details.settle, std::chrono::seconds(7)) << "the engine's default must cross";
    EXPECT_EQ(details.base_url, "https://x.example");
    EXPECT_EQ(details.profile.operations.size(), 7U);
    EXPECT_THAT(result.settings->mailers.at("default").json, Not(HasSubstr("/secret")));
    EXPECT_THAT(result.settings->mailboxes.at("in").json, Not(HasSubstr("/secret")));
}

TEST(AdapterSettingsTest, BaseUrlIsAnHttpsOrigin) {
    for (const char* url : {"http://x.example", "https://x.example/guest", "https://u@x.example",
                            "https://", "x.example", "https://x.example?a=b", "ftp://x.example"}) {
        json::Problems problems;
        boost::json::value adapter = boost::json::parse(R"({"type":"guest_portal","profile":{}})");
        adapter.as_object()["base_url"] = url;

        (void)decode_adapter("p", adapter, "", problems);

        EXPECT_TRUE(std::any_of(problems.begin(), problems.end(), [](const auto& problem) {
            return problem.pointer == "/base_url";
        })) << url;
    }
}

TEST(AdapterSettingsTest, MailersKeepSecretsOnProtectedWires) {
    EXPECT_THAT(mailer_problems(R"({"url":"smtps://h:465","from":"a@b.c"})"), IsEmpty());
    EXPECT_THAT(mailer_problems(R"({"url":"smtp://127.0.0.1:25","tls":"none","from":"a@b.c"})"),
                IsEmpty());
    EXPECT_THAT(mailer_problems(R"({"url":"smtp://h","tls":"none","from":"a@b.c"})"),
                ElementsAre("/tls bad_format"));
    EXPECT_THAT(
        mailer_problems(R"({"url":"smtp://127.0.0.1","tls":"none","user":"u","from":"a@b.c"})"),
        ElementsAre("/user bad_format"));
    EXPECT_THAT(mailer_problems(R"({"url":"smtps://h","tls":"starttls","from":"a@b.c"})"),
                ElementsAre("/tls bad_format"));
    EXPECT_THAT(mailer_problems(R"({"url":"smtp://u:p@h","from":"a@b.c"})"),
                ElementsAre("/url bad_format"));
    EXPECT_THAT(mailer_problems(R"({"url":"http://h","from":"a b@c"})"),
                ElementsAre("/from bad_format", "/url bad_format"));
    EXPECT_THAT(mailer_problems(R"({"url":"smtp://h","from":"a@b.c","reply_to":"a@b.c"})"),
                ElementsAre("/reply_to bad_format"));
    EXPECT_THAT(
        mailer_problems(R"({"url":"smtp://h","from":"a@b.c","reply_to":"{token}{token}@b.c"})"),
        ElementsAre("/reply_to bad_format"));
}

TEST(AdapterSettingsTest, AddressesFollowANarrowGrammar) {
    EXPECT_TRUE(is_mail_address("ssl+x.y@mail.example.com"));
    EXPECT_TRUE(is_mail_address("a@b"));
    for (const char* text : {"", "a", "@b", "a@", "a@b@c", "a b@c", "\"a\"@b", "a@b..c", ".a@b",
                             "a@-b", "a@b>", "a@[1.2.3.4]", "a\r\n@b", "a@b\n", "<a@b>"})
        EXPECT_FALSE(is_mail_address(text)) << text;
    EXPECT_FALSE(is_mail_address(std::string(65, 'a') + "@b"));
}

TEST(AdapterSettingsTest, SendersMatchWholeAndCaseBlind) {
    EXPECT_TRUE(sender_matches("@Example.net", "Support@example.NET"));
    EXPECT_TRUE(sender_matches("a@b.c", "A@B.C"));
    EXPECT_FALSE(sender_matches("@example.net", "x@sub.example.net"));
    EXPECT_FALSE(sender_matches("@example.net", "x@badexample.net"));
    EXPECT_FALSE(sender_matches("@example.net", "@example.net"));
    EXPECT_FALSE(sender_matches("a@b.c", "xa@b.c"));
}

}  // namespace
}  // namespace cabroker::config
