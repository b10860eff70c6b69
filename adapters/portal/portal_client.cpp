#include "adapters/portal/portal_client.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "adapters/portal/redaction.hpp"
#include "runtime/sleep.hpp"

namespace cabroker::adapters::portal {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Result;
using transport::HttpRequest;
using transport::HttpResponse;

namespace {

/// A wait for the rate that is shorter than going round by the core.
constexpr domain::Duration kLongestTurn = std::chrono::seconds(2);
/// Of an honest portal it is a handful; each is looked for in every kept page.
constexpr std::size_t kMostCookiesSent = 200;

}  // namespace

bool is_redirect(const HttpResponse& response) {
    switch (response.status) {
        case 301:
        case 302:
        case 303:
        case 307:
        case 308:
            return response.location.has_value();
        default:
            return false;
    }
}

void PortalClient::note_cookies() {
    std::vector<std::string>& sent = cookies_sent_;
    for (std::string& value : cookie_values(jar_)) {
        if (std::find(sent.begin(), sent.end(), value) != sent.end()) continue;
        if (sent.size() == kMostCookiesSent) sent.erase(sent.begin());
        sent.push_back(std::move(value));
    }
}

asio::awaitable<Result<HttpResponse>> PortalClient::perform(HttpRequest request) {
    request.cookies = jar_;
    request.ca_file = portal_.ca_file;
    request.deadline = request.effect_once ? request.deadline : deadline_;
    request.max_body = kLargestAnswer;
    request.cut_body = true;
    const Result<void> allowed = co_await wait_for_turn(request.deadline);
    if (!allowed) co_return allowed.error();
    note_cookies();
    Result<HttpResponse> answer = co_await portal_.http.perform(std::move(request));
    if (answer) jar_ = answer->cookies;
    co_return answer;
}

asio::awaitable<Result<void>> PortalClient::wait_for_turn(
    std::chrono::steady_clock::time_point deadline) {
    if (portal_.meter == nullptr) co_return Result<void>();
    while (true) {
        const std::optional<domain::Duration> wait = portal_.meter->take(visit_.account);
        if (!wait) co_return Result<void>();
        const auto until = std::chrono::steady_clock::now() + *wait;
        if (*wait > kLongestTurn || until >= deadline) {
            Error later = Error(ErrorCode::unreachable,
                                "nothing is sent before the adapter's rate, or the time that the "
                                "portal named, allows it")
                              .with("retry_after_ms", std::to_string(wait->count()));
            co_return later;
        }
        asio::steady_timer timer(co_await asio::this_coro::executor);
        timer.expires_at(until);
        co_await runtime::sleep_on(timer);
    }
}

asio::awaitable<Result<HttpResponse>> PortalClient::follow(HttpResponse response,
                                                           std::string method) {
    for (int hops = 0; is_redirect(response); ++hops) {
        // 307 and 308 ask for the same request at another place: nothing is ever sent twice.
        if (response.status >= 307 && method != "GET") break;
        if (hops == kMostRedirects) {
            co_return Error(ErrorCode::bad_answer, "the portal redirects without end");
        }
        const auto url =
            transport::resolve_within(portal_.origin, response.url, *response.location);
        if (!url) {
            co_return Error(ErrorCode::bad_answer,
                            "the portal redirects to another origin, which is not followed");
        }
        HttpRequest request("GET", *url);
        method = "GET";
        Result<HttpResponse> next = co_await perform(std::move(request));
        if (!next) co_return next;
        response = std::move(*next);
    }
    Result<HttpResponse> last(std::move(response));
    co_return last;
}

}  // namespace cabroker::adapters::portal
