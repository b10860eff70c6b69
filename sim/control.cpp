#include "sim/control.hpp"

#include <algorithm>
#include <charconv>

#include "json/parse.hpp"
#include "json/reader.hpp"
#include "json/time_text.hpp"
#include "sim/control_json.hpp"

namespace cabroker::sim {
namespace {

namespace js = boost::json;

std::uint64_t number_of(const std::string& text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

bool is_read(const HttpRequest& request) {
    return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

HttpReply Control::instead(const Fault& /*fault*/, const HttpRequest& /*request*/) {
    return refused(500);
}
HttpReply Control::refused(unsigned status) { return trouble(status, "cannot take the request"); }

HttpReply Control::handle(const HttpRequest& request) {
    world_.settle();
    const std::string_view path = request.path;
    const bool read = is_read(request);
    if (path == "/state" && read) {
        HttpReply reply = json_reply(200, nullptr);
        reply.body = state_;
        return reply;
    }
    if (path == "/books" && read) return books(request);
    if (path == "/effects" && read) return effects(request);
    if (path == "/accounts") return accounts(request);
    if (path == "/mailbox") return mailbox(request);
    if (path == "/desk/mails" && read) return desk_mails();
    if (path == "/desk/mails" && request.method == "DELETE") {
        desk_.forget();
        return json_reply(200, js::object());
    }
    if (path == "/clock") return clock(request);
    if (path == "/faults") return faults(request);
    if (path == "/orders") return orders(request);
    if (path.starts_with("/orders/")) return one_order(request, path.substr(8));
    return trouble(404, "no such path or method");
}

HttpReply Control::mailbox(const HttpRequest& request) const {
    const std::string& to = field(request.query, "to");
    if (request.method == "DELETE") {
        world_.post().forget(to);
        return json_reply(200, js::object());
    }
    const std::string& order = field(request.query, "order");
    const std::uint64_t after = number_of(field(request.query, "after"));
    js::array items;
    js::value code = nullptr;
    for (const SentMail& sent : world_.post().mails()) {
        if (sent.number <= after) continue;
        if (!to.empty() && lower(sent.mail.to) != lower(to)) continue;
        if (!order.empty() && sent.mail.order_id != order) continue;
        items.push_back(json_of(sent));
        if (!sent.mail.code.empty()) code = sent.mail.code;
    }
    js::object out;
    out["items"] = std::move(items);
    out["code"] = std::move(code);
    return json_reply(200, out);
}

HttpReply Control::desk_mails() const {
    js::array items;
    for (const DeskMail& mail : desk_.mails()) items.push_back(json_of(mail));
    js::object out;
    out["items"] = std::move(items);
    return json_reply(200, out);
}

HttpReply Control::clock(const HttpRequest& request) {
    SimClock& clock = world_.clock();
    if (!is_read(request)) {
        const auto body = json::parse(request.body);
        if (!body) return trouble(400, body.error().detail);
        json::Problems problems;
        json::ObjectReader reader(*body, "", problems);
        const auto advance = reader.line("advance");
        const auto offset = reader.line("offset");
        reader.finish();
        const auto by = advance ? parse_signed_duration(*advance) : domain::Duration();
        const auto fixed = offset ? parse_signed_duration(*offset) : clock.offset();
        if (!by) reader.complain("advance", "bad_format", "write it as 2h or -30m");
        if (!fixed) reader.complain("offset", "bad_format", "write it as 2h or -30m");
        if (!problems.empty()) return trouble(problems);
        clock.set_offset(*fixed + *by);
        world_.settle();
    }
    js::object out;
    out["now"] = json::time_text(clock.now());
    out["offset_ms"] = clock.offset().count();
    return json_reply(200, out);
}

HttpReply Control::faults(const HttpRequest& request) {
    if (request.method == "DELETE") faults_.clear();
    if (request.method == "POST") {
        const auto body = json::parse(request.body);
        if (!body) return trouble(400, body.error().detail);
        json::Problems problems;
        json::ObjectReader reader(*body, "", problems);
        Fault fault;
        reader.require("where");
        reader.require("what");
        fault.where = reader.line("where").value_or("");
        fault.what = reader.line("what").value_or("");
        fault.times = static_cast<std::uint32_t>(reader.integer("times", 0, 1'000'000).value_or(1));
        fault.after = static_cast<std::uint32_t>(reader.integer("after", 0, 1'000'000).value_or(0));
        fault.bytes = static_cast<std::uint64_t>(reader.integer("bytes", 0, INT64_MAX).value_or(0));
        fault.delay = reader.duration("delay").value_or(domain::Duration());
        fault.commit = reader.boolean("commit");
        fault.detail = reader.line("detail").value_or("");
        reader.finish();
        const auto& known = known_faults();
        if (std::find(known.begin(), known.end(), fault.what) == known.end()) {
            reader.complain("what", "unknown_value", "see sim/README.md");
        }
        if (!problems.empty()) return trouble(problems);
        faults_.add(std::move(fault));
    }
    js::array items;
    for (const Fault& fault : faults_.all()) items.push_back(json_of(fault));
    js::object out;
    out["items"] = std::move(items);
    return json_reply(200, out);
}

}  // namespace cabroker::sim
