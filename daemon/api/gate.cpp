#include "daemon/api/gate.hpp"

#include <algorithm>

#include "daemon/api/problem.hpp"
#include "daemon/api/target.hpp"
#include "domain/ascii.hpp"
#include "domain/text_marks.hpp"

namespace cabroker::api {
namespace {

using domain::Error;
using domain::ErrorCode;

Passage refuse(Response response) {
    Passage passage;
    passage.refusal = std::make_unique<Response>(std::move(response));
    return passage;
}

Passage refuse(ErrorCode code, std::string detail) {
    return refuse(problem(code, std::move(detail)));
}

// Two readers of one message must never see different ends of it (request smuggling).
std::string framing_fault(const Head& head) {
    if (head.version_1_1 && head.hosts != 1) return "exactly one Host field is needed";
    if (head.hosts > 1) return "more than one Host field";
    if (head.content_lengths > 1) return "more than one Content-Length field";
    if (!head.transfer_encoding) return {};
    if (head.content_lengths > 0) return "both Content-Length and Transfer-Encoding";
    if (!head.version_1_1) return "Transfer-Encoding needs HTTP/1.1";
    if (head.transfer_encoding != "chunked") return "the only known Transfer-Encoding is chunked";
    return {};
}

bool is_visible_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_user_name(std::string_view text) {
    return !text.empty() && text.size() <= 255 &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; }) &&
           is_utf8(text) && !domain::has_direction_control(text);
}

std::string list_of(std::span<const std::string_view> names) {
    std::string list;
    for (std::string_view name : names) {
        if (name.ends_with('*')) name.remove_suffix(1);
        if (!list.empty()) list += ", ";
        list += name;
    }
    return list;
}

Passage judge_query(const Route& route, const Query& query) {
    for (const auto& [name, value] : query.items()) {
        const std::string_view wanted = name;
        const auto found =
            std::find_if(route.query.begin(), route.query.end(), [&](std::string_view known) {
                if (known.ends_with('*')) known.remove_suffix(1);
                return known == wanted;
            });
        if (found == route.query.end()) {
            const std::string allowed =
                route.query.empty() ? "this route takes none" : "allowed: " + list_of(route.query);
            return refuse(ErrorCode::unknown_parameter,
                          "cannot use the query parameter \"" + name + "\": " + allowed);
        }
        if (!found->ends_with('*') && query.all(name).size() > 1)
            return refuse(ErrorCode::bad_parameter,
                          "cannot use " + name + ": it is given more than once");
    }
    return {};
}

bool is_media_type(std::string_view header, std::string_view wanted) {
    const std::string_view type = header.substr(0, std::min(header.find(';'), header.size()));
    const auto end = type.find_last_not_of(" \t");
    if (end == std::string_view::npos) return false;
    const std::string_view trimmed = type.substr(0, end + 1);
    if (trimmed.size() != wanted.size()) return false;
    return std::equal(trimmed.begin(), trimmed.end(), wanted.begin(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

bool fits_media_type(const Route& route, const Head& head) {
    if (route.body == BodyKind::csv) return is_media_type(head.content_type, "text/csv");
    if (!head.has_body || route.body == BodyKind::none) return true;
    if (route.method == "PATCH" && is_media_type(head.content_type, "application/merge-patch+json"))
        return true;
    return is_media_type(head.content_type, "application/json");
}

// Are all words of a list this one? Empty ones do not count.
bool holds_only(std::string_view list, std::string_view wanted) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        const std::string_view word = domain::trimmed(list.substr(0, end));
        if (!word.empty() && word != wanted) return false;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return true;
}

// RFC 9110 lets a recipient read past what it does not know; a client that means it is told here.
Passage judge_expect(const Head& head) {
    if (!head.version_1_1 || holds_only(head.expect, "100-continue")) return {};
    return refuse(ErrorCode::expectation_failed,
                  "cannot do what Expect asks: the only known value is 100-continue");
}

Passage judge_coding(const Route& route, const Head& head) {
    if (!head.has_body || route.body == BodyKind::none) return {};
    if (holds_only(head.content_encoding, "identity")) return {};
    Response response = problem(ErrorCode::unsupported_media_type,
                                "cannot read this body: send it without a Content-Encoding");
    response.set("Accept-Encoding", "identity");
    return refuse(std::move(response));
}

Passage judge_caller(const Head& head, const ApiCall& call, bool open_route) {
    if (open_route) return {};
    if (!call.caller.roles.known()) {
        Error error(ErrorCode::forbidden,
                    "cannot serve uid " + std::to_string(call.caller.peer.uid) +
                        ": it has no role; ask an administrator to add it or one of its groups");
        return refuse(problem(std::move(error).with("required_role", "viewer")));
    }
    if (head.remote_users > 0 && !call.caller.roles.proxy) {
        Error error(ErrorCode::forbidden,
                    "cannot take X-Remote-User from this peer: only a proxy may assert users");
        return refuse(problem(std::move(error).with("required_role", "proxy")));
    }
    // Of two fields one may be the client's own, which a proxy let through.
    if (head.remote_users > 1)
        return refuse(ErrorCode::malformed_request,
                      "cannot read the request: more than one X-Remote-User field");
    if (head.remote_users > 0 && !is_user_name(call.remote_user))
        return refuse(ErrorCode::bad_parameter,
                      "cannot use X-Remote-User: it must be 1 to 255 octets of text");
    return {};
}

Passage judge_key(const Head& head, const ApiCall& call) {
    if (call.method != "POST" || head.idempotency_keys == 0) return {};
    if (head.idempotency_keys == 1 && !call.idempotency_key.empty() &&
        call.idempotency_key.size() <= 255 && is_visible_ascii(call.idempotency_key))
        return {};
    return refuse(ErrorCode::bad_parameter,
                  "cannot use Idempotency-Key: give one of 1 to 255 visible ASCII characters");
}

}  // namespace

bool is_request_id(std::string_view text) {
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("._:/+=@-").find(c) != std::string_view::npos;
    });
}

