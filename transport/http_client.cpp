#include "transport/http_client.hpp"

#include <utility>

#include "transport/curl_multi.hpp"
#include "transport/http_exchange.hpp"

namespace cabroker::transport {

namespace asio = boost::asio;

namespace {

asio::awaitable<domain::Result<HttpResponse>> exchange_on(std::shared_ptr<CurlMulti> multi,
                                                          HttpRequest request) {
    HttpExchange exchange(std::move(request));
    const domain::Result<void> prepared = exchange.prepare();
    if (!prepared) co_return prepared.error();
    const TransferResult ended = co_await multi->run(exchange.easy(), exchange.deadline());
    co_return exchange.finish(ended);
}

}  // namespace

std::optional<std::string> HttpResponse::header(std::string_view name) const {
    for (const HttpHeader& header : headers) {
        if (header.name == name) return header.value;
    }
    return std::nullopt;
}

CurlHttpClient::CurlHttpClient(const asio::any_io_executor& executor)
    : multi_(std::make_shared<CurlMulti>(executor)) {}

CurlHttpClient::~CurlHttpClient() = default;

asio::awaitable<domain::Result<HttpResponse>> CurlHttpClient::perform(HttpRequest request) {
    // Not a coroutine itself: what it starts must not need `this`.
    return exchange_on(multi_, std::move(request));
}

}  // namespace cabroker::transport
