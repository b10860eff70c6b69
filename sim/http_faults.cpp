// Replies as octets, and replies made wrong on purpose.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "sim/http.hpp"

namespace cabroker::sim {
namespace {

constexpr std::size_t kDeepTables = 10'000;

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

void set_header(HttpReply& reply, const std::string& name, const std::string& value) {
    for (auto& header : reply.headers) {
        if (header.first != name) continue;
        header.second = value;
        return;
    }
    reply.headers.emplace_back(name, value);
}

/// ASCII pages only need the zero octets between.
std::string utf16(const std::string& text) {
    std::string out("\xFF\xFE", 2);
    for (const char c : text) {
        out += c;
        out += '\0';
    }
    return out;
}

void other_charset(const Fault& fault, HttpReply& reply) {
    if (fault.detail == "iso-8859-1") {
        set_header(reply, "Content-Type", "text/html; charset=iso-8859-1");
        const std::size_t end = reply.body.find("</footer>");
        reply.body.insert(end == std::string::npos ? reply.body.size() : end,
                          " \xE9"
                          "t\xE9 \xFC"
                          "ber ");
        return;
    }
    set_header(reply, "Content-Type", "text/html; charset=utf-16");
    reply.body = utf16(reply.body);
}

void duplicate_form(HttpReply& reply) {
    const std::size_t start = reply.body.find("<form", reply.body.find("id=\"content\""));
    const std::size_t end = reply.body.find("</form>", start);
    if (start == std::string::npos || end == std::string::npos) return;
    const std::string form = reply.body.substr(start, end + 7 - start);
    reply.body.insert(start, form);
}

void deep_tables(HttpReply& reply) {
    const std::size_t start = reply.body.find("<main");
    std::string tables;
    for (std::size_t i = 0; i < kDeepTables; ++i) tables += "<table><tr><td>";
    reply.body.insert(start == std::string::npos ? 0 : start, tables);
}

}  // namespace

std::string serialized(const HttpReply& reply, bool keep_alive, bool head) {
    std::string out = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, reason_of(reply.status));
    for (const auto& [name, value] : reply.headers) out += name + ": " + value + "\r\n";
    const auto now = std::chrono::floor<domain::Duration>(std::chrono::system_clock::now());
    std::string date = mail_date(now);
    date.replace(date.rfind(' '), std::string::npos, " GMT");
    out += "Date: " + date + "\r\nServer: cabroker-sim\r\n";
    out += keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
    if (reply.status != 204) out += fmt::format("Content-Length: {}\r\n", reply.body.size());
    out += "\r\n";
    if (!head && reply.status != 204) out += reply.body;
    return out;
}

void disfigure(const Fault& fault, HttpReply& reply) {
    if (fault.is("empty")) {
        reply = HttpReply();
        set_header(reply, "Content-Type", "text/html; charset=utf-8");
    } else if (fault.is("garbage")) {
        reply = HttpReply();
        set_header(reply, "Content-Type", "text/html; charset=utf-8");
        for (unsigned i = 0; i < 4096; ++i)
            reply.body += static_cast<char>((i * 7919U + 13U) & 0xFFU);
    } else if (fault.is("charset")) {
        other_charset(fault, reply);
    } else if (fault.is("no_content_type")) {
        std::erase_if(reply.headers,
                      [](const auto& header) { return header.first == "Content-Type"; });
    } else if (fault.is("duplicate_form")) {
        duplicate_form(reply);
    } else if (fault.is("deep_tables")) {
        deep_tables(reply);
    }
}

HttpReply reply_under(HttpService& service, const Fault& fault, const HttpRequest& request) {
    static const std::vector<std::string_view> replacing = {
        "status_500", "wrong_page", "redirect_http", "redirect_host",
        "login_page", "rate_limit", "maintenance",   "captcha"};
    HttpReply reply;
    if (fault.commits()) reply = service.handle(request);
    const bool replaced =
        std::find(replacing.begin(), replacing.end(), fault.what) != replacing.end();
    if (replaced) reply = service.instead(fault, request);
    disfigure(fault, reply);
    return reply;
}

}  // namespace cabroker::sim
