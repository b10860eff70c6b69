// api, whoami, version, config check, completion.
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <climits>
#include <cstring>

#include "cli/command.hpp"
#include "cli/input.hpp"
#include "cli/session.hpp"
#include "cli/text.hpp"
#include "json/parse.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

// -d BODY, -d @FILE or -d -.
OrExit<std::string> given_body(Session& session, const Arguments& arguments) {
    constexpr std::size_t kMost = 256UL * 1024 * 1024;
    const std::string given = arguments.text("data");
    if (given == "-") return read_file(session, "-", kMost);
    if (given.starts_with('@')) return read_file(session, given.substr(1), kMost);
    return given;
}

bool wants_stream(const Arguments& arguments) {
    for (const std::string& header : arguments.all("header")) {
        if (header.find("text/event-stream") != std::string::npos) return true;
        if (header.find("x-ndjson") != std::string::npos) return true;
    }
    return false;
}

Exit pour(Session& session, const Call& call) {
    const bool terminal = session.console.out_is_terminal();
    const domain::Result<Reply> reply = session.client.stream(call, [&](std::string_view octets) {
        session.console.out(terminal ? clean_lines(octets) : std::string(octets));
        return session.console.flush();
    });
    if (reply.has_error()) return session.lost(reply.error());
    return reply->good() ? Exit::ok : session.refuse(*reply);
}

// What is not JSON goes through as it is; on a terminal without what would steer it.
Exit print_raw(Session& session, const Reply& reply) {
    const bool terminal = session.console.out_is_terminal();
    const bool json = reply.header("content-type").find("json") != std::string::npos;
    if (json && !session.human()) return session.show(reply.body, plain_view());
    if (!terminal) {
        session.console.out(reply.body);
    } else {
        session.console.out((json ? clean_json(reply.body) : clean_lines(reply.body)) + '\n');
    }
    const domain::Result<bj::value> body = json::parse(reply.body);
    return body.has_value() ? exit_for_body(*body) : Exit::ok;
}

Exit api(Session& session, const Arguments& arguments) {
    Call call;
    call.method = arguments.text("METHOD");
    for (char& c : call.method) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    call.target = arguments.text("PATH");
    if (!call.target.starts_with('/')) call.target = "/v1/" + call.target;
    for (const char c : call.method + call.target) {
        if (c <= ' ' || c == 0x7F)
            return session.fail(Exit::usage, "METHOD and PATH hold no blanks; encode them: %20");
    }
    OrExit<std::string> body = given_body(session, arguments);
    if (body.has_error()) return body.error();
    call.body = std::move(*body);
    for (const std::string& header : arguments.all("header")) {
        if (header.find_first_of("\r\n") != std::string::npos ||
            header.find(':') == std::string::npos) {
            return session.fail(Exit::usage, "-H is \"Name: value\"");
        }
        call.headers.push_back(header);
    }
    if (wants_stream(arguments)) {
        call.limit = domain::Duration(0);
        return pour(session, call);
    }
    call.limit = domain::Duration(900'000);
    const OrExit<Reply> reply = session.call(std::move(call));
    return reply.has_error() ? reply.error() : print_raw(session, *reply);
}

Exit whoami(Session& session, const Arguments&) {
    return session.get_and_show("/v1/whoami", plain_view());
}

Exit version(Session& session, const Arguments&) {
    if (session.human()) {
        session.console.out(std::string("client: ") + CABROKER_VERSION + '\n');
        session.console.out("daemon:\n");
    }
    return session.get_and_show("/v1/version", plain_view());
}

// cabrokerd beside this program, as in a build tree, else from PATH.
std::string daemon_program() {
    std::array<char, PATH_MAX> self{};
    const ssize_t size = readlink("/proc/self/exe", self.data(), self.size() - 1);
    if (size > 0) {
        std::string path(self.data(), static_cast<std::size_t>(size));
        path = path.substr(0, path.rfind('/') + 1);
        for (const std::string& place : {path + "cabrokerd", path + "../sbin/cabrokerd"}) {
            if (access(place.c_str(), X_OK) == 0) return place;
        }
    }
    return access("/usr/sbin/cabrokerd", X_OK) == 0 ? "/usr/sbin/cabrokerd" : "cabrokerd";
}

Exit config_check(Session& session, const Arguments& arguments) {
    std::string program = daemon_program();
    std::string check = "--check-config";
    std::string flag = "--config";
    std::string file = arguments.text("FILE");
    std::vector<char*> words{program.data(), check.data()};
    if (!file.empty()) {
        words.push_back(flag.data());
        words.push_back(file.data());
    }
    words.push_back(nullptr);
    execvp(program.c_str(), words.data());
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    return session.fail(Exit::other, "cannot run " + program + ": " + std::strerror(errno) +
                                         "; is cabrokerd installed here?");
}

Exit completion(Session& session, const Arguments& arguments) {
    const std::string shell = arguments.text("SHELL");
    if (shell != "bash" && shell != "zsh")
        return session.fail(Exit::usage, "completion is for bash or zsh");
    session.console.out(completion_script(shell));
    return Exit::ok;
}

}  // namespace

std::vector<Command> tool_commands() {
    return {
        {"api",
         "Call the API: method and path, body in and out as they are",
         {{"METHOD", "GET, POST, PATCH, ..."}, {"PATH", "/v1/..."}},
         {{"-d,--data", "BODY", "The body: text, @FILE, or - for stdin"},
          {"-H,--header", "LINE", "A header, \"Name: value\"; again for more", true}},
         api},
        {"whoami", "Who you are to the daemon, and your role", {}, {}, whoami},
        {"version", "Versions of client and daemon", {}, {}, version},
        {"config check",
         "Check the configuration with cabrokerd --check-config",
         {{"FILE", "The file", false}},
         {},
         config_check},
        {"completion", "Print a completion script", {{"SHELL", "bash or zsh"}}, {}, completion},
    };
}

}  // namespace cabroker::cli
