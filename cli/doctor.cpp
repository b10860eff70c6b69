// doctor: looks at everything between this user and a working broker, and says what to do.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "cli/command.hpp"
#include "cli/session.hpp"
#include "cli/text.hpp"
#include "json/parse.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

class Doctor {
  public:
    explicit Doctor(Session& session) : session_(session) {}

    Exit run() {
        if (!alive()) return write(Exit::unreachable);
        ready();
        version();
        role();
        adapters();
        mailboxes();
        return write(bad_ ? Exit::other : Exit::ok);
    }

  private:
    void add(const char* check, const char* result, const std::string& detail) {
        bj::object row;
        row["check"] = check;
        row["result"] = result;
        row["detail"] = detail;
        rows_.push_back(std::move(row));
        bad_ = bad_ || std::string_view(result) == "failed";
    }

    domain::Result<Reply> get(const char* target) {
        Call call;
        call.target = target;
        call.limit = domain::Duration(10'000);
        return session_.client.send(call);
    }

    // The body of a 200, else null.
    bj::value body(const domain::Result<Reply>& reply) {
        if (reply.has_error() || reply->status != 200) return nullptr;
        domain::Result<bj::value> value = json::parse(reply->body);
        return value.has_value() ? std::move(*value) : bj::value(nullptr);
    }

    bool alive() {
        const domain::Result<Reply> reply = get("/healthz");
        if (reply.has_error()) {
            add("socket", "failed", reply.error().detail);
            return false;
        }
        add("socket", "ok", session_.client.socket());
        const bool good = reply->status == 200;
        add("alive", good ? "ok" : "failed", fmt::format("/healthz answers {}", reply->status));
        return true;
    }

    void ready() {
        const domain::Result<Reply> reply = get("/readyz");
        if (reply.has_error()) {
            add("ready", "failed", reply.error().detail);
        } else if (reply->status == 200) {
            add("ready", "ok", "takes requests");
        } else if (reply->status == 403) {
            add("ready", "unknown", "you may not ask /readyz");
        } else {
            const domain::Result<bj::value> problem = json::parse(reply->body);
            add("ready", "failed",
                problem.has_value() && problem->is_object()
                    ? problem_text(*problem, reply->status)
                    : fmt::format("/readyz answers {}", reply->status));
        }
    }

    void version() {
        const std::string theirs = text_at(body(get("/v1/version")), "/version");
        if (theirs.empty()) {
            add("version", "unknown", std::string("client ") + CABROKER_VERSION);
        } else if (theirs == CABROKER_VERSION) {
            add("version", "ok", theirs);
        } else {
            add("version", "warning",
                fmt::format("client {}, daemon {}", CABROKER_VERSION, theirs));
        }
    }

    void role() {
        const domain::Result<Reply> reply = get("/v1/whoami");
        const bj::value me = body(reply);
        if (reply.has_value() && reply->status == 403) {
            add("role", "failed",
                "you have no role; ask to be added to cabroker-viewers or cabroker-operators");
        } else if (me.is_object()) {
            const bj::value* const roles = find(me, "/roles");
            const std::string role = roles != nullptr ? text_at(*roles, "") : text_at(me, "/role");
            add("role", "ok", role.empty() ? text_at(me, "/name") : role);
        } else {
            add("role", "unknown", "no answer from /v1/whoami");
        }
    }

    static bool is_bad(const bj::value& adapter) {
        const std::string state = text_at(adapter, "/state");
        return state == "down" || state == "misconfigured" || state == "unreachable";
    }

    // The list as it is, or once no adapter is bad: right after its start the daemon is still
    // connecting to them.
    bj::value settled_adapters() {
        constexpr int kTries = 10;
        bj::value list = body(get("/v1/adapters"));
        for (int i = 1; i < kTries; ++i) {
            const bj::array* const items = list.is_null() ? nullptr : items_of(list);
            if (items == nullptr || std::none_of(items->begin(), items->end(), is_bad)) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            list = body(get("/v1/adapters"));
        }
        return list;
    }

    void adapters() {
        const bj::value list = settled_adapters();
        const bj::array* const items = list.is_null() ? nullptr : items_of(list);
        if (items == nullptr) return;
        for (const bj::value& adapter : *items) {
            const std::string state = text_at(adapter, "/state");
            const std::string why = text_at(adapter, "/detail");
            add("adapter",
                is_bad(adapter)     ? "failed"
                : state == "paused" ? "warning"
                                    : "ok",
                text_at(adapter, "/name") + (state.empty() ? "" : ": " + state) +
                    (why.empty() ? "" : ", " + why));
        }
        if (items->empty()) add("adapter", "failed", "no adapter is configured");
    }

    void mailboxes() {
        const bj::value health = body(get("/v1/health"));
        const bj::value* const list = find(health, "/components");
        if (list == nullptr || !list->is_array()) return;
        for (const bj::value& part : list->get_array()) {
            const std::string name = text_at(part, "/name");
            if (!name.starts_with("mailbox/")) continue;
            const bool good = text_at(part, "/state") == "ok";
            add("mailbox", good ? "ok" : "failed",
                name.substr(8) + (good ? ": open" : ": " + text_at(part, "/detail")));
        }
    }

    Exit write(Exit code) {
        if (session_.human()) {
            for (const bj::value& row : rows_) {
                const std::string result = text_at(row, "/result");
                const Tone tone = result == "ok"       ? Tone::good
                                  : result == "failed" ? Tone::bad
                                                       : Tone::warn;
                std::string detail = clean_lines(text_at(row, "/detail"));
                for (std::size_t at = 0; (at = detail.find('\n', at)) != std::string::npos;
                     at += 20) {
                    detail.insert(at + 1, 19, ' ');
                }
                session_.console.out(session_.console.paint()(tone, fmt::format("{:<9}", result)) +
                                     fmt::format(" {:<8} {}\n", text_at(row, "/check"), detail));
            }
            return code;
        }
        bj::object whole;
        whole["items"] = rows_;
        static_cast<void>(session_.show(bj::serialize(whole), plain_view()));
        return code;
    }

    Session& session_;
    bj::array rows_;
    bool bad_ = false;
};

Exit doctor(Session& session, const Arguments&) { return Doctor(session).run(); }

}  // namespace

std::vector<Command> doctor_commands() {
    return {{"doctor", "Check everything between you and a working broker", {}, {}, doctor}};
}

}  // namespace cabroker::cli
