// Replies as octets, and replies made wrong on purpose.
#include <algorithm>
#include <chrono>

#include "sim/http.hpp"

namespace cabroker::sim {
namespace {

std::string_view reason_of(unsigned status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 204:
            return "No Content";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 409:
            return "Conflict";
        case 413:
            return "Payload Too Large";
        case 422:
            return "Unprocessable Entity";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 503:
            return "Service Unavailable";
        default:
            return "Internal Server Error";
    }
}

/// Of the real clock; made once a second, for the one thread of the simulated world.
const std::string& date_header() {
    static std::string text;
    static std::chrono::sys_seconds made{};
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    if (now != made) {
        made = now;
        text = mail_date(now);
        text.replace(text.rfind(' '), std::string::npos, " GMT");
    }
    return text;
}

}  // namespace

std::string serialized(const HttpReply& reply, bool keep_alive, bool head) {
    std::string out;
    out.reserve(512 + reply.body.size());
    out += "HTTP/1.1 " + std::to_string(reply.status);
    out.append(" ").append(reason_of(reply.status)).append("\r\n");
    for (const auto& [name, value] : reply.headers) {
        out.append(name).append(": ").append(value).append("\r\n");
    }
    out.append("Date: ").append(date_header()).append("\r\nServer: cabroker-sim\r\n");
    out += keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
    if (reply.status != 204) {
        out.append("Content-Length: ").append(std::to_string(reply.body.size())).append("\r\n");
    }
    out += "\r\n";
    if (!head && reply.status != 204) out += reply.body;
    return out;
}

void set_header(HttpReply& reply, std::string_view name, std::string_view value) {
    for (auto& header : reply.headers) {
        if (header.first != name) continue;
        header.second = value;
        return;
    }
    reply.headers.emplace_back(name, value);
}

bool path_fits(std::string_view pattern, std::string_view path, std::vector<std::string>& parts) {
    parts.clear();
    while (true) {
        const std::string_view wanted = pattern.substr(0, pattern.find('/'));
        const std::string_view part = path.substr(0, path.find('/'));
        if (wanted == "*" && !part.empty()) {
            parts.push_back(url_decode(part));
        } else if (wanted != part) {
            return false;
        }
        if (wanted.size() == pattern.size() || part.size() == path.size()) {
            return wanted.size() == pattern.size() && part.size() == path.size();
        }
        pattern.remove_prefix(wanted.size() + 1);
        path.remove_prefix(part.size() + 1);
    }
}

HttpReply redirect(unsigned status, const std::string& location) {
    HttpReply reply;
    reply.status = status;
    reply.headers.emplace_back("Location", location);
    reply.headers.emplace_back("Cache-Control", "no-store");
    return reply;
}

std::optional<HttpReply> redirect_under(const Fault& fault, const HttpRequest& request,
                                        const std::string& path) {
    if (fault.is("redirect_http")) {
        const std::string& host = field(request.headers, "host");
        return redirect(302,
                        fault.detail.empty() ? "http://" + host + request.target : fault.detail);
    }
    if (fault.is("redirect_host")) {
        return redirect(302, fault.detail.empty() ? "https://other.example" + path : fault.detail);
    }
    return std::nullopt;
}

HttpReply reply_under(HttpService& service, const Fault& fault, const HttpRequest& request) {
    static const std::vector<std::string_view> replacing = {
        "status_500", "wrong_page",  "redirect_http", "redirect_host", "login_page",
        "rate_limit", "maintenance", "captcha",       "other_order"};
    HttpReply reply;
    if (fault.commits()) reply = service.handle(request);
    if (fault.is("repeated")) reply = service.handle(request);
    const bool replaced =
        std::find(replacing.begin(), replacing.end(), fault.what) != replacing.end();
    if (replaced) reply = service.instead(fault, request);
    disfigure(fault, reply);
    return reply;
}

}  // namespace cabroker::sim
