#include "sim/address.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "sim/pause.hpp"

namespace cabroker::sim {

domain::Result<boost::asio::ip::tcp::acceptor> listen_on(
    const boost::asio::any_io_executor& executor, const std::string& address) {
    using boost::asio::ip::tcp;
    const std::size_t colon = address.rfind(':');
    unsigned short port = 0;
    boost::system::error_code error;
    const char* end = address.data() + address.size();
    const bool numbered = colon != std::string::npos &&
                          std::from_chars(address.data() + colon + 1, end, port).ptr == end;
    std::string host = address.substr(0, colon);
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    const auto ip = boost::asio::ip::make_address(host, error);
    if (!numbered || error) {
        return domain::Error(domain::ErrorCode::bad_configuration,
                             "cannot listen on " + address + ": write it as 127.0.0.1:0");
    }
    tcp::acceptor acceptor(executor);
    const tcp::endpoint endpoint(ip, port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
    if (error) {
        return domain::Error(domain::ErrorCode::bad_configuration,
                             "cannot listen on " + address + ": " + error.message());
    }
    return acceptor;
}

boost::asio::awaitable<void> pause_for(domain::Duration duration) {
    boost::system::error_code error;
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, duration);
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
}

}  // namespace cabroker::sim
