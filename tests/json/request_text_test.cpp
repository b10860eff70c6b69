#include "json/request_text.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "json/domain_codec.hpp"

namespace cabroker::json {
namespace {

using domain::Request;

class RequestTextTest : public testing::Test {
  protected:
    static void expect_same(const Request& request) {
        EXPECT_EQ(request_text(request), boost::json::serialize(to_json(request)));
    }
    const std::array<std::uint8_t, 10> tail_{1, 2, 3};
    const domain::Time at_{std::chrono::milliseconds(1'795'000'000'123)};
};

TEST_F(RequestTextTest, IsWhatTheTreeSerialisesTo) {
    Request request;
    expect_same(request);

    request.id = domain::RequestId(at_, tail_);
    request.order.id = domain::OrderId(at_, tail_);
    request.order.common_name = "www.example.com";
    request.order.brand = domain::Brand::rapidssl;
    request.adapter = "portal";
    request.channel = domain::Channel::portal;
    request.created_by.name = "root";
    request.created_at = at_;
    request.updated_at = at_ + std::chrono::milliseconds(877);
    request.deadline_at = at_;
    expect_same(request);

    request.kind = domain::Kind::reissue;
    domain::ReissueParams params;
    params.csr = "-----BEGIN\nx\n";
    request.params = params;
    request.state = domain::State::needs_input;
    request.next_actor = domain::NextActor::operator_;
    request.step = "access_code";
    request.attempt = 3;
    domain::Need need;
    need.name = "access_code";
    need.expires_at = at_;
    request.needs.push_back(need);
    request.next_attempt_at = at_;
    request.external_ref = domain::ExternalRef{"rt", "4711"};
    request.labels = {{"a", "1"}, {"b", "\"2\""}};
    request.note = "line one\nline two";
    request.retry_of = domain::RequestId(at_, tail_);
    request.created_by.asserted = "alice";
    request.last_problem = domain::Trouble{"upstream_unreachable", "cannot \"connect\"", at_};
    expect_same(request);

    request.state = domain::State::succeeded;
    request.outcome = domain::Outcome{"issued", "done", "", {}};
    request.result = domain::TransferResult{"acme"};
    request.settled_at = at_;
    expect_same(request);
}

TEST_F(RequestTextTest, EscapesAsTheLibraryDoes) {
    for (int octet = 1; octet < 256; ++octet) {
        Request request;
        request.note = std::string("x") + static_cast<char>(octet) + "y";
        expect_same(request);
    }
    Request request;
    request.note = std::string("\0nul \xE2\x80\xA8 \xC3\xA4 \xF0\x9F\x98\x80", 16);
    expect_same(request);
}

TEST_F(RequestTextTest, EveryOctetIsQuotedAsTheLibraryQuotesIt) {
    for (int octet = 0; octet < 128; ++octet) {
        const std::string value = "a" + std::string(1, static_cast<char>(octet)) + "z";
        std::string text = "before ";

        append_quoted(text, value);

        EXPECT_EQ(text, "before " + boost::json::serialize(boost::json::value(value))) << octet;
    }
}

}  // namespace
}  // namespace cabroker::json
