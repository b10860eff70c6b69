#include "daemon/api/wire.hpp"

#include <array>
#include <charconv>

namespace cabroker::api {
namespace {

struct Phrase {
    int status;
    std::string_view text;
};
constexpr std::array kPhrases{
    Phrase{200, "OK"},
    Phrase{201, "Created"},
    Phrase{204, "No Content"},
    Phrase{304, "Not Modified"},
    Phrase{400, "Bad Request"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{408, "Request Timeout"},
    Phrase{409, "Conflict"},
    Phrase{410, "Gone"},
    Phrase{412, "Precondition Failed"},
    Phrase{413, "Content Too Large"},
    Phrase{415, "Unsupported Media Type"},
    Phrase{417, "Expectation Failed"},
    Phrase{422, "Unprocessable Content"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{500, "Internal Server Error"},
    Phrase{503, "Service Unavailable"},
};

std::string_view phrase_of(int status) {
    for (const Phrase& phrase : kPhrases) {
        if (phrase.status == status) return phrase.text;
    }
    return "Unknown";
}

void field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

}  // namespace

void append_head(std::string& out, const Response& response, const Framing& framing,
                 const std::string& request_id, const std::string& date) {
    out.reserve(out.size() + 512 + response.body.size());
    out += "HTTP/1.1 ";
    out += std::to_string(response.status);
    out += ' ';
    out += phrase_of(response.status);
    out += "\r\n";
    field(out, "Date", date);
    if (!response.content_type.empty()) field(out, "Content-Type", response.content_type);
    if (framing.chunked) {
        field(out, "Transfer-Encoding", "chunked");
    } else if (!response.stream && response.status != 204 && response.status != 304) {
        field(out, "Content-Length", std::to_string(response.body.size()));
    }
    field(out, "X-Request-Id", request_id);
    field(out, "Cache-Control", "no-store");
    field(out, "X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) field(out, name, value);
    if (!framing.keep_alive) {
        field(out, "Connection", "close");
    } else if (!framing.version_1_1) {
        field(out, "Connection", "keep-alive");
    }
    out += "\r\n";
}

std::string chunk(std::string_view text) {
    char size[20];
    const auto end = std::to_chars(size, size + sizeof size, text.size(), 16).ptr;
    std::string out(size, end);
    out.reserve(out.size() + text.size() + 4);
    out += "\r\n";
    out += text;
    out += "\r\n";
    return out;
}

}  // namespace cabroker::api
