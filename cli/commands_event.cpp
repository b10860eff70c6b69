// events: a page of them, or the live stream with reconnects.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <optional>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/session.hpp"
#include "cli/sse.hpp"
#include "cli/text.hpp"
#include "json/parse.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;
using Clock = std::chrono::steady_clock;

bool wanted(const bj::value& event, const Arguments& arguments) {
    if (text_at(event, "/type") == "ping") return false;
    return !arguments.has("request") || text_at(event, "/request_id") == arguments.text("request");
}

void print_event(Session& session, const bj::value& event, const std::string& data) {
    if (session.human()) {
        const std::string state = clean(text_at(event, "/data/state"));
        session.console.out(
            fmt::format("{:>8}  {}  {:<24}  {}  {}\n", clean(text_at(event, "/seq")),
                        clean(text_at(event, "/at")), clean(text_at(event, "/type")),
                        clean(text_at(event, find(event, "/request_id") != nullptr ? "/request_id"
                                                                                   : "/order_id")),
                        session.console.paint()(tone_of_state(state), state)));
    } else if (session.settings.output == Output::json ||
               session.settings.output == Output::jsonl) {
        session.console.out((session.console.out_is_terminal() ? clean_json(data) : data) + '\n');
    } else if (session.settings.output == Output::yaml) {
        session.console.out("---\n" + yaml(event));
    } else if (session.settings.output == Output::name) {
        session.console.out(clean(text_at(event, "/id")) + '\n');
    } else {
        const std::string lines = csv(bj::array{event}, event_view().columns);
        session.console.out(lines.substr(lines.find('\n') + 1));
    }
}

// From here on: the cursor that a list reply carries.
OrExit<std::string> newest(Session& session) {
    const OrExit<Reply> reply = session.get("/v1/requests?limit=1");
    if (reply.has_error()) return reply.error();
    const domain::Result<bj::value> body = json::parse(reply->body);
    const std::string cursor = body.has_value() ? text_at(*body, "/event_cursor") : "";
    if (cursor.empty())
        return session.fail(Exit::other, "cannot tell where the events end; give --after SEQ");
    return cursor;
}

class Feed {
  public:
    Feed(Session& session, const Arguments& arguments, std::string after)
        : session_(session),
          arguments_(arguments),
          after_(std::move(after)),
          reader_([this](const std::string&, const std::string& data) { return take(data); }) {}

    Exit run() {
        if (session_.settings.output == Output::csv)
            session_.console.out(csv({}, event_view().columns));
        while (!interrupted()) {
            const domain::Result<Reply> reply = connect();
            if (interrupted() || broken_) break;
            const bool good = reply.has_value() && reply->good();
            if (!good && !may_come_back(reply)) {
                return reply.has_error() ? session_.lost(reply.error()) : session_.refuse(*reply);
            }
            if (!pause_for(domain::Duration(300))) break;
            reader_.restart();
        }
        return interrupted() ? Exit::interrupted : Exit::other;
    }

  private:
    domain::Result<Reply> connect() {
        Call call;
        call.target =
            "/v1/events?after=" + percent(reader_.last_id().empty() ? after_ : reader_.last_id());
        call.target = with_query(call.target, {{"request", arguments_.text("request")}});
        call.headers.emplace_back("Accept: text/event-stream");
        if (!reader_.last_id().empty())
            call.headers.push_back("Last-Event-ID: " + reader_.last_id());
        call.limit = domain::Duration(0);
        call.silence = domain::Duration(60'000);
        return session_.client.stream(call, [this](std::string_view octets) {
            connected_ = true;
            away_since_.reset();
            return reader_.feed(octets);
        });
    }

    // Only after a first success: a daemon that was never there is an error at once.
    bool may_come_back(const domain::Result<Reply>& reply) {
        const bool passing = reply.has_error() || reply->status == 503 || reply->status == 429;
        if (!passing || !connected_) return false;
        if (!away_since_) {
            away_since_ = Clock::now();
            session_.console.progress("the daemon went away; looking for it again");
        }
        return Clock::now() - *away_since_ < session_.settings.reconnect;
    }

    bool take(const std::string& data) {
        const domain::Result<bj::value> event = json::parse(data);
        if (event.has_error()) return true;
        if (wanted(*event, arguments_)) print_event(session_, *event, data);
        broken_ = !session_.console.flush();
        return !broken_;
    }

    Session& session_;
    const Arguments& arguments_;
    std::string after_;
    EventStreamReader reader_;
    std::optional<Clock::time_point> away_since_;
    bool connected_ = false;
    bool broken_ = false;
};

Exit page(Session& session, const Arguments& arguments) {
    const std::string target =
        with_query("/v1/events", {{"after", arguments.has("after") ? arguments.text("after") : "0"},
                                  {"request", arguments.text("request")},
                                  {"limit", arguments.text("limit")}});
    const OrExit<Reply> reply = session.get(target);
    if (reply.has_error()) return reply.error();
    if (!arguments.has("request")) return session.show(reply->body, event_view());
    const domain::Result<bj::value> body = json::parse(reply->body);
    const bj::array* const items = body.has_value() ? items_of(*body) : nullptr;
    if (items == nullptr) return session.fail(Exit::other, "cannot read the daemon's answer");
    bj::object kept = body->get_object();
    bj::array mine;
    for (const bj::value& event : *items) {
        if (wanted(event, arguments)) mine.push_back(event);
    }
    kept["items"] = std::move(mine);
    return session.show(bj::serialize(kept), event_view());
}

Exit events(Session& session, const Arguments& arguments) {
    if (!arguments.has("follow")) return page(session, arguments);
    std::string after = arguments.text("after");
    if (after.empty()) {
        const OrExit<std::string> cursor = newest(session);
        if (cursor.has_error()) return cursor.error();
        after = *cursor;
    }
    return Feed(session, arguments, after).run();
}

}  // namespace

std::vector<Command> event_commands() {
    return {{"events",
             "What happened, numbered; --follow stays and prints new ones",
             {},
             {{"-f,--follow", "", "Stay and print new ones; reconnects by itself"},
              {"--after", "SEQ", "Only those after this number"},
              {"--request", "ID", "Only those of this request"},
              {"--limit", "N", "So many at most (without --follow)"},
              {"--reconnect", "DUR",
               "With --follow: how long to look for a daemon that went away (60s)"}},
             events}};
}

}  // namespace cabroker::cli
