#include "config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/shipped.hpp"
#include "tests/config/config_dir.hpp"

namespace cabroker::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LoadTest : public ::testing::Test {
  protected:
    /// The problems of a configuration, with the folder's path cut away.
    std::vector<std::string> problems_of(const std::string& text) {
        const LoadResult result = load(dir_.write("cabroker.yaml", text));
        std::vector<std::string> lines;
        for (const Problem& problem : result.problems) lines.push_back(short_text(problem));
        EXPECT_EQ(result.ok(), lines.empty());
        return lines;
    }
    [[nodiscard]] std::string short_text(const Problem& problem) const {
        std::string line = problem.text();
        const std::string prefix = dir_.path() + "/";
        for (std::size_t at = line.find(prefix); at != std::string::npos; at = line.find(prefix))
            line.erase(at, prefix.size());
        return line;
    }

    ConfigDir dir_;
};

TEST_F(LoadTest, LeastConfigurationOfTheContractLoadsWithItsValues) {
    const std::string ca = dir_.write("ca.pem", "ca");
    const LoadResult result = load(dir_.write(
        "cabroker.yaml",
        R"(
socket: /run/cabroker/cabroker.sock
state_dir: /var/lib/cabroker
vault: {key: {file: /var/lib/cabroker/vault.key}}
outside: {mode: spawn, program: cabroker-adapters}
roles: {admin: {uids: [0], groups: [cabroker-admins]}, approver: {groups: [cabroker-approvers]}, operator: {groups: [cabroker-operators]},
        viewer: {groups: [cabroker-viewers]}, metrics: {uids: []}, proxy: {uids: []}}
certificate_roots: [)" +
            ca + R"(]
mailers: {default: {url: "smtp://mail.example.com:587", tls: starttls, ca_file: )" +
            ca +
            R"(, user: U, password: {file: /p}, from: "ssl@example.com", reply_to: "ssl+{token}@example.com"}}
mailboxes: {inbox: {maildir: /var/mail/in, authserv_id: mx.example.com}}
adapters:
  portal:  {type: guest_portal, profile: digicert-guest, base_url: "https://portal.example.com", ca_file: )" +
            ca +
            R"(, mailbox: inbox, settle: 90s, accounts: {main: {user: U, password: {file: /p}}}}
  tickets: {type: email_ticket, template: sectigo, to: support@example.net, mailer: default, mailbox: inbox, allowed_senders: ["@example.net"]}
routes: [{name: digicert, match: {brand: [rapidssl], kind: [reissue]}, adapter: portal, channel: portal, valid_from: 2020-10-01, valid_until: null}]
engine: {step_deadline: 60s, request_deadline: 7d, retry: {first: 5s, max: 15m}, poll: {first: 30s, max: 30m}}
)"));

    ASSERT_TRUE(result.ok()) << result.text();
    const Settings& settings = *result.settings;
    EXPECT_EQ(settings.vault_key.where, "/var/lib/cabroker/vault.key");
    ASSERT_EQ(settings.routes.size(), 1U);
    EXPECT_FALSE(settings.shipped_routes);
    EXPECT_EQ(settings.routes[0].adapter, "portal");
    EXPECT_TRUE(settings.routes[0].valid_from.has_value());
    EXPECT_FALSE(settings.routes[0].valid_until.has_value());
    const auto& portal = std::get<GuestPortalSettings>(settings.adapters.at("portal").details);
    EXPECT_EQ(portal.profile.name, "digicert-guest");
    EXPECT_EQ(portal.settle, 90s);
    EXPECT_EQ(portal.accounts.at("main").password->where, "/p");
    const auto& tickets = std::get<EmailTicketSettings>(settings.adapters.at("tickets").details);
    EXPECT_TRUE(tickets.templates.contains(domain::Kind::reissue));
    EXPECT_THAT(tickets.templates.at(domain::Kind::reissue).needs,
                ElementsAre("common_name", "supplier_order_id", "csr"));
    EXPECT_EQ(settings.engine.retry.max, 15min);
}

TEST_F(LoadTest, WhatIsNotGivenHasItsDocumentedDefault) {
    const LoadResult result = load(dir_.write("cabroker.yaml", "adapters: {}\n"));

    ASSERT_TRUE(result.ok()) << result.text();
    const Settings& settings = *result.settings;
    EXPECT_EQ(settings.socket, "/run/cabroker/cabroker.sock");
    EXPECT_EQ(settings.state_dir, "/var/lib/cabroker");
    EXPECT_EQ(settings.outside.mode, OutsideSettings::Mode::spawn);
    EXPECT_EQ(settings.outside.program, "cabroker-adapters");
    EXPECT_THAT(settings.roles.admin.uids, ElementsAre(0U));
    EXPECT_THAT(settings.roles.metrics.uids, IsEmpty());
    EXPECT_EQ(settings.engine.step_deadline, 60s);
    EXPECT_EQ(settings.engine.request_deadline, 24h * 7);
    EXPECT_EQ(settings.engine.ticket_deadline, 24h * 30);
    EXPECT_EQ(settings.engine.poll.first, 30s);
    EXPECT_EQ(settings.api.max_body, 1024U * 1024U);
    EXPECT_EQ(settings.api.event_retention, 24h * 90);
    EXPECT_TRUE(settings.shipped_routes);
    EXPECT_EQ(settings.brands.size(), 7U);
    EXPECT_EQ(settings.policy.legacy_reissue, LegacyReissue::warn);
    ASSERT_EQ(settings.policy.refunds.size(), 1U);
    EXPECT_EQ(settings.policy.refunds[0].window, 24h * 30);
}

TEST_F(LoadTest, VaultKeyLiesInTheStateDirByDefault) {
    const LoadResult result =
        load(dir_.write("cabroker.yaml", "adapters: {}\nstate_dir: /srv/broker\n"));

    ASSERT_TRUE(result.ok()) << result.text();
    EXPECT_EQ(result.settings->vault_key.where, "/srv/broker/vault.key");
}

TEST_F(LoadTest, EveryProblemIsToldWithItsPlace) {
    EXPECT_THAT(
        problems_of("sokcet: /run/x.sock\n"
                    "engine:\n"
                    "  retry: {first: 5 s, max: 1m}\n"
                    "  stepdeadline: 1s\n"
                    "log: {level: loud}\n"
                    "adapters:\n"
                    "  portal: {type: guest_portal, profile: digicert-guest, base_url: "
                    "http://x.example}\n"),
        ElementsAre("cabroker.yaml:1:1: unknown key \"sokcet\"; did you mean \"socket\"?",
                    "cabroker.yaml:3:18: engine.retry.first: must be a duration such as 500ms, "
                    "30s, 5m, 2h or 7d",
                    "cabroker.yaml:4:3: unknown key \"stepdeadline\" in engine; did you mean "
                    "\"step_deadline\"?",
                    "cabroker.yaml:5:14: log.level: use one of: debug, info, warning, error",
                    "cabroker.yaml:7:67: adapters.portal.base_url: must be https: nothing goes out "
                    "unprotected"));
}

TEST_F(LoadTest, SyntaxErrorHasItsPlace) {
    const auto problems = problems_of("adapters: {}\nlog: {level: info\n");

    ASSERT_EQ(problems.size(), 1U);
    EXPECT_THAT(problems[0], HasSubstr("cabroker.yaml:3:1: cannot be read as YAML"));
}

TEST_F(LoadTest, DuplicateKeyIsRefused) {
    EXPECT_THAT(
        problems_of("socket: /a\nadapters: {}\nsocket: /b\n"),
        ElementsAre("cabroker.yaml:3:1: duplicate key \"socket\": it stands already in line 1"));
}

TEST_F(LoadTest, AdaptersAreRequired) {
    EXPECT_THAT(problems_of("socket: /a\n"), ElementsAre("cabroker.yaml:1:1: adapters is missing"));
    EXPECT_THAT(problems_of(""), ElementsAre("cabroker.yaml:1:1: adapters is missing"));
}

TEST_F(LoadTest, MissingFileIsOneProblem) {
    const LoadResult result = load(dir_.path() + "/none.yaml");

    ASSERT_EQ(result.problems.size(), 1U);
    EXPECT_EQ(short_text(result.problems[0]), "none.yaml: cannot read: there is no such file");
}

TEST_F(LoadTest, ADeviceIsNotReadAsConfiguration) {
    const LoadResult result = load("/dev/zero");

    ASSERT_EQ(result.problems.size(), 1U);
    EXPECT_THAT(result.problems[0].message, HasSubstr("not a regular file"));
}

TEST_F(LoadTest, PartsMergeInNameOrderMapsMergeListsReplace) {
    const std::string ca = dir_.write("ca.pem", "ca");
    const std::string other = dir_.write("other.pem", "ca");
    dir_.write("conf.d/20-b.yaml",
               "engine: {step_deadline: 20s}\ncertificate_roots: [" + other + "]\n");
    dir_.write("conf.d/10-a.yaml",
               "engine: {step_deadline: 10s, settle: 3m}\nadapters: {desk: {type: human}}\n");
    dir_.write("conf.d/notes.txt", "not: [read");
    dir_.write("conf.d/.hidden.yaml", "not: [read");
    const LoadResult result = load(dir_.write("cabroker.yaml",
                                              "engine: {step_deadline: 5s, request_deadline: 1d}\n"
                                              "certificate_roots: [" +
                                                  ca + ", " + other +
                                                  "]\n"
                                                  "adapters: {panel: {type: human}}\n"));

    ASSERT_TRUE(result.ok()) << result.text();
    EXPECT_EQ(result.settings->engine.step_deadline, 20s);
    EXPECT_EQ(result.settings->engine.settle, 3min);
    EXPECT_EQ(result.settings->engine.request_deadline, 24h);
    EXPECT_THAT(result.settings->certificate_roots, ElementsAre(other));
    EXPECT_TRUE(result.settings->adapters.contains("panel"));
    EXPECT_TRUE(result.settings->adapters.contains("desk"));
}

TEST_F(LoadTest, EachValueRemembersTheFileItCameFrom) {
    dir_.write("conf.d/10.yaml", "engine:\n  step_deadline: soon\n");

    EXPECT_THAT(
        problems_of("adapters: {}\nengine: {step_deadline: 5s, settel: 1m}\n"),
        ElementsAre(
            "cabroker.yaml:2:29: unknown key \"settel\" in engine; did you mean \"settle\"?",
            "conf.d/10.yaml:2:18: engine.step_deadline: must be a duration such as 500ms, 30s, 5m, "
            "2h or 7d"));
}

TEST_F(LoadTest, AProfileOnDiskIsCheckedWithItsOwnPlaces) {
    std::string profile(*shipped_file("profiles/digicert-guest.yaml"));
    profile.replace(profile.find("{page: login_again}]"), 20, "{page: login_agian}]");
    dir_.write("portal.yaml", profile);

    const auto problems = problems_of(
        "adapters:\n  p: {type: guest_portal, profile: ./portal.yaml, "
        "base_url: \"https://x.example\"}\n");

    ASSERT_EQ(problems.size(), 1U) << ::testing::PrintToString(problems);
    EXPECT_THAT(problems[0], ::testing::MatchesRegex(
                                 "portal.yaml:[0-9]+:[0-9]+: .*`pages` has no page of this name"));
}

TEST_F(LoadTest, UnknownProfileNamesTheShippedOnes) {
    EXPECT_THAT(
        problems_of(
            "adapters:\n  p: {type: guest_portal, profile: digicert, base_url: "
            "\"https://x.example\"}\n"
            "  q: {type: guest_portal, profile: /no/such.yaml, base_url: \"https://x.example\"}\n"),
        ::testing::Contains(
            "cabroker.yaml:2:36: no profile \"digicert\" is shipped; give a path, or one of: "
            "certificate-desk, digicert-guest, digicert-services-v2"));
}

TEST_F(LoadTest, TypesOfLaterVersionsSaySo) {
    EXPECT_THAT(
        problems_of("adapters:\n  a: {type: opensrs}\n  b: {type: guestportal}\n"),
        ElementsAre(
            "cabroker.yaml:2:13: adapters.a.type: the type opensrs comes with a later version; "
            "this one "
            "has guest_portal, email_ticket, human and program",
            "cabroker.yaml:3:13: adapters.b.type: use one of: guest_portal, email_ticket, human, "
            "program"));
}

TEST_F(LoadTest, ReferencesMustLeadSomewhere) {
    EXPECT_THAT(
        problems_of(
            "adapters:\n"
            "  t: {type: email_ticket, template: sectigo, to: a@b.example, mailer: main, mailbox: "
            "in}\n"
            "  p: {type: guest_portal, profile: digicert-guest, base_url: \"https://x.example\", "
            "ca_file: /no/ca.pem}\n"),
        ElementsAre(
            "cabroker.yaml:2:71: adapters.t.mailer: `mailers` has no \"main\"",
            "cabroker.yaml:2:86: adapters.t.mailbox: `mailboxes` has no \"in\" for adapter t",
            "cabroker.yaml:3:92: adapters.p.ca_file: there is no file /no/ca.pem"));
}

TEST_F(LoadTest, ASecretIsNeverWrittenInTheConfiguration) {
    EXPECT_THAT(
        problems_of("adapters: {}\nvault: {key: hunter2}\n"),
        ElementsAre(
            "cabroker.yaml:2:14: vault.key: a secret is never written here: use {file: PATH} or "
            "{credential: NAME}"));
}

TEST_F(LoadTest, UnknownGroupIsAnErrorAndAMissingShippedOneAWarning) {
    EXPECT_THAT(
        problems_of("adapters: {}\nroles: {viewer: {groups: [no-such-group-here, root, 4711]}}\n"),
        ElementsAre("cabroker.yaml:2:27: roles.viewer.groups[0]: there is no group "
                    "\"no-such-group-here\" on "
                    "this machine"));

    const LoadResult result = load(
        dir_.write("cabroker.yaml", "adapters: {}\nroles: {viewer: {groups: [root, 4711]}}\n"));
    ASSERT_TRUE(result.ok()) << result.text();
    EXPECT_THAT(result.settings->roles.viewer.gids, ElementsAre(0U, 4711U));
}

TEST_F(LoadTest, RouteToAnAdapterThatIsNotThereIsAWarning) {
    const LoadResult result = load(dir_.write(
        "cabroker.yaml",
        "adapters: {}\nroutes: [{name: r, match: {}, adapter: portal, channel: portal}]\n"));

    ASSERT_TRUE(result.ok()) << result.text();
    ASSERT_EQ(result.warnings.size(), 1U);
    EXPECT_EQ(short_text(result.warnings[0]),
              "cabroker.yaml:2:40: routes[0].adapter: `adapters` has no \"portal\": this rule "
              "matches nothing");
}

TEST_F(LoadTest, AMailerOfTicketsWithoutAReplyAddressIsAWarning) {
    const std::string tail =
        "}}\nadapters:\n  a: {type: email_ticket, template: sectigo, to: s@x.example, mailer: m,"
        " allowed_senders: [\"@x.example\"]}\n";
    const std::string head =
        "mailers: {m: {url: \"smtp://127.0.0.1:25\", tls: none, from: a@b.example";
    const LoadResult without = load(dir_.write("cabroker.yaml", head + tail));
    const LoadResult with =
        load(dir_.write("cabroker.yaml", head + ", reply_to: \"a+{token}@b.example\"" + tail));

    ASSERT_TRUE(without.ok()) << without.text();
    ASSERT_EQ(without.warnings.size(), 1U);
    EXPECT_THAT(short_text(without.warnings[0]), testing::HasSubstr("mailers.m: no reply_to"));
    ASSERT_TRUE(with.ok()) << with.text();
    EXPECT_EQ(with.warnings.size(), 0U);
}

TEST_F(LoadTest, TemplatesOnDiskReplaceTheShippedOnes) {
    dir_.write("mail/own-reissue.mustache",
               "subject: Hi {{common_name}}\nneeds: common_name, csr\n\nBody\n");
    const LoadResult result = load(dir_.write(
        "cabroker.yaml",
        "mailers: {default: {url: \"smtp://127.0.0.1:25\", tls: none, from: a@b.example}}\n"
        "adapters: {t: {type: email_ticket, template: mail/own, to: a@b.example}}\n"));

    ASSERT_TRUE(result.ok()) << result.text();
    const auto& ticket = std::get<EmailTicketSettings>(result.settings->adapters.at("t").details);
    ASSERT_EQ(ticket.templates.size(), 1U);
    EXPECT_EQ(ticket.templates.at(domain::Kind::reissue).subject, "Hi {{common_name}}");
    EXPECT_EQ(ticket.templates.at(domain::Kind::reissue).text, "Body\n");
}

}  // namespace
}  // namespace cabroker::config
