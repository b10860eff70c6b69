#include "tests/daemon/api/request_fixture.hpp"

namespace cabroker::api::test {

namespace bj = boost::json;

std::vector<std::string> errors_of(const Reply& reply) {
    std::vector<std::string> all;
    const bj::object problem = reply.json();
    if (!problem.contains("errors")) return all;
    for (const bj::value& each : problem.at("errors").as_array())
        all.push_back(text(each.at("pointer")) + " " + text(each.at("code")));
    return all;
}

std::string RequestFixture::create(const std::string& supplier_order_id) {
    const Reply reply = client_.post("/v1/requests", status_body(supplier_order_id));
    EXPECT_EQ(reply.status, 201) << reply.body;
    return text(reply.json().at("id"));
}

std::string RequestFixture::reissue_body(const std::string& csr, const std::string& more) {
    return R"({"kind":"reissue","order":{"brand":"rapidssl","common_name":"www.example.com",)"
           R"("supplier_order_id":"100"},"params":{"csr":)" +
           quoted(csr) + more + "}}";
}

void RequestFixture::set_state(const std::string& id, domain::State state,
                               domain::NextActor actor) {
    harness_.change_request(id, [&](domain::Request& request) {
        request.state = state;
        request.next_actor = actor;
        if (domain::is_settled(state)) request.settled_at = request.updated_at;
    });
}

}  // namespace cabroker::api::test
