// HTTP with one portal for one visit: sends with its cookies, within its rate and not after the
// deadline, and follows redirects within the one origin. What the answers mean: Course.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "adapters/portal/portal.hpp"
#include "domain/error.hpp"
#include "transport/cookie_jar.hpp"
#include "transport/http_client.hpp"

namespace cabroker::adapters::portal {

/// Does the answer lead to another page?
[[nodiscard]] bool is_redirect(const transport::HttpResponse& response);

/// For as long as one run; all that it is given outlives it.
class PortalClient {
  public:
    /// `cookies_sent` grows by the values of the cookies that each page was asked for with.
    PortalClient(const Portal& portal, const Visit& visit, transport::CookieJar& jar,
                 std::vector<std::string>& cookies_sent,
                 std::chrono::steady_clock::time_point deadline)
        : portal_(portal),
          visit_(visit),
          jar_(jar),
          cookies_sent_(cookies_sent),
          deadline_(deadline) {}
    PortalClient(const PortalClient&) = delete;
    PortalClient& operator=(const PortalClient&) = delete;

    /// Waits for its turn, sends once and keeps the cookies of the answer, which may be a redirect.
    /// A request with `effect_once` has its own deadline. unreachable, with fact `retry_after_ms`:
    /// the rate does not allow it soon enough, nothing was sent; else the errors of HttpClient.
    [[nodiscard]] boost::asio::awaitable<domain::Result<transport::HttpResponse>> perform(
        transport::HttpRequest request);
    /// Goes where `response`, the answer to a request with `method`, redirects, and gives the last
    /// answer. A 307 or 308 to anything but a GET is itself the last. bad_answer: too many, or out
    /// of the origin; else the errors of perform().
    [[nodiscard]] boost::asio::awaitable<domain::Result<transport::HttpResponse>> follow(
        transport::HttpResponse response, std::string method);

  private:
    boost::asio::awaitable<domain::Result<void>> wait_for_turn(
        std::chrono::steady_clock::time_point deadline);
    void note_cookies();

    const Portal& portal_;
    const Visit& visit_;
    transport::CookieJar& jar_;
    std::vector<std::string>& cookies_sent_;
    std::chrono::steady_clock::time_point deadline_;
};

}  // namespace cabroker::adapters::portal
