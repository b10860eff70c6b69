// bench-bare-beast: the least that an HTTP server made of Beast can do: reads a request, answers a
// fixed body. The limit that the daemon's reads are held against.
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Protocol = asio::local::stream_protocol;

asio::awaitable<void> serve(Protocol::socket socket, const std::string& body) {
    boost::beast::flat_buffer buffer;
    try {
        while (true) {
            http::request<http::string_body> request;
            co_await http::async_read(socket, buffer, request, asio::use_awaitable);
            http::response<http::string_body> response(http::status::ok, request.version());
            response.set(http::field::content_type, "application/json");
            response.keep_alive(request.keep_alive());
            response.body() = body;
            response.prepare_payload();
            co_await http::async_write(socket, response, asio::use_awaitable);
        }
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the client went away
    }
}

void ignore(const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
}

asio::awaitable<void> accept_all(Protocol::acceptor acceptor, const std::string& body) {
    while (true) {
        Protocol::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
        const asio::any_io_executor loop = acceptor.get_executor();
        asio::co_spawn(loop, serve(std::move(socket), body), ignore);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: bench-bare-beast SOCKET BODY_SIZE\n";
        return 2;
    }
    const std::string body(std::strtoul(argv[2], nullptr, 10), 'x');
    ::unlink(argv[1]);
    asio::io_context loop(1);
    Protocol::acceptor acceptor(loop, Protocol::endpoint(argv[1]));
    asio::co_spawn(loop, accept_all(std::move(acceptor), body), ignore);
    loop.run();
}
