// adapter ..., route ..., csr inspect: what the broker can do and would do.
#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/input.hpp"
#include "cli/request_body.hpp"
#include "cli/session.hpp"
#include "json/parse.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

std::string adapter_path(const Arguments& arguments, const std::string& below = {}) {
    return "/v1/adapters/" + percent(arguments.text("NAME")) + below;
}

Exit list_adapters(Session& session, const Arguments&) {
    return session.show_list("/v1/adapters", adapter_view(), false);
}

Exit show_adapter(Session& session, const Arguments& arguments) {
    return session.get_and_show(adapter_path(arguments), adapter_view());
}

Exit sessions(Session& session, const Arguments& arguments) {
    return session.get_and_show(adapter_path(arguments, "/sessions"), plain_view());
}

Exit post(Session& session, const Arguments& arguments, const std::string& action) {
    const OrExit<Reply> reply = session.post(adapter_path(arguments, '/' + action), {});
    return reply.has_error() ? reply.error() : session.show(reply->body, adapter_view());
}

Exit pause(Session& session, const Arguments& arguments) {
    return post(session, arguments, "pause");
}
Exit resume(Session& session, const Arguments& arguments) {
    return post(session, arguments, "resume");
}
Exit check(Session& session, const Arguments& arguments) {
    const OrExit<Reply> reply = session.post(adapter_path(arguments, "/check"), {});
    if (reply.has_error()) return reply.error();
    const Exit shown = session.show(reply->body, plain_view());
    const domain::Result<bj::value> report = json::parse(reply->body);
    const bool bad = report.has_value() && text_at(*report, "/ok") == "false";
    return shown == Exit::ok && bad ? Exit::other : shown;
}

Exit routes(Session& session, const Arguments&) {
    return session.show_list("/v1/routes", route_view(), false);
}

Exit preview(Session& session, const Arguments& arguments) {
    OrExit<bj::object> body = request_body(session, arguments.text("KIND"), arguments);
    if (body.has_error()) return body.error();
    if (arguments.has("at")) (*body)["at"] = arguments.text("at");
    const OrExit<Reply> reply = session.post("/v1/route-preview", *body);
    return reply.has_error() ? reply.error() : session.show(reply->body, preview_view());
}

Exit inspect(Session& session, const Arguments& arguments) {
    const OrExit<std::string> csr = read_csr(session, arguments.text("FILE"));
    if (csr.has_error()) return csr.error();
    bj::object body;
    body["csr"] = *csr;
    if (arguments.has("order") || arguments.has("cn")) {
        OrExit<bj::object> order = order_member(session, arguments);
        if (order.has_error()) return order.error();
        body["order"] = std::move(*order);
    }
    const OrExit<Reply> reply = session.post("/v1/csr/inspect", body);
    if (reply.has_error()) return reply.error();
    const Exit code = session.show(reply->body, csr_view());
    const domain::Result<bj::value> report = json::parse(reply->body);
    const bool bad = report.has_value() && text_at(*report, "/ok") == "false";
    return code == Exit::ok && bad ? Exit::invalid : code;
}

std::vector<Option> preview_options() {
    std::vector<Option> options = order_options();
    options.push_back({"--csr", "FILE|-", "The CSR, PEM"});
    options.push_back({"--validation", "METHOD", "As for reissue"});
    options.push_back({"--reason", "TEXT", "As for reissue and revoke"});
    options.push_back({"--scope", "SCOPE", "As for revoke"});
    options.push_back({"--at", "TIME", "As of this time, such as 2027-01-01T00:00:00Z"});
    return options;
}

}  // namespace

std::vector<Command> adapter_commands() {
    const Positional name{"NAME", "The adapter's name"};
    return {
        {"adapter list", "The adapters and how they are", {}, {}, list_adapters},
        {"adapter show", "One adapter", {name}, {}, show_adapter},
        {"adapter pause", "Start no more work through it", {name}, {}, pause},
        {"adapter resume", "Go on with it", {name}, {}, resume},
        {"adapter check", "Try whether it can be reached", {name}, {}, check},
        {"adapter sessions", "Its open sign-ins", {name}, {}, sessions},
        {"route list", "The routing rules", {}, {}, routes},
        {"route preview",
         "What would become of a request, and why; stores nothing",
         {{"KIND", "status, reissue, revoke, cancel, download or transfer"}},
         preview_options(),
         preview},
        {"csr inspect",
         "Check a CSR, with --cn or --order also against an order",
         {{"FILE", "FILE or - for stdin"}},
         {{"--cn", "FQDN", "The order by its common name"}, {"--order", "ID", "The order"}},
         inspect},
    };
}

}  // namespace cabroker::cli
