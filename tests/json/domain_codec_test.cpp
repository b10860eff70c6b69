#include "json/domain_codec.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace cabroker::json {
namespace {

namespace bj = boost::json;

domain::Time at(int seconds) { return domain::Time(std::chrono::seconds(1'700'000'000 + seconds)); }

domain::Request a_request() {
    domain::Request request;
    request.id = *domain::RequestId::parse("req_01HF7YAT00AAAAAAAAAAAAAAAA");
    request.order.id = *domain::OrderId::parse("ord_01HF7YAT00AAAAAAAAAAAAAAAA");
    request.order.brand = domain::Brand::rapidssl;
    request.deadline_at = at(60);
    request.created_at = at(0);
    request.updated_at = at(0);
    request.created_by.name = "root";
    return request;
}

std::string members_of(const bj::object& object) {
    std::string names;
    for (const auto& member : object) {
        names += (names.empty() ? "" : " ") + std::string(member.key().data(), member.key().size());
    }
    return names;
}

bj::value parsed(const char* text) { return bj::parse(text); }

TEST(DomainCodecTest, RequestHasEveryMemberOfTheContractAndNullsForTheUnknown) {
    const bj::object out = to_json(a_request());

    EXPECT_EQ(members_of(out),
              "id kind order params adapter channel state settled next_actor step attempt needs "
              "outcome result last_problem next_attempt_at deadline_at external_ref labels note "
              "retry_of created_by created_at updated_at settled_at");
    EXPECT_EQ(members_of(out.at("order").as_object()),
              "id common_name supplier_order_id platform_order_id brand product");
    for (const char* name : {"adapter", "channel", "step", "outcome", "result", "last_problem",
                             "next_attempt_at", "external_ref", "note", "retry_of", "settled_at"}) {
        EXPECT_TRUE(out.at(name).is_null()) << name;
    }
    EXPECT_EQ(out.at("needs"), bj::array());
    EXPECT_EQ(out.at("labels"), bj::object());
    EXPECT_EQ(out.at("params"), bj::object());
    EXPECT_EQ(out.at("state"), "queued");
    EXPECT_EQ(out.at("settled"), false);
    EXPECT_EQ(out.at("next_actor"), "broker");
    EXPECT_EQ(out.at("created_by").at("uid"), 0);
    EXPECT_EQ(out.at("created_by").at("name"), "root");
    EXPECT_EQ(out.at("created_at"), "2023-11-14T22:13:20Z");
}

TEST(DomainCodecTest, SettledFollowsTheState) {
    domain::Request request = a_request();
    request.state = domain::State::expired;

    EXPECT_EQ(to_json(request).at("settled"), true);
}

TEST(DomainCodecTest, OrderHasEveryMemberOfTheContract) {
    domain::Order order;
    order.admin_email = "admin@example.com";

    const bj::object out = to_json(order);

    EXPECT_EQ(members_of(out),
              "id supplier brand product common_name dns_names supplier_order_id "
              "platform_order_id status status_raw status_at account admin_email technical_email "
              "corporate_email login_email ordered_at issued_at expires_at labels created_at "
              "updated_at");
    EXPECT_EQ(out.at("login_email"), "admin@example.com");
    EXPECT_EQ(out.at("status"), "unknown");
}

TEST(DomainCodecTest, ParamsOfEveryKindComeBack) {
    for (
        const char* text :
        {R"({"csr":"pem","validation_method":"dns-txt-token","reason":"moved","formats":["pem_all","default"]})",
         R"({"csr":"pem","validation_method":null,"reason":null,"formats":[]})"}) {
        const auto params = params_from_json(domain::Kind::reissue, parsed(text));
        ASSERT_TRUE(params.has_value()) << params.error().detail;
        EXPECT_EQ(bj::serialize(to_json(*params)), text);
    }
    const std::map<domain::Kind, const char*> others = {
        {domain::Kind::status, "{}"},
        {domain::Kind::revoke,
         R"({"reason":"r","reason_code":"key_compromise","scope":"certificate","serial":"0a"})"},
        {domain::Kind::cancel, R"({"reason":"r"})"},
        {domain::Kind::download, R"({"formats":["der"]})"},
        {domain::Kind::transfer, R"({"target_account":"a","verification":"credentials"})"}};
    for (const auto& [kind, text] : others) {
        const auto params = params_from_json(kind, parsed(text));
        ASSERT_TRUE(params.has_value()) << params.error().detail;
        EXPECT_EQ(domain::kind_of(*params), kind);
        EXPECT_EQ(bj::serialize(to_json(*params)), text);
    }
}

TEST(DomainCodecTest, ResultsOfEveryKindComeBack) {
    for (
        const char* text :
        {R"({"order_status":"issued","order_status_raw":"Issued","checked_at":"2023-11-14T22:13:20.123Z"})",
         R"({"certificate":{"common_name":"a.example","dns_names":["a.example"],"serial":"0a","sha256":"ff","not_before":"2023-11-14T22:13:20Z","not_after":"2024-11-14T22:13:20Z"},"artifacts":["art_01HF7YAT00AAAAAAAAAAAAAAAA"]})",
         R"({"scope":"order","refund":{"status":"expected","until":"2023-11-14T22:13:20Z","rule":"30 days","check_after":null}})",
         R"({"account":"reseller"})"}) {
        const auto result = result_from_json(parsed(text));
        ASSERT_TRUE(result.has_value()) << result.error().detail;
        EXPECT_EQ(bj::serialize(to_json(*result)), text);
    }
}

TEST(DomainCodecTest, NeedsOutcomeAndTroubleComeBack) {
    const char* needs =
        R"([{"name":"access_code","hint":"see the mail","expires_at":"2023-11-14T22:13:20Z","attempts_left":3,"last_error":{"code":"access_code_wrong","at":"2023-11-14T22:13:20Z"},"details":{"a":"b"}},{"name":"csr","hint":null,"expires_at":null,"attempts_left":null,"last_error":null,"details":{}}])";
    const char* outcome =
        R"({"code":"issued","detail":"done","hint":null,"evidence":[{"type":"operator","id":"art_x","detail":"seen"},{"type":"page","id":null,"detail":""}]})";
    const char* trouble = R"({"code":"timeout","detail":"no answer","at":"2023-11-14T22:13:20Z"})";

    EXPECT_EQ(bj::serialize(to_json(needs_from_json(parsed(needs)).value())), needs);
    EXPECT_EQ(bj::serialize(to_json(outcome_from_json(parsed(outcome)).value())), outcome);
    EXPECT_EQ(bj::serialize(to_json(trouble_from_json(parsed(trouble)).value())), trouble);
}

TEST(DomainCodecTest, WrongTypesAndWordsAreErrors) {
    EXPECT_TRUE(needs_from_json(parsed("{}")).has_error());
    EXPECT_TRUE(needs_from_json(parsed("[1]")).has_error());
    EXPECT_TRUE(need_from_json(parsed(R"({"attempts_left":"3"})")).has_error());
    EXPECT_TRUE(need_from_json(parsed(R"({"expires_at":"soon"})")).has_error());
    EXPECT_TRUE(need_from_json(parsed(R"({"details":{"a":1}})")).has_error());
    EXPECT_TRUE(outcome_from_json(parsed(R"({"evidence":[{"type":"rumour"}]})")).has_error());
    EXPECT_TRUE(outcome_from_json(parsed("[]")).has_error());
    EXPECT_TRUE(trouble_from_json(parsed(R"({"at":1})")).has_error());
    EXPECT_TRUE(result_from_json(parsed(R"({"order_status":"fine"})")).has_error());
    EXPECT_TRUE(
        params_from_json(domain::Kind::download, parsed(R"({"formats":["doc"]})")).has_error());
    EXPECT_TRUE(labels_from_json(parsed(R"({"a":[]})")).has_error());
    EXPECT_EQ(labels_from_json(parsed(R"({"a":[]})")).error().code, domain::ErrorCode::bad_answer);
}

}  // namespace
}  // namespace cabroker::json
