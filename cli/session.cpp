#include "cli/session.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/interrupt.hpp"
#include "cli/text.hpp"
#include "json/parse.hpp"
#include "runtime/clock.hpp"
#include "runtime/random.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

Client make_client(Console& console, const Settings& settings) {
    if (!settings.verbose) return Client(settings.socket, {});
    return Client(settings.socket,
                  [&console](const std::string& line) { console.error(clean(line)); });
}

}  // namespace

Session::Session(Settings given)
    : console(given), client(make_client(console, given)), settings(std::move(given)) {}

std::string Session::next_key() {
    if (!key_used_ && !settings.idempotency_key.empty()) {
        key_used_ = true;
        return settings.idempotency_key;
    }
    runtime::SystemRandom random;
    return random.hex(16);
}

OrExit<Reply> Session::call(Call call) {
    const domain::Result<Reply> reply =
        call.method == "POST" ? client.send_once(std::move(call), next_key()) : client.send(call);
    if (reply.has_error()) return lost(reply.error());
    if (!reply->good()) return refuse(*reply);
    return *reply;
}

OrExit<Reply> Session::get(std::string target) {
    Call what;
    what.target = std::move(target);
    return call(std::move(what));
}

OrExit<Reply> Session::post(std::string target, const bj::object& body) {
    Call what;
    what.method = "POST";
    what.target = std::move(target);
    if (!body.empty()) what.body = bj::serialize(body);
    return call(std::move(what));
}

Style Session::style() const {
    Style style;
    style.paint = console.paint();
    style.now = runtime::SystemClock().now();
    style.wide = settings.output == Output::wide;
    style.absolute = style.wide;
    return style;
}

void Session::write_human(const bj::value& body, const View& view) {
    const bj::array* const items = items_of(body);
    if (items == nullptr) {
        const auto story = view.story == nullptr ? plain_story : view.story;
        console.out(story(body, style()));
        return;
    }
    std::vector<std::string> storage;
    if (items->empty()) {
        console.note("nothing found");
    } else if (view.columns.empty()) {
        console.out(table(*items, guessed_columns(*items, storage), style()));
    } else {
        console.out(table(*items, view.columns, style()));
    }
}

void Session::write_data(const std::string& text, const bj::value& body, const View& view) {
    const bool terminal = console.out_is_terminal();
    const bj::array* const items = items_of(body);
    const bj::array one = items == nullptr ? bj::array{body} : bj::array{};
    const bj::array& things = items == nullptr ? one : *items;
    std::vector<std::string> storage;
    switch (settings.output) {
        case Output::json:
            console.out(terminal ? clean_json(text) : text);
            if (terminal && !text.ends_with('\n')) console.out("\n");
            break;
        case Output::jsonl:
            for (const bj::value& thing : things) {
                const std::string line = bj::serialize(thing);
                console.out((terminal ? clean_json(line) : line) + '\n');
            }
            break;
        case Output::yaml:
            console.out(yaml(body));
            break;
        case Output::csv:
            console.out(csv(
                things, view.columns.empty() ? guessed_columns(things, storage) : view.columns));
            break;
        case Output::name:
            for (const bj::value& thing : things) {
                const std::string name = clean(text_at(thing, view.name_pointer));
                if (!name.empty()) console.out(name + '\n');
            }
            break;
        case Output::table:
        case Output::wide:
            write_human(body, view);
            break;
    }
}

Exit Session::show(const std::string& body, const View& view) {
    if (body.empty()) return Exit::ok;
    const domain::Result<bj::value> value = json::parse(body);
    if (value.has_error()) {
        return fail(Exit::other, "cannot read the daemon's answer: " + clean(value.error().detail));
    }
    write_data(body, *value, view);
    if (!console.flush()) return fail(Exit::other, "cannot write to stdout");
    return exit_for_body(*value);
}

Exit Session::get_and_show(std::string target, const View& view) {
    const OrExit<Reply> reply = get(std::move(target));
    return reply.has_error() ? reply.error() : show(reply->body, view);
}

Exit Session::show_list(std::string target, const View& view, bool all) {
    if (all && settings.output == Output::json) {
        return fail(Exit::usage, "json is one page as the API sent it; with --all use -o jsonl");
    }
    const OrExit<Reply> first = get(target);
    if (first.has_error()) return first.error();
    const domain::Result<bj::value> page = json::parse(first->body);
    std::string token = page.has_value() ? text_at(*page, "/next_page_token") : "";
    if (token.empty() || !all) {
        const Exit code = show(first->body, view);
        if (code == Exit::ok && !token.empty()) {
            console.note("there are more: --all (or --page-token " + shell_word(clean(token)) +
                         ")");
        }
        return code;
    }
    bj::array items = *items_of(*page);
    constexpr std::size_t kMostItems = 1'000'000;
    while (!token.empty() && items.size() < kMostItems) {
        const OrExit<Reply> reply = get(with_query(target, {{"page_token", token}}));
        if (reply.has_error()) return reply.error();
        const domain::Result<bj::value> next = json::parse(reply->body);
        const bj::array* const more = next.has_value() ? items_of(*next) : nullptr;
        if (more == nullptr) return fail(Exit::other, "cannot read the daemon's answer");
        items.insert(items.end(), more->begin(), more->end());
        const std::string following = text_at(*next, "/next_page_token");
        token = following == token ? "" : following;
    }
    bj::object whole;
    whole["items"] = std::move(items);
    return show(bj::serialize(whole), view);
}

Exit Session::fail(Exit code, std::string_view text) {
    console.error(console.paint_error()(Tone::bad, "cabroker:") + ' ' + std::string(text));
    return code;
}

Exit Session::lost(const domain::Error& error) {
    if (interrupted()) return Exit::interrupted;
    const bool reading = error.code == domain::ErrorCode::limit_exceeded;
    return fail(reading ? Exit::other : Exit::unreachable, error.detail);
}

Exit Session::refuse(const Reply& reply) {
    const domain::Result<bj::value> body = json::parse(reply.body);
    const bool problem = body.has_value() && body->is_object();
    const bool retryable = problem && text_at(*body, "/retryable") == "true";
    const Exit code = exit_for_status(reply.status, retryable);
    if (!problem) {
        return fail(code, fmt::format("the daemon answered {}: {}", reply.status,
                                      cut(clean(reply.body), 400)));
    }
    if (settings.output == Output::json || settings.output == Output::jsonl) {
        console.error(clean_json(reply.body));
        return code;
    }
    fail(code, problem_text(*body, reply.status));
    if (const bj::value* const list = find(*body, "/candidates");
        list != nullptr && list->is_array()) {
        Style plain = style();
        plain.paint = console.paint_error();
        console.error(table(list->get_array(), order_view().columns, plain));
    }
    if (const std::string hint = hint_for(*body); !hint.empty()) console.error("hint: " + hint);
    if (const std::string after = reply.header("retry-after"); !after.empty()) {
        console.error("try again in " + clean(after) + " s");
    }
    return code;
}

Exit exit_for_body(const bj::value& body) {
    const bj::value* const state = find(body, "/state");
    const bool request = state != nullptr && find(body, "/kind") != nullptr;
    return request ? exit_for_state(text_at(body, "/state")) : Exit::ok;
}

}  // namespace cabroker::cli
