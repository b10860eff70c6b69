#include "cli/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <memory>

#include "cli/interrupt.hpp"

namespace cabroker::cli {
namespace {

using domain::Error;
using domain::ErrorCode;

constexpr std::size_t kMostOctets = 64UL * 1024 * 1024;
constexpr int kTries = 5;
using Clock = std::chrono::steady_clock;

struct Freed {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, Freed>;
struct MultiFreed {
    void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
using Multi = std::unique_ptr<CURLM, MultiFreed>;
using List = std::unique_ptr<curl_slist, Freed>;

struct Exchange {
    CURL* handle = nullptr;
    Reply reply;
    const std::function<bool(std::string_view)>* sink = nullptr;
    bool stopped = false;
    bool too_big = false;
    Clock::time_point heard = Clock::now();
};

std::size_t take_body(char* data, std::size_t one, std::size_t count, void* into) {
    auto& exchange = *static_cast<Exchange*>(into);
    const std::string_view chunk(data, one * count);
    exchange.heard = Clock::now();
    long status = 0;
    curl_easy_getinfo(exchange.handle, CURLINFO_RESPONSE_CODE, &status);
    if (exchange.sink != nullptr && status >= 200 && status < 300) {
        exchange.stopped = !(*exchange.sink)(chunk);
        return exchange.stopped ? 0 : chunk.size();
    }
    if (exchange.reply.body.size() + chunk.size() > kMostOctets) {
        exchange.too_big = true;
        return 0;
    }
    exchange.reply.body += chunk;
    return chunk.size();
}

std::size_t take_header(char* data, std::size_t one, std::size_t count, void* into) {
    auto& exchange = *static_cast<Exchange*>(into);
    const std::string_view line(data, one * count);
    const std::size_t colon = line.find(':');
    if (line.starts_with("HTTP/")) exchange.reply.headers.clear();
    if (colon == std::string_view::npos) return line.size();
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
        value.remove_prefix(1);
    while (!value.empty() && (value.back() == '\r' || value.back() == '\n')) value.remove_suffix(1);
    exchange.reply.headers.insert_or_assign(std::move(name), std::string(value));
    return line.size();
}

List header_lines(const Call& call) {
    curl_slist* lines = nullptr;
    const auto given = [&](std::string_view name) {
        return std::any_of(call.headers.begin(), call.headers.end(), [&](const std::string& line) {
            return line.size() > name.size() && line[name.size()] == ':' &&
                   strncasecmp(line.c_str(), name.data(), name.size()) == 0;
        });
    };
    for (const std::string& line : call.headers) lines = curl_slist_append(lines, line.c_str());
    if (!given("Accept")) lines = curl_slist_append(lines, "Accept: application/json, */*;q=0.5");
    lines = curl_slist_append(lines, "Expect:");
    if (call.body.empty()) {
        if (!given("Content-Type")) lines = curl_slist_append(lines, "Content-Type:");
    } else if (!given("Content-Type")) {
        lines = curl_slist_append(lines, ("Content-Type: " + call.content_type).c_str());
    }
    return List(lines);
}

void prepare(CURL* handle, const std::string& socket, const Call& call, Exchange& exchange,
             curl_slist* lines) {
    const std::string url = "http://localhost" + call.target;
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "cabroker");
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(call.limit.count()));
    if (!call.body.empty() || call.method == "POST" || call.method == "PUT" ||
        call.method == "PATCH") {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(call.body.size()));
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
    }
    if (call.method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call.method.c_str());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
}

// Runs one transfer; a Ctrl-C ends it at once. `silence`: as in Call.
CURLcode run(CURL* handle, const Exchange& exchange, domain::Duration silence) {
    const Multi multi(curl_multi_init());
    curl_multi_add_handle(multi.get(), handle);
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    int running = 1;
    while (running > 0 && !interrupted()) {
        curl_multi_perform(multi.get(), &running);
        if (running == 0) break;
        if (silence.count() > 0 && Clock::now() - exchange.heard > silence) {
            code = CURLE_OPERATION_TIMEDOUT;
            break;
        }
        curl_waitfd wake{interrupt_fd(), CURL_WAIT_POLLIN, 0};
        curl_multi_poll(multi.get(), &wake, interrupt_fd() < 0 ? 0U : 1U, 1000, nullptr);
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
        if (message->msg == CURLMSG_DONE) code = message->data.result;
    }
    curl_multi_remove_handle(multi.get(), handle);
    return code;
}

domain::Result<Reply> exchange_once(const std::string& socket, const Call& call,
                                    const std::function<bool(std::string_view)>* sink) {
    const Easy handle(curl_easy_init());
    const List lines = header_lines(call);
    Exchange exchange;
    exchange.handle = handle.get();
    exchange.sink = sink;
    prepare(handle.get(), socket, call, exchange, lines.get());
    const CURLcode code = run(handle.get(), exchange, call.silence);
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &exchange.reply.status);
    if (code == CURLE_OK || exchange.stopped) return std::move(exchange.reply);
    if (exchange.too_big) {
        return Error(ErrorCode::limit_exceeded, "cannot read the answer: it is over 64 MiB");
    }
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
        return Error(ErrorCode::unreachable, explain_socket(socket));
    }
    const char* const why = code == CURLE_OPERATION_TIMEDOUT ? "it took too long"
                            : code == CURLE_GOT_NOTHING      ? "the connection was closed"
                                                             : curl_easy_strerror(code);
    return Error(ErrorCode::no_answer, fmt::format("no answer from the daemon: {}", why));
}

bool in_progress(const Reply& reply) {
    return reply.status == 409 &&
           reply.body.find("\"idempotency_in_progress\"") != std::string::npos;
}

}  // namespace

domain::Result<Reply> Client::stream(const Call& call,
                                     const std::function<bool(std::string_view)>& sink) const {
    const auto start = Clock::now();
    if (trace_) trace_(fmt::format("> {} {}", call.method, call.target));
    domain::Result<Reply> reply = exchange_once(socket_, call, sink ? &sink : nullptr);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
    if (trace_ && reply.has_value()) {
        trace_(fmt::format("< {} in {} ms, {} octets", reply->status, took.count(),
                           reply->body.size()));
    } else if (trace_) {
        trace_(fmt::format("< {}", reply.error().detail));
    }
    return reply;
}

domain::Result<Reply> Client::send(const Call& call) const { return stream(call, {}); }

domain::Result<Reply> Client::send_once(Call call, const std::string& key) const {
    call.headers.push_back("Idempotency-Key: " + key);
    domain::Duration rest{200};
    bool was_sent = false;
    for (int tries = 1;; ++tries) {
        domain::Result<Reply> reply = send(call);
        const bool lost = reply.has_error() && reply.error().code == ErrorCode::no_answer;
        const bool gone = reply.has_error() && reply.error().code == ErrorCode::unreachable;
        const bool again =
            lost || (gone && was_sent) || (reply.has_value() && was_sent && in_progress(*reply));
        if (!again || tries == kTries || interrupted()) return reply;
        was_sent = true;
        if (!pause_for(rest)) return reply;
        rest *= 2;
    }
}

std::string percent(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (std::isalnum(octet) != 0 ||
            std::string_view("-._~").find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", octet);
        }
    }
    return out;
}

std::string with_query(std::string path,
                       const std::vector<std::pair<std::string, std::string>>& pairs) {
    char before = path.find('?') == std::string::npos ? '?' : '&';
    for (const auto& [name, value] : pairs) {
        if (value.empty()) continue;
        path += before + name + '=' + percent(value);
        before = '&';
    }
    return path;
}

}  // namespace cabroker::cli
