// Replies made wrong on purpose: other charset, nested too deep, changed, compressed to a bomb.
#include <zlib.h>

#include <stdexcept>

#include "sim/http.hpp"

namespace cabroker::sim {
namespace {

constexpr std::size_t kDeep = 10'000;
constexpr std::uint64_t kBombBody = 500ULL * 1024 * 1024;
constexpr std::size_t kBombPiece = 1024 * 1024;

bool is_json(const HttpReply& reply) {
    for (const auto& [name, value] : reply.headers) {
        if (name == "Content-Type") return value.find("json") != std::string::npos;
    }
    return false;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    std::size_t at = 0;
    while ((at = text.find(from, at)) != std::string::npos) {
        text.replace(at, from.size(), to);
        at += to.size();
    }
}

/// Pages in ASCII or ISO-8859-1 only need the zero octets between.
std::string utf16(const std::string& text) {
    std::string out("\xFF\xFE", 2);
    for (const char c : text) {
        out += c;
        out += '\0';
    }
    return out;
}

void other_charset(const Fault& fault, HttpReply& reply) {
    const std::string type = is_json(reply) ? "application/json" : "text/html";
    if (fault.detail == "iso-8859-1") {
        set_header(reply, "Content-Type", type + "; charset=iso-8859-1");
        const std::size_t end = reply.body.find("</footer>");
        reply.body.insert(end == std::string::npos ? reply.body.size() : end,
                          " \xE9"
                          "t\xE9 \xFC"
                          "ber ");
        return;
    }
    set_header(reply, "Content-Type", type + "; charset=utf-16");
    reply.body = utf16(reply.body);
}

/// The first form of the page's content, or of the page.
void duplicate_form(HttpReply& reply) {
    std::size_t content = reply.body.find("id=\"content\"");
    if (content == std::string::npos) content = reply.body.find("<body");
    const std::size_t start = reply.body.find("<form", content);
    const std::size_t end = reply.body.find("</form>", start);
    if (start == std::string::npos || end == std::string::npos) return;
    const std::string form = reply.body.substr(start, end + 7 - start);
    reply.body.insert(start, form);
}

void deep_tables(HttpReply& reply) {
    if (is_json(reply)) {
        reply.body = std::string(kDeep, '[') + reply.body + std::string(kDeep, ']');
        return;
    }
    std::size_t start = reply.body.find("<main");
    if (start == std::string::npos) {
        const std::size_t body = reply.body.find("<body");
        start = body == std::string::npos ? 0 : reply.body.find('>', body) + 1;
    }
    std::string tables;
    for (std::size_t i = 0; i < kDeep; ++i) tables += "<table><tr><td>";
    reply.body.insert(start, tables);
}

/// As after a rebuild of the site: other ids, names and table cells, or other JSON members.
void changed_page(HttpReply& reply) {
    if (!is_json(reply)) {
        replace_all(reply.body, " id=\"", " id=\"new-");
        replace_all(reply.body, " name=\"", " name=\"x_");
        replace_all(reply.body, "<td", "<div");
        replace_all(reply.body, "</td>", "</div>");
        return;
    }
    for (std::size_t at = 1; (at = reply.body.find("\":", at)) != std::string::npos;) {
        if (reply.body[at - 1] != '\\') reply.body.insert(at, "_v3");
        at += 5;
    }
}

/// A gzip file of `total` octets whose deflate blocks are one block repeated, so that making it
/// costs nothing.
std::string gzip_bomb(std::uint64_t total) {
    const std::string piece(kBombPiece, ' ');
    std::string block(64 * 1024, '\0');
    z_stream stream{};
    if (deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::runtime_error("cannot start deflate");
    }
    // zlib does not write through next_in.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(piece.data()));
    stream.avail_in = static_cast<uInt>(piece.size());
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    deflate(&stream, Z_FULL_FLUSH);
    block.resize(stream.total_out);
    deflateEnd(&stream);
    const uLong piece_sum =
        crc32(0, reinterpret_cast<const Bytef*>(piece.data()), static_cast<uInt>(piece.size()));
    std::string out("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
    uLong sum = crc32(0, nullptr, 0);
    std::uint64_t size = 0;
    for (; size < total; size += piece.size()) {
        out += block;
        sum = crc32_combine(sum, piece_sum, static_cast<z_off_t>(piece.size()));
    }
    out.append("\x03\0", 2);
    for (unsigned shift = 0; shift < 32; shift += 8)
        out += static_cast<char>((sum >> shift) & 255U);
    for (unsigned shift = 0; shift < 32; shift += 8) {
        out += static_cast<char>((size >> shift) & 255U);
    }
    return out;
}

void foreign_cookies(HttpReply& reply) {
    for (const char* cookie :
         {"guest_session=foreign; Domain=other.example; Path=/; Secure",
          "ZSSITZUNG=foreign; Domain=other.example; Path=/; Secure",
          "visit=foreign; Domain=other.example; Path=/; Secure",
          "tracker=1; Domain=example; Path=/", "super=1; Domain=localhost.; Path=/",
          "plain=1; Domain=.other.example"}) {
        reply.headers.emplace_back("Set-Cookie", cookie);
    }
}

HttpReply noise(bool any) {
    HttpReply reply;
    set_header(reply, "Content-Type", "text/html; charset=utf-8");
    for (unsigned i = 0; any && i < 4096; ++i) {
        reply.body += static_cast<char>((i * 7919U + 13U) & 0xFFU);
    }
    return reply;
}

}  // namespace

void disfigure(const Fault& fault, HttpReply& reply) {
    if (!fault.any()) return;
    if (fault.is("empty") || fault.is("garbage")) reply = noise(fault.is("garbage"));
    if (fault.is("charset")) other_charset(fault, reply);
    if (fault.is("no_content_type")) {
        std::erase_if(reply.headers,
                      [](const auto& header) { return header.first == "Content-Type"; });
    }
    if (fault.is("duplicate_form")) duplicate_form(reply);
    if (fault.is("deep_tables")) deep_tables(reply);
    if (fault.is("half")) reply.body.resize(reply.body.size() / 2);
    if (fault.is("changed_page")) changed_page(reply);
    if (fault.is("foreign_cookies")) foreign_cookies(reply);
    if (fault.is("gzip_bomb")) {
        set_header(reply, "Content-Encoding", "gzip");
        reply.body = gzip_bomb(fault.bytes > 0 ? fault.bytes : kBombBody);
    }
}

}  // namespace cabroker::sim
