// Every route against every role, method and kind of query, without a socket.
#include "daemon/api/gate.hpp"

#include <gtest/gtest.h>

#include <set>

#include "daemon/api/parameters.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/target.hpp"
#include "daemon/api/wait.hpp"

namespace cabroker::api {
namespace {

using domain::ErrorCode;

Head head(const std::string& method, const std::string& target) {
    Head made;
    made.method = method;
    made.target = target;
    made.hosts = 1;
    made.content_type = target.starts_with("/v1/orders/import") ? "text/csv" : "application/json";
    return made;
}

policy::Roles role(std::optional<policy::Role> which) {
    policy::Roles roles;
    roles.role = which;
    return roles;
}

struct Verdict {
    std::string code;  ///< "ok", or the problem's
    std::string required_role;
    std::string allow;
};

Verdict judge(const Head& with, const policy::Roles& roles, bool draining = false,
              const std::string& key = "") {
    ApiCall call;
    call.method = with.method;
    call.idempotency_key = key;
    call.caller.roles = roles;
    if (with.remote_users > 0) call.remote_user = "alice";
    const Passage passage = judge_head(draining, with, call);
    if (!passage.refusal) return Verdict{"ok", "", ""};
    Verdict verdict;
    const domain::Error& error = passage.refusal->problem->error;
    verdict.code = domain::name_of(error.code);
    const auto needed = error.facts.find("required_role");
    if (needed != error.facts.end()) verdict.required_role = needed->second;
    if (const std::string* allow = passage.refusal->header("Allow")) verdict.allow = *allow;
    return verdict;
}

std::string path_of(const Route& route) {
    std::string path(route.pattern);
    const auto brace = path.find('{');
    if (brace == std::string::npos) return path;
    return path.replace(brace, path.find('}') - brace + 1, "x1");
}

class GateTest : public testing::Test {
  protected:
    const policy::Roles admin_ = role(policy::Role::admin);
    const policy::Roles viewer_ = role(policy::Role::viewer);
};

TEST_F(GateTest, EveryRouteAsksForItsRole) {
    using policy::Role;
    for (const Route& route : routes()) {
        const Head with = head(std::string(route.method), path_of(route));
        for (const auto which :
             {std::optional<Role>(), std::optional(Role::viewer), std::optional(Role::operator_),
              std::optional(Role::approver), std::optional(Role::admin)}) {
            const policy::Roles roles = role(which);
            const Verdict verdict = judge(with, roles);
            const bool expected = allows(route.access, roles);
            EXPECT_EQ(verdict.code, expected ? "ok" : "forbidden")
                << route.method << " " << route.pattern << (which ? policy::name_of(*which) : "-");
            if (!expected && which) {
                EXPECT_EQ(verdict.required_role, role_name(route.access)) << route.pattern;
            }
        }
    }
}

TEST_F(GateTest, UnknownPeersReadTwoRoutesOnly) {
    const policy::Roles nobody;
    EXPECT_EQ(judge(head("GET", "/healthz"), nobody).code, "ok");
    EXPECT_EQ(judge(head("GET", "/v1/version"), nobody).code, "ok");
    EXPECT_EQ(judge(head("GET", "/readyz"), nobody).code, "forbidden");
    EXPECT_EQ(judge(head("GET", "/no/such/route"), nobody).code, "forbidden");
    EXPECT_EQ(judge(head("POST", "/healthz"), nobody).code, "forbidden");
    EXPECT_EQ(judge(head("GET", "/v1/whoami"), nobody).code, "forbidden");
}

TEST_F(GateTest, MetricsPeersReadMetricsAndNoMore) {
    policy::Roles roles;
    roles.metrics = true;
    EXPECT_EQ(judge(head("GET", "/metrics"), roles).code, "ok");
    EXPECT_EQ(judge(head("GET", "/v1/requests"), roles).code, "forbidden");
    EXPECT_EQ(judge(head("GET", "/v1/requests"), roles).required_role, "viewer");
}

TEST_F(GateTest, EveryRouteNamesItsMethodsForAllOthers) {
    std::set<std::string> paths;
    for (const Route& route : routes()) paths.insert(path_of(route));
    for (const std::string& path : paths) {
        for (const std::string method :
             {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"}) {
            const Verdict verdict = judge(head(method, path), admin_);
            if (verdict.code == "ok") continue;
            EXPECT_EQ(verdict.code, "method_not_allowed") << method << " " << path;
            EXPECT_FALSE(verdict.allow.empty()) << method << " " << path;
            EXPECT_EQ(verdict.allow.find(method), std::string::npos) << method << " " << path;
        }
    }
    EXPECT_EQ(judge(head("DELETE", "/v1/requests"), admin_).allow, "POST, GET, HEAD");
}

TEST_F(GateTest, EveryRouteRefusesUnknownAndRepeatedParameters) {
    for (const Route& route : routes()) {
        const std::string method(route.method);
        EXPECT_EQ(judge(head(method, path_of(route) + "?nope=1"), admin_).code, "unknown_parameter")
            << route.pattern;
        for (const std::string_view name : route.query) {
            if (name.ends_with('*')) continue;
            const std::string twice = std::string(name) + "=1&" + std::string(name) + "=1";
            EXPECT_EQ(judge(head(method, path_of(route) + "?" + twice), admin_).code,
                      "bad_parameter")
                << route.pattern << " " << name;
        }
    }
}

TEST_F(GateTest, ACodedBodyIsRefusedWithTheOnlyCodingThatIsTaken) {
    for (const Route& route : routes()) {
        Head with = head(std::string(route.method), path_of(route));
        with.has_body = true;
        const bool takes_body = route.body != BodyKind::none;
        for (const std::string coding : {"gzip", "identity, br", "x"}) {
            with.content_encoding = coding;
            EXPECT_EQ(judge(with, admin_).code, takes_body ? "unsupported_media_type" : "ok")
                << route.pattern << coding;
        }
        for (const std::string coding : {"", "identity", "identity, identity"}) {
            with.content_encoding = coding;
            EXPECT_EQ(judge(with, admin_).code, "ok") << route.pattern << coding;
        }
    }
    ApiCall call;
    call.caller.roles = admin_;
    Head with = head("POST", "/v1/requests");
    with.has_body = true;
    with.content_encoding = "gzip";
    const Passage passage = judge_head(false, with, call);
    ASSERT_TRUE(passage.refusal);
    ASSERT_NE(passage.refusal->header("Accept-Encoding"), nullptr);
    EXPECT_EQ(*passage.refusal->header("Accept-Encoding"), "identity");
}

TEST_F(GateTest, OnlyOneExpectationIsKnown) {
    for (const Route& route : routes()) {
        Head with = head(std::string(route.method), path_of(route));
        with.expect = "100-continue";
        EXPECT_EQ(judge(with, admin_).code, "ok") << route.pattern;
        for (const std::string other : {"200-ok", "100-continue, x=y", "100-continued"}) {
            with.expect = other;
            EXPECT_EQ(judge(with, admin_).code, "expectation_failed") << route.pattern << other;
        }
        with.version_1_1 = false;
        EXPECT_EQ(judge(with, admin_).code, "ok") << "HTTP/1.0 has no Expect";
    }
    Head with = head("GET", "/v1/requests");
    with.expect = "200-ok";
    EXPECT_EQ(judge(with, policy::Roles{}).code, "forbidden");
}

TEST_F(GateTest, BodiesNeedTheRightMediaType) {
    for (const Route& route : routes()) {
        if (route.body == BodyKind::none) continue;
        Head with = head(std::string(route.method), path_of(route));
        with.has_body = true;
        for (const std::string type : {"", "text/plain", "application/x-www-form-urlencoded",
                                       "application/jsonx", "multipart/form-data; boundary=x"}) {
            with.content_type = type;
            EXPECT_EQ(judge(with, admin_).code, "unsupported_media_type") << route.pattern << type;
        }
        const bool csv = route.body == BodyKind::csv;
        with.content_type = csv ? "Text/CSV ; charset=utf-8" : "Application/JSON; charset=utf-8";
        EXPECT_EQ(judge(with, admin_).code, "ok") << route.pattern;
    }
}

TEST_F(GateTest, AmbiguousFramingIsRefused) {
    const Head good = head("POST", "/v1/requests");
    std::vector<Head> bad(8, good);
    bad[0].hosts = 0;
    bad[1].hosts = 2;
    bad[2].content_lengths = 2;
    bad[3].content_lengths = 1;
    bad[3].transfer_encoding = "chunked";
    bad[4].transfer_encoding = "gzip, chunked";
    bad[5].transfer_encoding = "chunked";
    bad[5].version_1_1 = false;
    bad[6].transfer_encoding = "identity";
    bad[7].transfer_encoding = "";
    for (std::size_t i = 0; i < bad.size(); ++i)
        EXPECT_EQ(judge(bad[i], admin_).code, "malformed_request") << i;
    EXPECT_EQ(judge(good, admin_).code, "ok");
}

TEST_F(GateTest, WebPagesAreRefused) {
    Head with = head("GET", "/v1/requests");
    with.has_origin = true;
    EXPECT_EQ(judge(with, admin_).code, "forbidden");
    with.has_origin = false;
    with.has_fetch_site = true;
    EXPECT_EQ(judge(with, admin_).code, "forbidden");
}

TEST_F(GateTest, OnlyAProxyMayAssertUsers) {
    Head with = head("GET", "/v1/requests");
    with.remote_users = 1;
    EXPECT_EQ(judge(with, admin_).code, "forbidden");
    EXPECT_EQ(judge(with, admin_).required_role, "proxy");
    policy::Roles proxy = viewer_;
    proxy.proxy = true;
    EXPECT_EQ(judge(with, proxy).code, "ok");
    with.has_fetch_site = true;
    EXPECT_EQ(judge(with, proxy).code, "ok");
    with.remote_users = 2;
    EXPECT_EQ(judge(with, proxy).code, "malformed_request");
}

TEST_F(GateTest, DrainingRefusesNewWorkAndServesReaders) {
    EXPECT_EQ(judge(head("POST", "/v1/requests"), admin_, true).code, "draining");
    EXPECT_EQ(judge(head("GET", "/v1/requests"), admin_, true).code, "ok");
}

TEST_F(GateTest, IdempotencyKeysAreVisibleAscii) {
    Head with = head("POST", "/v1/requests");
    with.idempotency_keys = 1;
    EXPECT_EQ(judge(with, admin_, false, "k-1").code, "ok");
    EXPECT_EQ(judge(with, admin_, false, std::string(255, 'k')).code, "ok");
    EXPECT_EQ(judge(with, admin_, false, std::string(256, 'k')).code, "bad_parameter");
    EXPECT_EQ(judge(with, admin_, false, "").code, "bad_parameter");
    EXPECT_EQ(judge(with, admin_, false, "a b").code, "bad_parameter");
    EXPECT_EQ(judge(with, admin_, false, "\xC3\xA4").code, "bad_parameter");
    with.idempotency_keys = 2;
    EXPECT_EQ(judge(with, admin_, false, "k").code, "bad_parameter");
}

TEST_F(GateTest, TargetsAreDecodedOnceAndStrictly) {
    const auto good = parse_target("/v1/requests?q=a%20b+c&label=k%3Dv&x");
    ASSERT_TRUE(good.has_value());
    EXPECT_EQ(good->path, "/v1/requests");
    EXPECT_EQ(*good->query.get("q"), "a b c");
    EXPECT_EQ(*good->query.get("label"), "k=v");
    EXPECT_EQ(*good->query.get("x"), "");
    EXPECT_EQ(parse_target("http://any.host/healthz")->path, "/healthz");
    for (const std::string bad :
         {"", "*", "healthz", "/a%2Fb", "/a%2", "/a%zz", "/a%00", "/a?x=%0A", "/a?x=%FF", "/a#b",
          "http://host", "http://host?x", "/%C0%AF", "ftp://x/y"}) {
        EXPECT_FALSE(parse_target(bad).has_value()) << bad;
    }
}

TEST_F(GateTest, RequestIdsAreEchoedOnlyWhenHarmless) {
    EXPECT_TRUE(is_request_id("abc-1_2.3:4/5+6=7@8"));
    EXPECT_TRUE(is_request_id(std::string(128, 'a')));
    EXPECT_FALSE(is_request_id(std::string(129, 'a')));
    EXPECT_FALSE(is_request_id(""));
    EXPECT_FALSE(is_request_id("a b"));
    EXPECT_FALSE(is_request_id("a\"b"));
}

std::string wait_problem(const std::string& wait, const std::string& what) {
    ApiCall call;
    if (!wait.empty()) call.query.add("wait", wait);
    if (!what.empty()) call.query.add("for", what);
    const auto read = read_wait(call);
    return read ? "" : std::string(domain::name_of(read.error().code));
}

TEST_F(GateTest, WaitIsAnIntegerWithAUnitUpTo120Seconds) {
    for (const std::string good : {"0s", "1ms", "30s", "120s", "2m", "120000ms"})
        EXPECT_EQ(wait_problem(good, "settled"), "") << good;
    for (const std::string bad : {"121s", "3m", "1h", "1d", "30", "s", "1.5s", "-1s", "+1s", " 1s",
                                  "1 s", "120001ms", "99999999999999999999s"})
        EXPECT_EQ(wait_problem(bad, ""), "bad_parameter") << bad;
    EXPECT_EQ(wait_problem("1s", "forever"), "bad_parameter");
    EXPECT_EQ(wait_problem("", "settled"), "bad_parameter");
    EXPECT_EQ(wait_problem("", ""), "");
}

TEST_F(GateTest, EveryPublishedProblemHasItsStatus) {
    const std::vector<std::pair<ErrorCode, int>> table{{ErrorCode::malformed_request, 400},
                                                       {ErrorCode::unknown_parameter, 400},
                                                       {ErrorCode::bad_parameter, 400},
                                                       {ErrorCode::bad_page_token, 400},
                                                       {ErrorCode::forbidden, 403},
                                                       {ErrorCode::not_found, 404},
                                                       {ErrorCode::method_not_allowed, 405},
                                                       {ErrorCode::request_timeout, 408},
                                                       {ErrorCode::ambiguous_order, 409},
                                                       {ErrorCode::duplicate_active_request, 409},
                                                       {ErrorCode::order_exists, 409},
                                                       {ErrorCode::order_mismatch, 409},
                                                       {ErrorCode::state_conflict, 409},
                                                       {ErrorCode::input_not_needed, 409},
                                                       {ErrorCode::idempotency_in_progress, 409},
                                                       {ErrorCode::cursor_expired, 410},
                                                       {ErrorCode::gone, 410},
                                                       {ErrorCode::version_mismatch, 412},
                                                       {ErrorCode::body_too_large, 413},
                                                       {ErrorCode::unsupported_media_type, 415},
                                                       {ErrorCode::expectation_failed, 417},
                                                       {ErrorCode::headers_too_large, 431},
                                                       {ErrorCode::invalid_body, 422},
                                                       {ErrorCode::idempotency_key_reused, 422},
                                                       {ErrorCode::rate_limited, 429},
                                                       {ErrorCode::internal, 500},
                                                       {ErrorCode::draining, 503},
                                                       {ErrorCode::store_failed, 503},
                                                       {ErrorCode::not_ready, 503}};
    for (const auto& [code, status] : table) {
        Response response = problem(code, "cannot do it: because");
        render_problem(response, "x-1");
        EXPECT_EQ(response.status, status) << domain::name_of(code);
        EXPECT_EQ(response.content_type, "application/problem+json");
        const std::string type = "urn:cabroker:problem:" + std::string(domain::name_of(code));
        EXPECT_NE(response.body.find("\"" + type + "\""), std::string::npos);
        EXPECT_NE(response.body.find("\"request_id\":\"x-1\""), std::string::npos);
        const bool later = status == 429 || status == 503;
        if (later) {
            EXPECT_NE(response.header("Retry-After"), nullptr) << status;
        }
    }
}

TEST_F(GateTest, CodesOfTheInsideDoNotLeak) {
    Response response = problem(ErrorCode::no_answer, "the vault key is at /secret/path");
    render_problem(response, "x-1");
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(response.body.find("/secret/path"), std::string::npos);
}

}  // namespace
}  // namespace cabroker::api
