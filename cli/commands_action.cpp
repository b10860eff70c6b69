// request cancel, retry, input, approve, reject, resolve, reroute, comment, forgot: acting on a
// request.
#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/follow.hpp"
#include "cli/input.hpp"
#include "cli/session.hpp"
#include "cli/text.hpp"
#include "json/parse.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

// Puts the options that were given into a body under their own names.
bj::object body_of(const Arguments& arguments, std::initializer_list<const char*> names) {
    bj::object body;
    for (const char* const name : names) {
        if (arguments.has(name)) body[name] = arguments.text(name);
    }
    return body;
}

Exit act(Session& session, const Arguments& arguments, std::string_view action,
         const bj::object& body) {
    const OrExit<std::optional<WaitPlan>> plan = wait_plan(session, arguments);
    if (plan.has_error()) return plan.error();
    OrExit<Reply> reply = session.post(request_path(arguments.text("ID"), action), body);
    if (reply.has_error()) return reply.error();
    return finish(session, std::move(*reply), *plan);
}

Exit cancel(Session& session, const Arguments& arguments) {
    bj::object body = body_of(arguments, {"reason"});
    if (arguments.has("abandon")) body["abandon"] = true;
    return act(session, arguments, "cancel", body);
}

Exit retry(Session& session, const Arguments& arguments) {
    return act(session, arguments, "retry", {});
}

Exit approve(Session& session, const Arguments& arguments) {
    return act(session, arguments, "approve", body_of(arguments, {"note"}));
}

Exit reject(Session& session, const Arguments& arguments) {
    return act(session, arguments, "reject", body_of(arguments, {"reason"}));
}

Exit forgot(Session& session, const Arguments& arguments) {
    return act(session, arguments, "forgot", {});
}

Exit reroute(Session& session, const Arguments& arguments) {
    if (!arguments.has("adapter"))
        return session.fail(Exit::usage, "reroute where? give --adapter NAME");
    return act(session, arguments, "reroute", body_of(arguments, {"adapter", "reason"}));
}

Exit resolve(Session& session, const Arguments& arguments) {
    if (!arguments.has("state"))
        return session.fail(Exit::usage, "how did it end? give --state succeeded or failed");
    if (!arguments.has("note"))
        return session.fail(Exit::usage, "how do you know? give --note TEXT");
    bj::object body = body_of(arguments, {"state", "code", "note"});
    if (arguments.has("certificate")) {
        const OrExit<std::string> pem = read_csr(session, arguments.text("certificate"));
        if (pem.has_error()) return pem.error();
        body["certificate"] = *pem;
    }
    return act(session, arguments, "resolve", body);
}

Exit comment(Session& session, const Arguments& arguments) {
    bj::object body;
    body["text"] = arguments.text("TEXT");
    const OrExit<Reply> reply = session.post(request_path(arguments.text("ID"), "comments"), body);
    if (reply.has_error()) return reply.error();
    if (session.human()) session.console.note("comment added");
    return session.human() ? Exit::ok : session.show(reply->body, plain_view());
}

// After an input: waits when asked to, else says so and ends.
Exit after_input(Session& session, const std::string& id, const std::optional<WaitPlan>& plan) {
    session.console.note("given");
    if (!plan) return Exit::ok;
    OrExit<Reply> now = session.get(request_path(id));
    if (now.has_error()) return now.error();
    return finish(session, std::move(*now), plan);
}

Exit input_from_file(Session& session, const Arguments& arguments, const std::string& id,
                     const std::string& name) {
    OrExit<std::string> text = read_file(session, arguments.text("value-file"), kMostText);
    if (text.has_error()) return text.error();
    if (name != "authorization_mail" && text->ends_with('\n')) text->pop_back();
    if (name != "authorization_mail" && text->ends_with('\r')) text->pop_back();
    const domain::Secret value(std::move(*text));
    const domain::Result<Reply> reply = post_input(session, id, name, value);
    if (reply.has_error()) return session.lost(reply.error());
    return reply->good() ? Exit::ok : session.refuse(*reply);
}

// Asks on the terminal, with the request's own hint.
Exit input_from_terminal(Session& session, const std::string& id, const std::string& name) {
    const std::string command =
        "cabroker request input " + clean(id) + ' ' + shell_word(clean(name));
    if (!session.console.can_ask()) {
        return session.fail(Exit::usage,
                            "there is no terminal to ask on: " + command + " --value-file FILE|-");
    }
    const OrExit<Reply> reply = session.get(request_path(id));
    if (reply.has_error()) return reply.error();
    const domain::Result<bj::value> request = json::parse(reply->body);
    const bj::value* const needs = request.has_value() ? find(*request, "/needs") : nullptr;
    if (needs != nullptr && needs->is_array()) {
        for (const bj::value& need : needs->get_array()) {
            if (text_at(need, "/name") != name) continue;
            const Given given = ask_for(session, id, need);
            if (given.code) return *given.code;
            if (given.how == Asked::moot) return Exit::conflict;
            return given.how == Asked::given ? Exit::ok : Exit::needs_person;
        }
    }
    return session.fail(Exit::conflict,
                        clean(name) + " is not asked for now: cabroker request show " + clean(id));
}

Exit input(Session& session, const Arguments& arguments) {
    const OrExit<std::optional<WaitPlan>> plan = wait_plan(session, arguments);
    if (plan.has_error()) return plan.error();
    const std::string id = arguments.text("ID");
    const std::string name = arguments.text("NAME");
    const Exit code = arguments.has("value-file") ? input_from_file(session, arguments, id, name)
                                                  : input_from_terminal(session, id, name);
    return code == Exit::ok ? after_input(session, id, *plan) : code;
}

}  // namespace

std::vector<Command> action_commands() {
    const Positional id{"ID", "req_..."};
    const Option reason{"--reason", "TEXT", "Why"};
    const Option note{"--note", "TEXT", "A note for the record"};
    return {
        {"request input",
         "Give what a request needs; asks without echo",
         {id, {"NAME", "access_code, challenge_phrase, ..."}},
         with_wait_options({{"--value-file", "FILE|-", "Read the value from a file or stdin"}}),
         input},
        {"request cancel",
         "Stop a request before it reaches the CA",
         {id},
         with_wait_options({reason, {"--abandon", "", "Stop watching it even if the CA goes on"}}),
         cancel},
        {"request retry", "Try now; a failed one starts anew", {id}, with_wait_options({}), retry},
        {"request approve",
         "Say yes to a request that waits for approval",
         {id},
         with_wait_options({note}),
         approve},
        {"request reject", "Say no to it", {id}, with_wait_options({reason}), reject},
        {"request resolve",
         "Close a request by hand, with how you know",
         {id},
         with_wait_options({{"--state", "STATE", "succeeded or failed"},
                            {"--code", "CODE", "The outcome's code"},
                            note,
                            {"--certificate", "FILE|-", "The issued certificate, PEM"}}),
         resolve},
        {"request reroute",
         "Give it to another adapter (daemons to come)",
         {id},
         with_wait_options({{"--adapter", "NAME", "The adapter"}, reason}),
         reroute},
        {"request forgot",
         "Ask for the reminder question of a transfer (daemons to come)",
         {id},
         with_wait_options({}),
         forgot},
        {"request comment", "Add a comment", {id, {"TEXT", "The comment"}}, {}, comment},
    };
}

}  // namespace cabroker::cli
