// HTTP/1.1 for the simulated world: what a request and a reply are, and the server that also plays
// faults.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/error.hpp"
#include "sim/faults.hpp"
#include "sim/text.hpp"

namespace cabroker::sim {

struct HttpRequest {
    std::string method;
    std::string target;
    std::string path;
    Fields query;
    /// Lower-case names.
    Fields headers;
    Fields cookies;
    std::string body;
    std::string peer;
};

struct HttpReply {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// What stands behind a server. Called on the server's thread; no waiting.
class HttpService {
  public:
    virtual ~HttpService() = default;
    /// The name of the page or operation for the fault switchboard; empty: none.
    [[nodiscard]] virtual std::string where(const HttpRequest& request) const = 0;
    /// The place of faults of the connection itself.
    [[nodiscard]] virtual std::string_view connect_place() const = 0;
    [[nodiscard]] virtual HttpReply handle(const HttpRequest& request) = 0;
    /// The page shown instead, for faults that replace it (wrong_page, login_page, maintenance,
    /// ...).
    [[nodiscard]] virtual HttpReply instead(const Fault& fault, const HttpRequest& request) = 0;
    /// For requests that HTTP itself refuses: 400, 408, 413, 431.
    [[nodiscard]] virtual HttpReply refused(unsigned status) = 0;
};

struct HttpLimits {
    std::uint64_t body = 256 * 1024;
    std::uint32_t header = 16 * 1024;
    /// From one answer to the end of the next request.
    std::chrono::seconds request{120};
    std::chrono::seconds write{60};
};

struct TlsFiles;

/// Starts an HTTPS server; returns its port. Faults at `service.connect_place()`: down,
/// drop_before, delay, expired_certificate, wrong_host_certificate. `service` and `faults` must
/// outlive the io_context.
[[nodiscard]] domain::Result<unsigned short> serve_https(
    const boost::asio::any_io_executor& executor, const std::string& address, const TlsFiles& tls,
    HttpService& service, Faults& faults, HttpLimits limits);
/// The same without TLS on a Unix socket (0600); an old socket file is replaced.
[[nodiscard]] domain::Result<void> serve_unix(const boost::asio::any_io_executor& executor,
                                              const std::string& path, HttpService& service,
                                              Faults& faults, HttpLimits limits);

/// The reply as octets, with Content-Length, Date and Connection.
[[nodiscard]] std::string serialized(const HttpReply& reply, bool keep_alive, bool head);

/// The reply for a request under a fault: what the service did, if it does, and what is shown of
/// it.
[[nodiscard]] HttpReply reply_under(HttpService& service, const Fault& fault,
                                    const HttpRequest& request);

/// Applies a fault that changes the reply (not the transport) after the service answered.
void disfigure(const Fault& fault, HttpReply& reply);

/// Does a path fit a pattern such as `certificate/*/chain`? The starred parts, decoded, go to
/// `parts`.
[[nodiscard]] bool path_fits(std::string_view pattern, std::string_view path,
                             std::vector<std::string>& parts);
/// Replaces a header, or adds it.
void set_header(HttpReply& reply, std::string_view name, std::string_view value);
[[nodiscard]] HttpReply redirect(unsigned status, const std::string& location);
/// A redirect for the faults redirect_http and redirect_host; nullopt for other faults.
[[nodiscard]] std::optional<HttpReply> redirect_under(const Fault& fault,
                                                      const HttpRequest& request,
                                                      const std::string& path);

}  // namespace cabroker::sim
