#include "sim/relay.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <charconv>
#include <utility>
#include <vector>

#include "runtime/log.hpp"
#include "runtime/spawn.hpp"
#include "sim/post.hpp"

namespace cabroker::sim {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// CRLF line ends, dots doubled, the final dot.
std::string as_data(const std::string& raw) {
    std::string out;
    bool line_start = true;
    for (const char c : raw) {
        if (c == '\r') continue;
        if (line_start && c == '.') out += '.';
        if (c == '\n') out += '\r';
        out += c;
        line_start = c == '\n';
    }
    if (!line_start) out += "\r\n";
    return out + ".\r\n";
}

/// Sends one command and reads its reply; the first digit, or 0 when the connection failed.
asio::awaitable<int> say_line(boost::beast::tcp_stream& stream, std::string& buffer,
                              std::string line) {
    boost::system::error_code error;
    if (!line.empty()) {
        co_await asio::async_write(stream, asio::buffer(line),
                                   asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return 0;
    }
    while (true) {
        const std::size_t length =
            co_await asio::async_read_until(stream, asio::dynamic_buffer(buffer, 65536), "\r\n",
                                            asio::redirect_error(asio::use_awaitable, error));
        if (error || length < 5) co_return 0;
        const char first = buffer[0];
        const bool last = buffer[3] != '-';
        buffer.erase(0, length);
        if (last) co_return first - '0';
    }
}

asio::awaitable<bool> deliver(std::string relay, std::string from, std::string to,
                              std::string data) {
    const std::size_t colon = relay.rfind(':');
    unsigned short port = 25;
    boost::system::error_code error;
    if (colon != std::string::npos) {
        std::from_chars(relay.data() + colon + 1, relay.data() + relay.size(), port);
    }
    const auto address = asio::ip::make_address(relay.substr(0, colon), error);
    if (error) co_return false;
    const auto executor = co_await asio::this_coro::executor;
    boost::beast::tcp_stream stream(executor);
    stream.expires_after(std::chrono::seconds(30));
    const tcp::endpoint endpoint(address, port);
    co_await stream.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
    std::string buffer;
    // What is said, and the first digit of the answer that lets us go on.
    std::vector<std::pair<std::string, int>> talk;
    talk.emplace_back(std::string(), 2);
    talk.emplace_back("EHLO sim.localhost\r\n", 2);
    talk.emplace_back("MAIL FROM:<" + from + ">\r\n", 2);
    talk.emplace_back("RCPT TO:<" + to + ">\r\n", 2);
    talk.emplace_back("DATA\r\n", 3);
    talk.emplace_back(std::move(data), 2);
    for (auto& [line, wanted] : talk) {
        const int told = co_await say_line(stream, buffer, std::move(line));
        if (told != wanted) co_return false;
    }
    co_await say_line(stream, buffer, std::string("QUIT\r\n"));
    co_return true;
}

asio::awaitable<void> deliver_and_tell(Post& post, std::string relay, std::string from,
                                       std::string to, std::string data) {
    std::string named = relay;
    const bool delivered =
        co_await deliver(std::move(relay), std::move(from), std::move(to), std::move(data));
    if (delivered) co_return;
    post.count_relay_failure();
    runtime::log(runtime::Level::warning, "cannot deliver to the relay", {{"relay", named}});
}

}  // namespace

void send_to_relay(const asio::any_io_executor& executor, Post& post, std::string relay,
                   std::string from, std::string to, const std::string& raw) {
    runtime::spawn(
        executor, "mail relay",
        deliver_and_tell(post, std::move(relay), std::move(from), std::move(to), as_data(raw)));
}

}  // namespace cabroker::sim
