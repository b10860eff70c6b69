#include "cli/input.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>

#include "cli/follow.hpp"
#include "cli/interrupt.hpp"
#include "cli/story.hpp"
#include "cli/text.hpp"
#include "json/parse.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

// How a need is asked for. Names that are not known are treated as secret.
enum class Way { secret, visible, file, done, credentials };

Way way_of(const std::string& name) {
    if (name == "csr" || name == "authorization_mail") return Way::file;
    if (name == "dcv_publication") return Way::done;
    if (name == "account_credentials") return Way::credentials;
    if (name == "channel_confirmation" || name == "human_login" || name == "escalation" ||
        name == "ca_question") {
        return Way::visible;
    }
    return Way::secret;
}

std::string question_of(const std::string& name, Way way) {
    const std::string shown = clean(name);
    if (way == Way::file) return shown + ", name of the file: ";
    if (way == Way::done) return "Press Enter when it is published (Ctrl-C: later) ";
    if (way == Way::credentials) return "User name: ";
    if (name == "escalation") return "escalation (chase, reroute or give_up): ";
    return shown + ": ";
}

std::string introduction(const bj::value& need, const Session& session) {
    const Style style = session.style();
    std::string out = "The broker needs: " + clean(text_at(need, "/name"));
    if (const std::string error = clean(text_at(need, "/last_error/code")); !error.empty()) {
        out += "\n  last try: " + error;
    }
    if (const std::string hint = clean_lines(text_at(need, "/hint")); !hint.empty())
        out += "\n  " + hint;
    const bj::value* const details = find(need, "/details");
    if (details != nullptr && details->is_object()) {
        for (const auto& [key, value] : details->get_object()) {
            if (!value.is_null()) out += "\n  " + clean(key) + ": " + clean(text_at(value, ""));
        }
    }
    if (const std::string end = when(need, "/expires_at", style); !end.empty())
        out += "\n  expires " + end;
    if (const std::string left = clean(text_at(need, "/attempts_left")); !left.empty()) {
        out += "\n  attempts left: " + left;
    }
    return out;
}

// Is this need no longer on the request?
bool gone(Session& session, const std::string& id, const std::string& name) {
    Call call;
    call.target = request_path(id);
    const domain::Result<Reply> reply = session.client.send(call);
    if (reply.has_error() || reply->status != 200) return false;
    const domain::Result<bj::value> body = json::parse(reply->body);
    if (body.has_error()) return false;
    const bj::value* const needs = find(*body, "/needs");
    if (needs == nullptr || !needs->is_array()) return true;
    for (const bj::value& need : needs->get_array()) {
        if (text_at(need, "/name") == name) return false;
    }
    return true;
}

// The value that a line of the terminal stands for; nothing when it must be asked again.
std::optional<domain::Secret> value_from(Session& session, Way way, domain::Secret line,
                                         Asked& how) {
    if (way == Way::done) return domain::Secret(std::string_view("done"));
    if (line.empty()) return std::nullopt;
    if (way == Way::file) {
        OrExit<std::string> text = read_file(session, std::string(line.reveal()), kMostText);
        if (text.has_error()) return std::nullopt;
        return domain::Secret(std::move(*text));
    }
    if (way != Way::credentials) return line;
    Answer password = session.console.ask("Password: ", Echo::off);
    how = password.how;
    bj::object both;
    both["username"] = bj::string(line.reveal());
    both["password"] = bj::string(password.value.reveal());
    return domain::Secret(bj::serialize(both));
}

}  // namespace

Given ask_for(Session& session, const std::string& id, const bj::value& need) {
    const std::string name = text_at(need, "/name");
    const Way way = way_of(name);
    session.console.error(introduction(need, session));
    while (true) {
        const Echo echo = way == Way::secret ? Echo::off : Echo::on;
        Answer answer = session.console.ask(question_of(name, way), echo,
                                            [&] { return gone(session, id, name); });
        if (answer.how == Asked::moot) session.console.note("no longer needed");
        if (answer.how != Asked::given) return {std::nullopt, answer.how};
        Asked how = Asked::given;
        const std::optional<domain::Secret> value =
            value_from(session, way, std::move(answer.value), how);
        if (how != Asked::given) return {std::nullopt, how};
        if (!value) continue;
        const domain::Result<Reply> reply = post_input(session, id, name, *value);
        if (reply.has_error()) return {session.lost(reply.error()), Asked::given};
        if (reply->good()) return {};
        if (reply->status == 409 && reply->body.find("\"input_not_needed\"") != std::string::npos) {
            session.console.note("no longer needed");
            return {std::nullopt, Asked::moot};
        }
        const Exit code = session.refuse(*reply);
        if (reply->status != 422) return {code, Asked::given};
    }
}

domain::Result<Reply> post_input(Session& session, const std::string& id, const std::string& name,
                                 const domain::Secret& value) {
    bj::object body;
    body["name"] = name;
    body["value"] = bj::string(value.reveal());
    if (name == "account_credentials") {
        const domain::Result<bj::value> both = json::parse(value.reveal());
        if (both.has_value() && both->is_object()) body["value"] = *both;
    }
    Call call;
    call.method = "POST";
    call.target = request_path(id, "inputs");
    call.body = bj::serialize(body);
    return session.client.send_once(std::move(call), session.next_key());
}

OrExit<std::string> read_file(Session& session, const std::string& path, std::size_t most) {
    const bool standard = path == "-";
    if (standard) session.console.stdin_is_used();
    const int fd = standard ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    const auto why = [&] { return "cannot read " + clean(path) + ": " + std::strerror(errno); };
    if (fd < 0) return session.fail(Exit::usage, why());
    std::string text;
    std::array<char, 65536> buffer{};
    ssize_t got = 0;
    while (text.size() <= most) {
        got = read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR && !interrupted()) continue;
        if (got <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    const std::string failure = got < 0 ? why() : "";
    if (!standard) close(fd);
    if (!failure.empty()) return session.fail(Exit::usage, failure);
    if (text.size() > most) {
        return session.fail(Exit::usage,
                            fmt::format("cannot send {}: it is over {} octets", clean(path), most));
    }
    return text;
}

OrExit<std::string> read_csr(Session& session, const std::string& path) {
    OrExit<std::string> text = read_file(session, path, kMostText);
    if (text.has_error() || text->find("PRIVATE KEY-----") == std::string::npos) return text;
    domain::wipe(*text);
    return session.fail(Exit::invalid, "cannot send " + clean(path) +
                                           ": it holds a private key; send the CSR only "
                                           "(private_key_pasted)\nnothing was sent");
}

}  // namespace cabroker::cli