Response role_missing(const Route& route, uid_t peer) {
    const std::string role(role_name(route.access));
    Error error(ErrorCode::forbidden,
                "cannot let uid " + std::to_string(peer) + " do this: it needs the role " + role);
    return problem(std::move(error).with("required_role", role));
}

Passage judge_head(bool draining, const Head& head, ApiCall& call) {
    if (const std::string fault = framing_fault(head); !fault.empty())
        return refuse(ErrorCode::malformed_request, "cannot read the request: " + fault);
    Result<Target> target = parse_target(head.target);
    if (!target) return refuse(problem(target.error()));
    call.path = std::move(target->path);
    call.raw_query = std::move(target->raw_query);
    call.query = std::move(target->query);

    Found found = find_route(head.method, call.path);
    const bool open = found.route != nullptr && found.route->access == Access::open;
    if (Passage refusal = judge_caller(head, call, open); refusal.refusal) return refusal;
    // A browser that was led here (DNS rebinding, a TCP bridge) gives itself away by these fields.
    if (head.has_origin || (head.has_fetch_site && !call.caller.roles.proxy))
        return refuse(ErrorCode::forbidden, "cannot serve requests that a web page makes");
    if (found.route == nullptr && found.allow.empty())
        return refuse(ErrorCode::not_found, "cannot find " + call.path + ": no such route");
    if (found.route == nullptr) {
        Response response =
            problem(ErrorCode::method_not_allowed,
                    "cannot " + head.method + " " + call.path + ": use " + found.allow);
        response.set("Allow", found.allow);
        return refuse(std::move(response));
    }
    call.id = found.id;
    if (!allows(found.route->access, call.caller.roles)) {
        return refuse(role_missing(*found.route, call.caller.peer.uid));
    }
    if (draining && found.route->method != "GET")
        return refuse(ErrorCode::draining,
                      "cannot take work: the daemon is shutting down; try again in a moment");
    if (Passage refusal = judge_expect(head); refusal.refusal) return refusal;
    if (Passage refusal = judge_query(*found.route, call.query); refusal.refusal) return refusal;
    if (Passage refusal = judge_key(head, call); refusal.refusal) return refusal;
    if (!fits_media_type(*found.route, head)) {
        const std::string wanted =
            found.route->body == BodyKind::csv ? "text/csv" : "application/json";
        return refuse(ErrorCode::unsupported_media_type,
                      "cannot read this body: Content-Type must be " + wanted);
    }
    if (Passage refusal = judge_coding(*found.route, head); refusal.refusal) return refusal;
    Passage passage;
    passage.route = found.route;
    return passage;
}

}  // namespace cabroker::api
