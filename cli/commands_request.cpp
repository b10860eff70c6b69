// request list, show, watch, wait, messages, artifacts, timeline: looking at requests.
#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/files.hpp"
#include "cli/follow.hpp"
#include "cli/session.hpp"
#include "cli/story.hpp"
#include "cli/text.hpp"
#include "json/parse.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

using Pairs = std::vector<std::pair<std::string, std::string>>;

Exit list_requests(Session& session, const Arguments& arguments) {
    Pairs query;
    for (const char* const name :
         {"state", "kind", "brand", "supplier", "adapter", "order", "sort", "limit"}) {
        query.emplace_back(name, arguments.text(name));
    }
    query.emplace_back("created_after", arguments.text("created-after"));
    query.emplace_back("external_ref", arguments.text("ref"));
    query.emplace_back("q", arguments.text("search"));
    query.emplace_back("page_token", arguments.text("page-token"));
    for (const std::string& label : arguments.all("label")) query.emplace_back("label", label);
    return session.show_list(with_query("/v1/requests", query), request_view(),
                             arguments.has("all"));
}

Exit show_request(Session& session, const Arguments& arguments) {
    const std::string id = arguments.text("ID");
    const OrExit<Reply> reply = session.get(request_path(id));
    if (reply.has_error()) return reply.error();
    const Exit code = session.show(reply->body, request_view());
    if (!session.human()) return code;
    const domain::Result<bj::value> request = json::parse(reply->body);
    if (request.has_error()) return code;
    Call call;
    call.target = request_path(id, "timeline?limit=500");
    const domain::Result<Reply> timeline = session.client.send(call);
    if (timeline.has_value() && timeline->status == 200) {
        const domain::Result<bj::value> entries = json::parse(timeline->body);
        if (entries.has_value()) session.console.out(timeline_tail(*entries, session.style()));
    }
    session.console.out(go_on(*request));
    return code;
}

Exit wait_for(Session& session, const Arguments& arguments, WaitPlan plan) {
    if (arguments.has("timeout")) {
        plan.limit = domain::parse_duration(arguments.text("timeout"));
        if (!plan.limit)
            return session.fail(Exit::usage, "--timeout is a time such as 30s, 10m or 2h");
    }
    OrExit<Reply> reply = session.get(request_path(arguments.text("ID")));
    if (reply.has_error()) return reply.error();
    return finish(session, std::move(*reply), plan);
}

Exit wait(Session& session, const Arguments& arguments) {
    return wait_for(session, arguments, WaitPlan{});
}

Exit watch(Session& session, const Arguments& arguments) {
    WaitPlan plan;
    plan.stop_for_person = false;
    plan.ask = false;
    plan.show_each = true;
    return wait_for(session, arguments, plan);
}

Exit messages(Session& session, const Arguments& arguments) {
    if (arguments.has("raw")) {
        Call call;
        call.target = "/v1/messages/" + percent(arguments.text("raw")) + "/raw";
        call.headers.emplace_back("Accept: message/rfc822, */*;q=0.5");
        const OrExit<Reply> reply = session.call(std::move(call));
        if (reply.has_error()) return reply.error();
        session.console.out(session.console.out_is_terminal() ? clean_lines(reply->body)
                                                              : reply->body);
        return Exit::ok;
    }
    return session.get_and_show(request_path(arguments.text("ID"), "messages"), message_view());
}

Exit timeline(Session& session, const Arguments& arguments) {
    return session.show_list(request_path(arguments.text("ID"), "timeline?limit=500"),
                             timeline_view(), arguments.has("all"));
}

Exit artifacts(Session& session, const Arguments& arguments) {
    const std::string id = arguments.text("ID");
    if (!arguments.has("out"))
        return session.get_and_show(request_path(id, "artifacts"), artifact_view());
    const FilePlan plan{arguments.text("out"), arguments.all("format"), arguments.has("force")};
    if (const Exit code = check_directory(session, plan.directory); code != Exit::ok) return code;
    return write_artifacts(session, id, plan);
}

std::vector<Option> list_options() {
    return {{"--state", "STATES", "needs_input,waiting_ca: one of these"},
            {"--kind", "KINDS", "status, reissue, revoke, cancel, download, transfer"},
            {"--brand", "BRANDS", "Brands, comma between"},
            {"--supplier", "SUPPLIERS", "digicert, sectigo, trustwave"},
            {"--adapter", "NAMES", "Adapters, comma between"},
            {"--order", "ID", "Of this order"},
            {"--ref", "SYS:ID", "With this reference"},
            {"--label", "K=V", "With this label; again for more", true},
            {"--created-after", "TIME", "2026-11-22T00:00:00Z"},
            {"--search", "TEXT", "Words in common name, ids and note"},
            {"--sort", "FIELD", "[-]created_at or [-]updated_at"},
            {"--limit", "N", "So many a page (50, at most 500)"},
            {"--page-token", "TOKEN", "The page after"},
            {"--all", "", "All pages"}};
}

}  // namespace

std::vector<Command> request_commands() {
    const Positional id{"ID", "req_..."};
    const Option timeout{"--timeout", "DUR", "At most so long, such as 10m"};
    const Option reconnect{"--reconnect", "DUR",
                           "How long to look for a daemon that went away (60s)"};
    return {
        {"request list", "List requests", {}, list_options(), list_requests},
        {"request show", "One request on one page: whose turn, what to do", {id}, {}, show_request},
        {"request watch", "Print each change until it ends", {id}, {timeout, reconnect}, watch},
        {"request wait",
         "Wait until it ends; asks for inputs on a terminal",
         {id},
         {timeout, reconnect},
         wait},
        {"request timeline",
         "What happened, oldest first",
         {id},
         {{"--all", "", "All pages, not the first 500 entries only"}},
         timeline},
        {"request messages",
         "Mails of a request",
         {id},
         {{"--raw", "MSG", "Print this mail as it was sent or received"}},
         messages},
        {"request artifacts",
         "Files of a request; --out writes them",
         {id},
         {{"--out", "DIR", "Write the files there"},
          {"--format", "FORMAT", "Only these; again for more", true},
          {"--force", "", "Replace files that exist"}},
         artifacts},
    };
}

}  // namespace cabroker::cli
