#include "cli/follow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <set>

#include "cli/input.hpp"
#include "cli/interrupt.hpp"
#include "cli/story.hpp"
#include "cli/text.hpp"
#include "json/parse.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;
using Clock = std::chrono::steady_clock;

constexpr domain::Duration kRound{30'000};

domain::Duration since(Clock::time_point start) {
    return std::chrono::duration_cast<domain::Duration>(Clock::now() - start);
}

class Follower {
  public:
    Follower(Session& session, const WaitPlan& plan) : session_(session), plan_(plan) {}

    Waited go(Reply reply) {
        while (true) {
            domain::Result<bj::value> parsed = json::parse(reply.body);
            if (parsed.has_error() || !parsed->is_object()) {
                return {"", session_.fail(Exit::other, "cannot read the daemon's answer")};
            }
            request_ = std::move(*parsed);
            tell(reply.body);
            const std::string state = text_at(request_, "/state");
            if (is_final(state)) return {reply.body, exit_for_state(state)};
            if (!needs_person()) answered_.clear();
            if (needs_person() && plan_.stop_for_person) {
                const std::optional<Exit> stop = ask_person();
                if (stop) return {*stop == Exit::interrupted ? "" : reply.body, *stop};
            }
            const std::optional<Exit> ended = next(reply);
            if (ended) return {*ended == Exit::interrupted ? "" : reply.body, *ended};
        }
    }

  private:
    std::string id() const { return text_at(request_, "/id"); }

    bool needs_person() const {
        const std::string actor = text_at(request_, "/next_actor");
        return actor != "broker" && actor != "ca";
    }

    void tell(const std::string& body) {
        if (plan_.show_each) {
            show_line(body);
            return;
        }
        const std::string state = text_at(request_, "/state");
        const std::string step = text_at(request_, "/step");
        const std::string trouble = text_at(request_, "/last_problem/detail");
        const std::string line =
            fmt::format("{}  {}{}{}{}{}", clean(id()), clean(state), step.empty() ? "" : "  ",
                        clean(step), trouble.empty() ? "" : "  ", clean(trouble));
        if (line != told_) session_.console.progress(line);
        told_ = line;
    }

    void show_line(const std::string& body) {
        if (body == told_) return;
        told_ = body;
        if (session_.human()) {
            const Style style = session_.style();
            const std::string state = clean(text_at(request_, "/state"));
            session_.console.out(fmt::format(
                "{}  {}  {}  {}\n", clean(text_at(request_, "/updated_at")), clean(id()),
                style.paint(tone_of_state(state), state), clean(text_at(request_, "/step"))));
            static_cast<void>(session_.console.flush());
        } else {
            static_cast<void>(session_.show(
                session_.settings.output == Output::json ? bj::serialize(request_) + '\n' : body,
                request_view()));
        }
    }

    // What makes a question a new one: the same need after a wrong answer is another question.
    static std::string print_of(const bj::value& need) {
        return text_at(need, "/name") + '\n' + text_at(need, "/expires_at") + '\n' +
               text_at(need, "/attempts_left") + '\n' + text_at(need, "/last_error");
    }

    const bj::value* open_need() const {
        const bj::value* const needs = find(request_, "/needs");
        if (needs == nullptr || !needs->is_array()) return nullptr;
        for (const bj::value& need : needs->get_array()) {
            if (!answered_.contains(print_of(need))) return &need;
        }
        return nullptr;
    }

    // A code that comes to a mailbox which the broker reads.
    static bool is_picked_up(const bj::value& need) {
        return text_at(need, "/name") == "access_code" && find(need, "/details/mailbox") != nullptr;
    }

    // The broker looks for it by itself, so waiting makes sense.
    static bool comes_by_itself(const bj::value& need) {
        return text_at(need, "/name") == "dcv_publication" || is_picked_up(need);
    }

    template <class Test>
    bool only_needs(const Test& test) const {
        const bj::value* const needs = find(request_, "/needs");
        return needs != nullptr && needs->is_array() && !needs->get_array().empty() &&
               std::ranges::all_of(needs->get_array(), test);
    }

    void tell_what_to_do() {
        Style style = session_.style();
        style.paint = session_.console.paint_error();
        session_.console.error(next_story(request_, style));
    }

    // nullopt: go on waiting.
    std::optional<Exit> ask_person() {
        const bj::value* const need = open_need();
        if (need == nullptr && !answered_.empty()) return std::nullopt;
        const bool asks = plan_.ask && session_.console.can_ask() && !only_needs(is_picked_up);
        if (need == nullptr || !asks) {
            if (only_needs(comes_by_itself)) {
                const std::string now = bj::serialize(*find(request_, "/needs"));
                if (now != published_) tell_what_to_do();
                published_ = now;
                return std::nullopt;
            }
            session_.console.error(clean(id()) + " waits for a person");
            // Those who read tables are told by the request's own page, which comes next.
            if (!session_.human()) tell_what_to_do();
            return Exit::needs_person;
        }
        const Given given = ask_for(session_, id(), *need);
        if (given.code) return given.code;
        if (given.how == Asked::given) answered_.insert(print_of(*need));
        if (given.how == Asked::interrupted) return detach();
        if (given.how == Asked::ended) return Exit::needs_person;
        return std::nullopt;
    }

    Exit detach() {
        session_.console.error(
            "\ndetached; the request goes on. To wait again: cabroker request wait " + clean(id()));
        return Exit::interrupted;
    }

    std::optional<domain::Duration> left() const {
        if (!plan_.limit) return kRound;
        const domain::Duration rest = *plan_.limit - since(start_);
        if (rest.count() <= 0) return std::nullopt;
        return std::min(kRound, rest);
    }

    Exit out_of_time() {
        session_.console.note("still running; to wait on: cabroker request wait " + clean(id()));
        return Exit::still_running;
    }

    // Puts the next body into `reply`, or gives the code to end with.
    std::optional<Exit> next(Reply& reply) {
        const std::optional<domain::Duration> round = left();
        if (interrupted()) return detach();
        if (!round) return out_of_time();
        Call call;
        call.target = request_path(id()) + fmt::format("?wait={}ms&for=change", round->count());
        call.limit = *round + domain::Duration(15'000);
        if (const std::string etag = reply.header("etag"); !etag.empty()) {
            call.headers.push_back("If-None-Match: " + etag);
        }
        const Clock::time_point asked = Clock::now();
        domain::Result<Reply> got = session_.client.send(call);
        if (interrupted()) return detach();
        if (got.has_error() || got->status == 503 || got->status == 429) return away(got);
        away_since_.reset();
        const bool changed = got->status == 200 && got->body != reply.body;
        if (!got->good()) return session_.refuse(*got);
        if (got->status == 200) reply = std::move(*got);
        if (!changed && since(asked) < domain::Duration(200)) pause_for(domain::Duration(300));
        return std::nullopt;
    }

    // The daemon is not there or busy: looks again for a while.
    std::optional<Exit> away(const domain::Result<Reply>& got) {
        if (!away_since_) {
            away_since_ = Clock::now();
            session_.console.progress("the daemon does not answer; looking for it again");
        }
        if (since(*away_since_) >= session_.settings.reconnect) {
            const Exit code = got.has_error() ? session_.lost(got.error()) : session_.refuse(*got);
            session_.console.error("to wait again: cabroker request wait " + clean(id()));
            return code;
        }
        if (!pause_for(domain::Duration(500))) return detach();
        return std::nullopt;
    }

    Session& session_;
    const WaitPlan& plan_;
    Clock::time_point start_ = Clock::now();
    std::optional<Clock::time_point> away_since_;
    bj::value request_;
    std::string told_;
    std::set<std::string> answered_;
    /// The needs that were told last as something to publish.
    std::string published_;
};

}  // namespace

std::string request_path(std::string_view id, std::string_view below) {
    return "/v1/requests/" + percent(id) + std::string(below.empty() ? "" : "/") +
           std::string(below);
}

OrExit<std::optional<WaitPlan>> wait_plan(Session& session, const Arguments& arguments) {
    std::optional<WaitPlan> plan;
    if (!arguments.has("wait")) return plan;
    plan.emplace();
    const std::string text = arguments.text("wait");
    if (text == "forever") return plan;
    plan->limit = domain::parse_duration(text);
    if (!plan->limit)
        return session.fail(Exit::usage,
                            "--wait is alone or with a time such as --wait=30s, 10m, 2h");
    return plan;
}

Waited follow(Session& session, Reply first, const WaitPlan& plan) {
    return Follower(session, plan).go(std::move(first));
}

Exit finish(Session& session, Reply reply, const std::optional<WaitPlan>& plan) {
    if (!plan) return session.show(reply.body, request_view());
    const Waited waited = follow(session, std::move(reply), *plan);
    if (!waited.body.empty() && !plan->show_each) {
        const Exit shown = session.show(waited.body, request_view());
        if (shown == Exit::other) return shown;
    }
    return waited.code;
}

}  // namespace cabroker::cli
