// Events: pages, streams, replay, retention, slow readers.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "runtime/random.hpp"
#include "tests/daemon/api/harness.hpp"

namespace cabroker::api::test {
namespace {

namespace bj = boost::json;

class EventTest : public testing::Test {
  protected:
    std::string create(const std::string& supplier_order_id) {
        return text(client_.post("/v1/requests", status_body(supplier_order_id)).json().at("id"));
    }
    /// An open stream, behind its head.
    Client stream(const std::string& target, const std::string& accept, const Headers& more = {}) {
        Client client = harness_.client();
        Headers headers{"Accept: " + accept};
        headers.insert(headers.end(), more.begin(), more.end());
        client.send(request_text("GET", target, "", headers));
        const Reply head = client.read_head();
        EXPECT_EQ(head.status, 200);
        EXPECT_EQ(head.header("Content-Type"), accept);
        return client;
    }

    Harness harness_;
    Client client_ = harness_.client();
};

// Reads NDJSON until `count` events came; pings are skipped.
std::vector<std::int64_t> numbers(Client& client, std::size_t count) {
    std::vector<std::int64_t> seen;
    std::string buffer;
    while (seen.size() < count) {
        const std::optional<std::string> chunk = client.read_chunk();
        if (!chunk) break;
        buffer += *chunk;
        std::size_t end = 0;
        while ((end = buffer.find('\n')) != std::string::npos) {
            const bj::value event = bj::parse(buffer.substr(0, end));
            buffer.erase(0, end + 1);
            if (event.at("type") != "ping") seen.push_back(event.at("seq").as_int64());
        }
    }
    return seen;
}

TEST_F(EventTest, PagesGoOnWhereTheLastOneEnded) {
    const std::string id = create("1");
    create("2");

    const bj::object all = client_.get("/v1/events").json();
    const std::size_t count = all.at("items").as_array().size();
    ASSERT_GE(count, 4U);
    const bj::object first = all.at("items").at(0).as_object();
    for (const char* member : {"seq", "id", "type", "at", "request_id", "order_id", "data"})
        EXPECT_TRUE(first.contains(member)) << member;

    std::size_t seen = 0;
    std::int64_t after = 0;
    for (int page = 0; page < 20; ++page) {
        const bj::object body =
            client_.get("/v1/events?limit=2&after=" + std::to_string(after)).json();
        if (body.at("items").as_array().empty()) break;
        seen += body.at("items").as_array().size();
        after = body.at("last_seq").as_int64();
    }
    EXPECT_EQ(seen, count);
    EXPECT_EQ(all.at("last_seq"), after);
    EXPECT_EQ(client_.get("/v1/requests").json().at("event_cursor"), after);
    const bj::array one =
        client_.get("/v1/events?type=request.created&request=" + id).json().at("items").as_array();
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(one[0].at("request_id"), id.c_str());
    for (const std::string bad : {"after=x", "after=-1", "type=x", "request=x", "limit=501"})
        EXPECT_EQ(client_.get("/v1/events?" + bad).code(), "bad_parameter") << bad;
}

TEST_F(EventTest, StreamsReplayThenFollow) {
    create("1");
    Client lines = stream("/v1/events?after=0", "application/x-ndjson");
    const std::vector<std::int64_t> before = numbers(lines, 2);
    create("2");
    const std::vector<std::int64_t> then = numbers(lines, 2);

    EXPECT_EQ(before, (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(then, (std::vector<std::int64_t>{3, 4}));
}

TEST_F(EventTest, NoneIsLostWhileManyAreMade) {
    Client lines = stream("/v1/events", "application/x-ndjson");
    std::thread maker([this] {
        Client client = harness_.client();
        for (int i = 0; i < 50; ++i) client.post("/v1/requests", status_body(std::to_string(i)));
    });

    const std::vector<std::int64_t> seen = numbers(lines, 100);
    maker.join();

    ASSERT_EQ(seen.size(), 100U);
    for (std::size_t i = 0; i < seen.size(); ++i)
        EXPECT_EQ(seen[i], static_cast<std::int64_t>(i + 1));
}

TEST_F(EventTest, ServerSentEventsCanBeResumed) {
    create("1");
    Client sse = stream("/v1/events?after=0", "text/event-stream", {"Last-Event-ID: 1"});

    std::string body;
    while (body.find("data: ") == std::string::npos || !body.ends_with("\n\n")) {
        const auto chunk = sse.read_chunk();
        ASSERT_TRUE(chunk.has_value());
        body += *chunk;
    }

    EXPECT_TRUE(body.starts_with(": ping\n\nid: 2\nevent: ")) << body;
    const std::size_t data = body.find("data: ") + 6;
    const bj::value event = bj::parse(body.substr(data, body.find('\n', data) - data));
    EXPECT_EQ(event.at("seq"), 2);
    EXPECT_EQ(client_.get("/v1/events", {"Last-Event-ID: x"}).code(), "bad_parameter");
}

TEST_F(EventTest, QuietStreamsShowLife) {
    Client sse = stream("/v1/events", "text/event-stream");
    Client lines = stream("/v1/events", "application/x-ndjson");

    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(sse.read_chunk(), ": ping\n\n");
        EXPECT_EQ(lines.read_chunk(), "{\"type\":\"ping\"}\n");
    }
}

TEST_F(EventTest, CursorsBeforeRetentionAreGone) {
    create("1");
    create("2");
    harness_.change([](store::Tx& tx) { tx.events().prune(domain::Time::max(), 3); });

    const Reply reply = client_.get("/v1/events?after=1");

    EXPECT_EQ(reply.status, 410);
    EXPECT_EQ(reply.code(), "cursor_expired");
    EXPECT_EQ(reply.json().at("first_seq"), 4);
    EXPECT_EQ(client_.get("/v1/events?after=3").status, 200);
    EXPECT_EQ(client_.get("/v1/events").status, 200) << "without a cursor: from the oldest kept";
    EXPECT_EQ(client_.get("/v1/events?after=1", {"Accept: text/event-stream"}).code(),
              "cursor_expired");
}

TEST_F(EventTest, FiltersHoldForStreams) {
    create("1");
    const std::string wanted = create("2");
    Client lines =
        stream("/v1/events?after=0&type=request.created&request=" + wanted, "application/x-ndjson");

    EXPECT_EQ(numbers(lines, 1).size(), 1U);
    EXPECT_EQ(lines.read_chunk(), "{\"type\":\"ping\"}\n");
}

TEST_F(EventTest, ClientsThatAreGoneKeepNoStream) {
    harness_.reload([](config::Settings&) {});
    {
        Client sse = stream("/v1/events", "text/event-stream");
        EXPECT_TRUE(sse.read_chunk().has_value());
    }
    Harness::until([&] { return harness_.connections() == 1; });
}

TEST_F(EventTest, DrainingEndsStreamsProperly) {
    Client sse = stream("/v1/events", "text/event-stream");
    EXPECT_TRUE(sse.read_chunk().has_value());

    harness_.drain();

    while (sse.read_chunk()) {
    }
    EXPECT_TRUE(sse.ended());
}

TEST_F(EventTest, OldClientsGetTheStreamUntilItCloses) {
    Client old = harness_.client();
    old.send("GET /v1/events HTTP/1.0\r\nAccept: application/x-ndjson\r\n\r\n");
    const Reply head = old.read_head();
    EXPECT_EQ(head.header("Connection"), "close");
    EXPECT_EQ(head.header("Transfer-Encoding"), "");
}

TEST_F(EventTest, ReadersThatAreTooSlowAreDropped) {
    harness_.reload([](config::Settings& settings) {
        settings.api.write_deadline = std::chrono::milliseconds(200);
    });
    harness_.change([](store::Tx& tx) {
        runtime::SystemRandom random;
        runtime::IdMaker ids(random);
        for (int i = 0; i < 2000; ++i) {
            store::Event event;
            event.id = ids.make<domain::EventId>(domain::Time());
            event.type = "order.changed";
            event.data = "{\"x\":\"" + std::string(1000, 'x') + "\"}";
            tx.events().append(event);
        }
    });
    Client slow = stream("/v1/events", "application/x-ndjson");

    Harness::until([&] { return harness_.connections() <= 1; });
}

}  // namespace
}  // namespace cabroker::api::test
