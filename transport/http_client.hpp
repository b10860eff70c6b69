// One HTTPS exchange: request in, response out. Never follows a redirect, never repeats an
// `effect_once` request, never talks plain HTTP. What a response means is not its business.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "transport/cookie_jar.hpp"

namespace cabroker::transport {

/// Has a constructor on purpose: g++ 12 miscompiles aggregate temporaries in coroutines.
struct HttpHeader {
    std::string name;
    std::string value;
    HttpHeader(std::string what, std::string is) : name(std::move(what)), value(std::move(is)) {}
    bool operator==(const HttpHeader&) const = default;
};

struct HttpRequest {
    HttpRequest(std::string how, std::string where)
        : method(std::move(how)),
          url(std::move(where)),
          deadline(std::chrono::steady_clock::now() + std::chrono::seconds(30)) {}

    /// GET, POST, PUT, DELETE, PATCH or HEAD.
    std::string method;
    /// Absolute https URL without user information.
    std::string url;
    /// Refused with bad_configuration: CR, LF or NUL in a name or value, and headers that are made
    /// here (Host, Content-Length, Content-Type, Cookie, Transfer-Encoding, Connection, Expect,
    /// Accept-Encoding).
    std::vector<HttpHeader> headers;
    /// Octets to send; wiped when the exchange is over.
    std::string body;
    /// For instance `application/x-www-form-urlencoded`; needed when there is a body.
    std::string content_type;
    /// Must be empty or of the URL's origin.
    CookieJar cookies;
    /// PEM file with the roots to trust, instead of the system's. Empty: the system's.
    std::string ca_file;
    /// `http://host:port`. Empty: no proxy, whatever the environment says.
    std::string proxy;
    std::chrono::milliseconds connect_timeout{10'000};
    /// No octet of the request is sent after it; an exchange still open then ends as failed.
    std::chrono::steady_clock::time_point deadline;
    /// Of the body after decoding gzip.
    std::size_t max_body = 2 * 1024 * 1024;
    /// A larger body is cut there and is a response (`cut`), instead of the error limit_exceeded.
    bool cut_body = false;
    /// Of all header lines together.
    std::size_t max_headers = 64 * 1024;
    /// The request changes something that must not change twice: own fresh connection, HTTP/1.1, no
    /// repetition. Without it libcurl may send a request again when a kept connection turns out to
    /// be dead.
    bool effect_once = false;
};

struct HttpResponse {
    int status = 0;
    /// In order, names in lower case; trailers included.
    std::vector<HttpHeader> headers;
    /// Lower case, without parameters; empty when there is none.
    std::string content_type;
    /// Lower case; empty when there is none.
    std::string charset;
    std::string body;
    /// Only the beginning of the body came: it was larger than the request allowed.
    bool cut = false;
    std::string url;
    /// The Location header resolved against the URL, whatever scheme and host it leads to; absent
    /// when there is none or it is no URL. Follow it only through `resolve_within`.
    std::optional<std::string> location;
    /// The request's jar after this exchange.
    CookieJar cookies;

    /// The first header of that name (lower case).
    [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
};

/// The interface that adapters use and tests fake.
class HttpClient {
  public:
    virtual ~HttpClient() = default;

    /// Performs one exchange. Any HTTP status is a response. Errors, each with a fact `cause`:
    /// - `bad_configuration`: the request itself is wrong, nothing was sent (`request`);
    /// - `unreachable`: certainly no octet of the request was sent (`dns`, `connect`, `tls`,
    /// `certificate`, `proxy`,
    ///   `timeout`, `canceled`);
    /// - `no_answer`: it may have been sent, and no whole answer came (`closed`, `timeout`,
    /// `protocol`, `canceled`);
    /// - `limit_exceeded`: an answer came and was too large (`headers`, `body`, `cookies`). The
    /// request was sent. Cancelling the awaiting coroutine closes the connection and ends the
    /// exchange with cause `canceled`.
    [[nodiscard]] virtual boost::asio::awaitable<domain::Result<HttpResponse>> perform(
        HttpRequest request) = 0;
};

class CurlMulti;

/// HTTPS by libcurl. One thread: the executor's. Connections are kept per origin and trust
/// settings; destroying the client closes them. Exchanges that run keep what they need alive.
class CurlHttpClient final : public HttpClient {
  public:
    explicit CurlHttpClient(const boost::asio::any_io_executor& executor);
    ~CurlHttpClient() override;
    CurlHttpClient(const CurlHttpClient&) = delete;
    CurlHttpClient& operator=(const CurlHttpClient&) = delete;

    [[nodiscard]] boost::asio::awaitable<domain::Result<HttpResponse>> perform(
        HttpRequest request) override;

  private:
    std::shared_ptr<CurlMulti> multi_;
};

}  // namespace cabroker::transport
