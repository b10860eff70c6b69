// What is read around requests: previews, inspections, documents, lists and their pages, adapters.
#include <gtest/gtest.h>

#include "config/settings.hpp"
#include "daemon/api/services.hpp"
#include "runtime/random.hpp"
#include "tests/daemon/api/harness.hpp"

namespace cabroker::api::test {
namespace {

namespace bj = boost::json;

class RecordTest : public testing::Test {
  protected:
    std::string create(const std::string& supplier_order_id = "100") {
        const Reply reply = client_.post("/v1/requests", status_body(supplier_order_id));
        EXPECT_EQ(reply.status, 201) << reply.body;
        return text(reply.json().at("id"));
    }
    /// Adds comments 1 to `count` to a request.
    void comment(const std::string& id, int count) {
        harness_.change([&](store::Tx& tx) {
            store::TimelineEntry entry;
            entry.request_id = *domain::RequestId::parse(id);
            entry.type = "comment";
            entry.actor_kind = "peer";
            entry.details = "{}";
            for (int i = 1; i <= count; ++i) {
                entry.text = std::to_string(i);
                tx.timeline().append(entry);
            }
        });
    }
    std::size_t count(const std::string& target) {
        const Reply reply = client_.get(target);
        EXPECT_EQ(reply.status, 200) << reply.body;
        return reply.json().at("items").as_array().size();
    }

