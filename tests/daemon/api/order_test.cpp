// The inventory over the socket: creating, changing, listing, importing.
#include <gtest/gtest.h>

#include <future>

#include "tests/daemon/api/harness.hpp"

namespace cabroker::api::test {
namespace {

namespace bj = boost::json;

class OrderTest : public testing::Test {
  protected:
    Reply import(const std::string& csv, const std::string& query = "") {
        return client_.post("/v1/orders/import" + query, csv, {"Content-Type: text/csv"});
    }
    std::size_t order_count() {
        return client_.get("/v1/orders?limit=500").json().at("items").as_array().size();
    }

    Harness harness_;
    Client client_ = harness_.client();
};

TEST_F(OrderTest, AreCreatedOnceAndReadBack) {
    const std::string body =
        R"({"brand":"PositiveSSL","product":"Wildcard","common_name":"*.Example.com",)"
        R"("dns_names":["example.com"],"supplier_order_id":"77","platform_order_id":"88",)"
        R"("status":"issued","admin_email":"a@example.com","ordered_at":"2026-01-02",)"
        R"("labels":{"team":"web"}})";

    const Reply made = client_.post("/v1/orders", body);

    ASSERT_EQ(made.status, 201) << made.body;
    const bj::object order = made.json();
    EXPECT_EQ(made.header("Location"), "/v1/orders/" + text(order.at("id")));
    EXPECT_EQ(order.at("supplier"), "sectigo");
    EXPECT_EQ(order.at("brand"), "positivessl");
    EXPECT_EQ(order.at("common_name"), "*.example.com");
    EXPECT_EQ(order.at("login_email"), "a@example.com");
    EXPECT_EQ(order.at("ordered_at"), "2026-01-02T00:00:00Z");
    EXPECT_EQ(client_.get(made.header("Location")).body, made.body);

    const Reply again = client_.post("/v1/orders", body);
    EXPECT_EQ(again.code(), "order_exists");
    EXPECT_EQ(again.json().at("order_id"), order.at("id"));
    EXPECT_EQ(order_count(), 1U);
}

TEST_F(OrderTest, AreChangedByMergePatch) {
    const Reply made = client_.post(
        "/v1/orders", R"({"brand":"thawte","common_name":"a.example","supplier_order_id":"1"})");
    const std::string path = made.header("Location");

    const Reply set =
        client_.call("PATCH", path, R"({"admin_email":"x@example.com","labels":{"k":"v"}})",
                     {"If-Match: " + made.header("ETag")});
    EXPECT_EQ(set.status, 200) << set.body;
    EXPECT_EQ(set.json().at("admin_email"), "x@example.com");
    const Reply cleared = client_.call("PATCH", path, R"({"admin_email":null})",
                                       {"Content-Type: application/merge-patch+json"});
    EXPECT_TRUE(cleared.json().at("admin_email").is_null());
    const Reply bare = client_.call("PATCH", path, R"({"labels":null})");
    EXPECT_EQ(bare.json().at("labels"), bj::object());
    EXPECT_EQ(client_.call("PATCH", path, "{}", {"If-Match: \"1\""}).code(), "version_mismatch");
    EXPECT_EQ(client_.call("PATCH", path, R"({"brand":"sectigo"})").status, 422);
    EXPECT_EQ(client_.call("PATCH", path, R"({"admin_email":"x"})").status, 422);
    EXPECT_EQ(client_.call("PATCH", "/v1/orders/ord_x", "{}").code(), "not_found");
    const bj::array events =
        client_.get("/v1/events?type=order.changed").json().at("items").as_array();
    EXPECT_EQ(events.size(), 3U);
}

TEST_F(OrderTest, ListsFilterAndPage) {
    import(
        "brand,common_name,supplier_order_id,platform_order_id,status\n"
        "sectigo,a.example,1,p1,issued\nthawte,b.example,2,p2,pending\nthawte,b.example,3,p3,\n");
    const auto count = [&](const std::string& query) {
        const Reply reply = client_.get("/v1/orders?" + query);
        EXPECT_EQ(reply.status, 200) << reply.body;
        return reply.json().at("items").as_array().size();
    };
    EXPECT_EQ(count("brand=thawte"), 2U);
    EXPECT_EQ(count("supplier=sectigo,digicert"), 3U);
    EXPECT_EQ(count("status=issued"), 1U);
    EXPECT_EQ(count("common_name=b.example"), 2U);
    EXPECT_EQ(count("supplier_order_id=2"), 1U);
    EXPECT_EQ(count("supplier_order_id=2&brand=sectigo"), 0U);
    EXPECT_EQ(count("platform_order_id=p3"), 1U);
    EXPECT_EQ(count("q=A.EXA"), 1U);
    EXPECT_EQ(count("limit=1"), 1U);
    EXPECT_EQ(client_.get("/v1/orders?status=open").code(), "bad_parameter");
    EXPECT_EQ(client_.get("/v1/orders/ord_x").code(), "not_found");
}

TEST_F(OrderTest, ImportsTakeGoodRowsAndTellOfBadOnes) {
    const std::string csv =
        "\xEF\xBB\xBF"
        "Domain,Brand,Supplier Order ID,Admin Email,Order Status,Expires,Remark,label.team\r\n"
        "www.example.com,RapidSSL,100,admin@example.com,Issued,2027-01-01,\"=1+1, "
        "\"\"x\"\"\",web\r\n"
        "shop.example.com,Sectigo,200,,awaiting moon,,,\r\n"
        ",,,,,,,\r\n"
        "bad name,acme,300,nobody,,soon,,\r\n"
        "short,row\r\n"
        "\"open,Sectigo,400,,,,,\r\n"
        "new\xFFutf,Sectigo,500,,,,,\r\n"
        "last.example.com,Trustwave,600,,,,,\r\n";

    const Reply reply = import(csv);

    ASSERT_EQ(reply.status, 200) << reply.body;
    const bj::object told = reply.json();
    EXPECT_EQ(told.at("rows"), 8);
    EXPECT_EQ(told.at("created"), 3);
    EXPECT_EQ(told.at("rejected"), 5);
    EXPECT_EQ(told.at("columns").at("Domain"), "common_name");
    EXPECT_TRUE(told.at("columns").at("Remark").is_null());
    const bj::array errors = told.at("errors").as_array();
    EXPECT_EQ(errors.at(0).at("line"), 4);
    EXPECT_EQ(errors.at(0).at("code"), "required");
    EXPECT_NE(reply.body.find(R"("line":5,"column":"Brand","code":"unknown_value")"),
              std::string::npos)
        << reply.body;

    const bj::object first = client_.get("/v1/orders?supplier_order_id=100").json();
    const bj::object order = first.at("items").at(0).as_object();
    EXPECT_EQ(order.at("status"), "issued");
    EXPECT_EQ(order.at("labels").at("team"), "web");
    const bj::object second = client_.get("/v1/orders?supplier_order_id=200").json();
    EXPECT_EQ(second.at("items").at(0).at("status"), "unknown");
    EXPECT_EQ(second.at("items").at(0).at("status_raw"), "awaiting moon");
}

TEST_F(OrderTest, ImportsGiveAnOrderNoMoreThanItMayHave) {
    const auto labelled = [](const std::string& prefix, int count) {
        std::string head = "Domain,Brand";
        std::string row = "a.example.com,rapidssl";
        for (int i = 0; i < count; ++i) {
            head += ",label." + prefix + std::to_string(i);
            row += ",x";
        }
        return head + "\r\n" + row + "\r\n";
    };
    EXPECT_EQ(import(labelled("a", 65)).json().at("rejected"), 1);
    EXPECT_EQ(import(labelled("a", 60)).json().at("created"), 1);
    EXPECT_EQ(import(labelled("a", 60)).json().at("unchanged"), 1);
    const Reply reply = import(labelled("b", 5));
    EXPECT_EQ(reply.json().at("rejected"), 1) << reply.body;
    EXPECT_NE(reply.body.find("65 labels"), std::string::npos) << reply.body;
    EXPECT_EQ(import(labelled("b", 4)).json().at("updated"), 1);

    std::string names;
    for (int i = 0; i < 1001; ++i) names += "n" + std::to_string(i) + ".example.com ";
    const Reply many = import("Domain,Brand,SANs\r\nb.example.com,rapidssl," + names + "\r\n");
    EXPECT_EQ(many.json().at("rejected"), 1) << many.body;
}

TEST_F(OrderTest, ImportsRefuseRowsWithAPrivateKeyAndStoreNothingOfThem) {
    std::string bare = key_for("www.example.com");
    bare = bare.substr(bare.find('\n') + 1);
    bare = bare.substr(0, bare.find("-----"));
    std::erase(bare, '\n');

    const Reply reply = import("brand,cn,supplier order id,account,remark\nsectigo,a.example,1,\"" +
                               key_for("www.example.com") + "\",\nsectigo,b.example,2,x," + bare +
                               "\nsectigo,c.example,3,x,\n");

    const bj::object told = reply.json();
    EXPECT_EQ(told.at("created"), 1) << reply.body;
    EXPECT_EQ(told.at("rejected"), 2);
    for (const bj::value& error : told.at("errors").as_array())
        EXPECT_EQ(error.at("code"), "private_key_pasted");
    EXPECT_EQ(told.at("errors").at(0).at("column"), "account");
    EXPECT_EQ(told.at("errors").at(1).at("column"), "remark");
    EXPECT_EQ(reply.body.find(bare.substr(0, 20)), std::string::npos);
    EXPECT_EQ(order_count(), 1U);
}

TEST_F(OrderTest, ImportsAreIdempotentAndUpdate) {
    const std::string csv = "brand,cn,supplier order id,order id\nsectigo,a.example,1,p1\n";

    EXPECT_EQ(import(csv).json().at("created"), 1);
    EXPECT_EQ(import(csv).json().at("unchanged"), 1);
    const Reply changed =
        import("brand,cn,order id,account\nsectigo,a.example,p1,=cmd()\n", "?map=account:account");
    EXPECT_EQ(changed.json().at("rejected"), 0) << changed.body;
    EXPECT_EQ(changed.json().at("updated"), 1) << changed.body;
    const bj::object list = client_.get("/v1/orders").json();
    ASSERT_EQ(list.at("items").as_array().size(), 1U);
    EXPECT_EQ(list.at("items").at(0).at("account"), "=cmd()");
    EXPECT_EQ(list.at("items").at(0).at("supplier_order_id"), "1");
    const Reply conflict = import("brand,cn,supplier order id,order id\nsectigo,a.example,2,p1\n");
    EXPECT_EQ(conflict.json().at("errors").at(0).at("code"), "order_mismatch");
}

TEST_F(OrderTest, DryRunsCountAndChangeNothing) {
    import("brand,cn,supplier order id\nsectigo,a.example,1\nsectigo,b.example,2\n");

    const Reply reply = import(
        "brand,cn,supplier order id\nsectigo,a.example,1\nsectigo,x.example,2\n"
        "sectigo,c.example,3\nsectigo,c.example,3\nsectigo,d.example,3\nacme,e.example,4\n",
        "?dry_run=true");

    const bj::object told = reply.json();
    EXPECT_EQ(told.at("dry_run"), true);
    EXPECT_EQ(told.at("rows"), 6);
    EXPECT_EQ(told.at("unchanged"), 2);
    EXPECT_EQ(told.at("updated"), 2);
    EXPECT_EQ(told.at("created"), 1);
    EXPECT_EQ(told.at("rejected"), 1);
    EXPECT_EQ(order_count(), 2U);
}

TEST_F(OrderTest, UnusableFilesAreRefused) {
    EXPECT_EQ(import("").status, 422);
    EXPECT_EQ(import("a,a\n1,2\n").status, 422);
    EXPECT_EQ(import("brand\n", "?map=x:brand").code(), "bad_parameter");
    EXPECT_EQ(import("brand\n", "?map=brand:nonsense").code(), "bad_parameter");
    EXPECT_EQ(import("brand\n", "?dry_run=maybe").code(), "bad_parameter");
    EXPECT_EQ(import("brand\n").json().at("rows"), 0);
    EXPECT_EQ(client_.post("/v1/orders/import", "{}").code(), "unsupported_media_type");
}

TEST_F(OrderTest, RowsThatMisleadOrHoldSeveralLinesAreRejected) {
    const bj::object told = import(
                                "brand,cn,product\nsectigo,m1.example,a\xE2\x80\xAE"
                                "b\n"
                                "sectigo,m2.example,a\xE2\x80\xA8"
                                "b\nsectigo,m3.example,ab\n")
                                .json();

    EXPECT_EQ(told.at("created"), 1);
    ASSERT_EQ(told.at("errors").as_array().size(), 2U);
    for (const bj::value& error : told.at("errors").as_array()) {
        EXPECT_EQ(error.at("column"), "product");
        EXPECT_EQ(error.at("code"), "bad_format");
    }
}

TEST_F(OrderTest, OthersAreServedDuringALargeImport) {
    std::string csv = "brand,cn,supplier order id\n";
    for (int i = 0; i < 3000; ++i) {
        const std::string n = std::to_string(i);
        csv += "sectigo,h" + n + ".example.com," + n + "\n";
    }
    Client importer = harness_.client();
    auto done = std::async(std::launch::async, [&] {
        return importer.post("/v1/orders/import", csv, {"Content-Type: text/csv"});
    });

    int served = 0;
    while (done.wait_for(std::chrono::milliseconds(0)) != std::future_status::ready) {
        EXPECT_EQ(client_.get("/v1/orders?supplier_order_id=1").status, 200);
        ++served;
    }

    EXPECT_EQ(done.get().json().at("created"), 3000);
    EXPECT_GT(served, 3);
}

TEST_F(OrderTest, FilesOverTheLimitAreRefused) {
    harness_.reload([](config::Settings& settings) { settings.api.max_csv_body = 1000; });

    EXPECT_EQ(import(std::string(2000, 'x')).code(), "body_too_large");
}

}  // namespace
}  // namespace cabroker::api::test
