// HTTP over the daemon's Unix socket (libcurl). One connection a call; a POST whose answer was lost
// is sent again under the same Idempotency-Key. Shows nothing; Ctrl-C ends a call with no_answer.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "domain/time.hpp"

namespace cabroker::cli {

struct Call {
    std::string method = "GET";
    /// Path and query, percent-encoded.
    std::string target;
    std::string body;
    /// Sent when there is a body.
    std::string content_type = "application/json";
    /// Whole lines, "Name: value".
    std::vector<std::string> headers;
    /// Of the whole exchange; zero: none.
    domain::Duration limit{60'000};
    /// No octet for so long ends the call; zero: no such limit.
    domain::Duration silence{0};
};

struct Reply {
    long status = 0;
    /// Names in lower case.
    std::map<std::string, std::string> headers;
    std::string body;

    [[nodiscard]] std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? std::string() : found->second;
    }
    [[nodiscard]] bool good() const { return status >= 200 && status < 400; }
};

class Client {
  public:
    /// `trace` gets one line a request and one a reply: no body, no header.
    Client(std::string socket, std::function<void(const std::string&)> trace)
        : socket_(std::move(socket)), trace_(std::move(trace)) {}

    /// One try. Errors: unreachable (not connected), no_answer (connected, then lost),
    /// limit_exceeded.
    [[nodiscard]] domain::Result<Reply> send(const Call& call) const;
    /// Repeats a POST that lost its answer, or whose first try still runs, a few times with the
    /// same key.
    [[nodiscard]] domain::Result<Reply> send_once(Call call, const std::string& key) const;
    /// A good reply's body goes to `sink` as it comes, which says false to stop; the reply's body
    /// stays empty.
    [[nodiscard]] domain::Result<Reply> stream(
        const Call& call, const std::function<bool(std::string_view)>& sink) const;
    [[nodiscard]] const std::string& socket() const { return socket_; }

  private:
    std::string socket_;
    std::function<void(const std::string&)> trace_;
};

/// A value for a query or one segment of a path.
[[nodiscard]] std::string percent(std::string_view text);
/// "/v1/x?a=1&b=2" from pairs; empty values are left out.
[[nodiscard]] std::string with_query(std::string path,
                                     const std::vector<std::pair<std::string, std::string>>& pairs);
/// Why a socket cannot be used and what to do about it, for people.
[[nodiscard]] std::string explain_socket(const std::string& path);

}  // namespace cabroker::cli