    Harness harness_;
    Client client_ = harness_.client();
};

TEST_F(RecordTest, DryRunsAndPreviewsTellAndStoreNothing) {
    const Reply dry = client_.post("/v1/requests", status_body("100", R"(,"dry_run":true)"));
    const Reply preview = client_.post(
        "/v1/route-preview",
        R"({"kind":"reissue","at":"2026-01-01","order":{"brand":"rapidssl","common_name":"a.example"}})");

    for (const Reply* reply : {&dry, &preview}) {
        EXPECT_EQ(reply->status, 200) << reply->body;
        EXPECT_EQ(reply->json().at("decision"), "accept");
        EXPECT_EQ(reply->json().at("rules").at(0).at("matched"), true);
        for (const char* member :
             {"adapter", "channel", "outcome", "rules", "needs", "warnings", "mail"})
            EXPECT_TRUE(reply->json().contains(member)) << member;
    }
    EXPECT_EQ(client_.get("/v1/requests").json().at("items").as_array().size(), 0U);
    EXPECT_EQ(client_.get("/v1/orders").json().at("items").as_array().size(), 0U);
}

TEST_F(RecordTest, CsrsAreInspectedWhateverTheyAre) {
    const Reply good = client_.post(
        "/v1/csr/inspect", "{\"csr\":" + quoted(csr_for("www.example.com")) +
                               R"(,"order":{"brand":"rapidssl","common_name":"www.example.com"}})");
    const Reply other = client_.post(
        "/v1/csr/inspect", "{\"csr\":" + quoted(csr_for("www.example.com")) +
                               R"(,"order":{"brand":"rapidssl","common_name":"x.example.org"}})");
    const Reply bad = client_.post("/v1/csr/inspect", R"({"csr":"\u0001 nonsense"})");

    EXPECT_EQ(good.json().at("ok"), true) << good.body;
    EXPECT_EQ(good.json().at("key").at("curve"), "P-256");
    EXPECT_EQ(other.json().at("ok"), false);
    EXPECT_EQ(bad.status, 200);
    EXPECT_EQ(bad.json().at("ok"), false);
    EXPECT_EQ(client_.post("/v1/csr/inspect", "{}").json().at("errors").at(0).at("pointer"),
              "/csr");
}

TEST_F(RecordTest, DocumentsAreReadAsTheyAre) {
    const std::string id = create();
    domain::MessageId message;
    domain::MessageId redacted;
    harness_.change([&](store::Tx& tx) {
        runtime::SystemRandom random;
        runtime::IdMaker ids(random);
        store::MessageRow row;
        row.id = message = ids.make<domain::MessageId>(domain::Time());
        row.request_id = domain::RequestId::parse(id);
        row.direction = "out";
        row.status = "sent";
        row.subject = "Reissue";
        tx.messages().insert(row, "Subject: Reissue\r\n\r\nhello\r\n");
        row.id = redacted = ids.make<domain::MessageId>(domain::Time());
        row.status = "redacted";
        tx.messages().insert(row, std::nullopt);
    });

    EXPECT_EQ(client_.get("/v1/requests/" + id + "/messages").json().at("items").as_array().size(),
              2U);
    EXPECT_EQ(client_.get("/v1/messages/" + message.text()).json().at("subject"), "Reissue");
    const Reply raw = client_.get("/v1/messages/" + message.text() + "/raw");
    EXPECT_EQ(raw.body, "Subject: Reissue\r\n\r\nhello\r\n");
    EXPECT_EQ(raw.header("Content-Type"), "message/rfc822");
    EXPECT_EQ(client_.get("/v1/messages/" + redacted.text() + "/raw").code(), "gone");
    for (const std::string path :
         {"/v1/messages/x", "/v1/messages/x/raw", "/v1/artifacts/x/content",
          "/v1/requests/x/timeline", "/v1/requests/x/messages", "/v1/requests/x/artifacts"})
        EXPECT_EQ(client_.get(path).code(), "not_found") << path;
}

TEST_F(RecordTest, AdaptersArePausedAndResumed) {
    EXPECT_EQ(client_.get("/v1/adapters").json().at("items").at(0).at("name"), "desk");
    const Reply paused = client_.post("/v1/adapters/desk/pause", R"({"reason":"maintenance"})");
    EXPECT_EQ(paused.json().at("paused"), true) << paused.body;
    EXPECT_EQ(paused.json().at("paused_reason"), "maintenance");
    EXPECT_EQ(client_.post("/v1/adapters/desk/resume", "").json().at("paused"), false);
    EXPECT_EQ(client_.get("/v1/adapters/desk/sessions").json().at("items").as_array().size(), 0U);
    EXPECT_EQ(client_.get("/v1/adapters/nope").code(), "not_found");
    EXPECT_EQ(client_.post("/v1/adapters/nope/pause", "").code(), "not_found");
    EXPECT_EQ(client_.get("/v1/routes").json().at("items").at(0).at("name"), "all");
}

TEST_F(RecordTest, PreviewsOfTicketsWithoutACsrSayThatItIsMissing) {
    harness_.reload([](config::Settings& settings) {
        config::AdapterSettings mail;
        mail.name = "mail";
        mail.type = "email_ticket";
        mail.channel = domain::Channel::mail;
        config::EmailTicketSettings ticket;
        ticket.templates.emplace(domain::Kind::reissue, config::MailTemplate());
        ticket.templates.emplace(domain::Kind::revoke, config::MailTemplate());
        mail.details = ticket;
        settings.adapters.emplace("mail", mail);
        settings.routes.front().adapter = "mail";
        settings.routes.front().channel = domain::Channel::mail;
    });
    const std::string order = R"("order":{"brand":"sectigo","supplier_order_id":"1"})";

    const bj::object without =
        client_.post("/v1/route-preview", R"({"kind":"reissue",)" + order + "}").json();
    const bj::object other =
        client_.post("/v1/route-preview", R"({"kind":"revoke",)" + order + "}").json();

    EXPECT_EQ(without.at("needs"), bj::array({"csr"}));
    EXPECT_TRUE(without.at("mail").is_null());
    EXPECT_EQ(without.at("warnings").at(0).at("code"), "csr_missing");
    EXPECT_EQ(without.at("warnings").as_array().size(), 1U);
    EXPECT_EQ(bj::serialize(other).find("csr_missing"), std::string::npos);
}

TEST_F(RecordTest, EveryListHasPagesOfFiftyAndAtMostFiveHundred) {
    const std::string path = "/v1/requests/" + create();
    comment(path.substr(13), 60);

    EXPECT_EQ(count(path + "/timeline"), 50U);
    EXPECT_EQ(count(path + "/comments"), 50U);
    EXPECT_EQ(count(path + "/comments?limit=500"), 60U);
    EXPECT_EQ(count(path + "/comments?limit=7"), 7U);
    for (const std::string& list :
         {path + "/timeline", path + "/comments", path + "/messages", path + "/artifacts",
          std::string("/v1/adapters"), std::string("/v1/adapters/desk/sessions"),
          std::string("/v1/routes"), std::string("/v1/requests"), std::string("/v1/orders"),
          std::string("/v1/events")}) {
        EXPECT_EQ(client_.get(list + "?limit=501").code(), "bad_parameter") << list;
        EXPECT_EQ(client_.get(list + "?limit=0").code(), "bad_parameter") << list;
        EXPECT_EQ(client_.get(list + "?limit=500").status, 200) << list;
        if (list == "/v1/events") continue;
        EXPECT_EQ(client_.get(list + "?page_token=x").code(), "bad_page_token") << list;
    }
}

TEST_F(RecordTest, PagesOfShortListsJoinUp) {
    const std::string path = "/v1/requests/" + create();
    comment(path.substr(13), 5);
    harness_.reload([](config::Settings& settings) {
        const config::RouteRule rule = settings.routes.front();
        for (const char* name : {"b", "c"}) {
            settings.routes.push_back(rule);
            settings.routes.back().name = name;
        }
    });
    const auto walk = [&](const std::string& list, const char* member) {
        std::string seen;
        std::string token;
        do {
            const Reply page = client_.get(list + "?limit=2" + token);
            EXPECT_EQ(page.status, 200) << page.body;
            const bj::object body = page.json();
            for (const bj::value& item : body.at("items").as_array())
                seen += text(item.at(member)) + " ";
            const bj::value next = body.at("next_page_token");
            token = next.is_null() ? "" : "&page_token=" + text(next);
        } while (!token.empty());
        return seen;
    };

    const std::string other = "/v1/requests/" + create("101");
    const std::string next =
        text(client_.get(path + "/comments?limit=2").json().at("next_page_token"));
    EXPECT_EQ(client_.get(other + "/comments?page_token=" + next).code(), "bad_page_token");
    EXPECT_EQ(walk("/v1/routes", "name"), "all b c ");
    EXPECT_EQ(walk(path + "/comments", "text"), "1 2 3 4 5 ");
}

}  // namespace
}  // namespace cabroker::api::test
