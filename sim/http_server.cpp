#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "runtime/spawn.hpp"
#include "sim/address.hpp"
#include "sim/ca.hpp"
#include "sim/http.hpp"
#include "sim/pause.hpp"
#include "sim/tls_context.hpp"

namespace cabroker::sim {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using UnixProtocol = asio::local::stream_protocol;
using UnixStream = beast::basic_stream<UnixProtocol>;
using TlsStream = asio::ssl::stream<beast::tcp_stream>;
using boost::system::error_code;

constexpr std::uint64_t kHugeBody = 500ULL * 1024 * 1024;
constexpr std::size_t kHugePiece = 64 * 1024;
constexpr int kSlowPieces = 20;
constexpr std::chrono::minutes kHang{10};

/// What a session needs; everything in it outlives the io_context.
struct Server {
    HttpService* service = nullptr;
    Faults* faults = nullptr;
    HttpLimits limits;
};

asio::awaitable<void> close_politely(TlsStream& stream) {
    error_code error;
    beast::get_lowest_layer(stream).expires_after(std::chrono::seconds(5));
    co_await stream.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
    beast::get_lowest_layer(stream).socket().shutdown(tcp::socket::shutdown_both, error);
}

asio::awaitable<void> close_politely(UnixStream& stream) {
    error_code error;
    stream.socket().shutdown(UnixProtocol::socket::shutdown_both, error);
    co_return;
}

/// The peer sees a reset connection, not an end.
template <class Stream>
void reset(Stream& stream) {
    error_code error;
    auto& socket = beast::get_lowest_layer(stream).socket();
    socket.set_option(asio::socket_base::linger(true, 0), error);
    socket.close(error);
}

template <class Stream>
asio::awaitable<bool> write_octets(Stream& stream, std::string octets, std::chrono::seconds limit) {
    error_code error;
    beast::get_lowest_layer(stream).expires_after(limit);
    co_await asio::async_write(stream, asio::buffer(octets),
                               asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
}

template <class Stream>
asio::awaitable<void> write_huge(Stream& stream, std::uint64_t bytes, std::chrono::seconds limit) {
    std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: " +
        std::to_string(bytes) + "\r\n\r\n<!DOCTYPE html><html><body>";
    bool good = co_await write_octets(stream, std::move(head), limit);
    for (std::uint64_t sent = 0; good && sent < bytes; sent += kHugePiece) {
        std::string piece(kHugePiece, 'x');
        good = co_await write_octets(stream, std::move(piece), limit);
    }
}

template <class Stream>
asio::awaitable<bool> write_slowly(Stream& stream, std::string octets, domain::Duration total,
                                   std::chrono::seconds limit) {
    const std::size_t size = octets.size() / kSlowPieces + 1;
    for (std::size_t start = 0; start < octets.size(); start += size) {
        co_await pause_for(total / kSlowPieces);
        std::string piece = octets.substr(start, size);
        const bool good = co_await write_octets(stream, std::move(piece), limit);
        if (!good) co_return false;
    }
    co_return true;
}

HttpRequest plain_request(const http::request<http::string_body>& message) {
    HttpRequest request;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    const std::size_t mark = request.target.find('?');
    request.path = request.target.substr(0, mark);
    if (mark != std::string::npos) {
        request.query = parse_form(std::string_view(request.target).substr(mark + 1));
    }
    for (const auto& header : message) {
        request.headers.emplace(lower(header.name_string()), std::string(header.value()));
    }
    request.cookies = parse_cookies(field(request.headers, "cookie"));
    request.body = message.body();
    return request;
}

unsigned status_of(const error_code& error) {
    if (error == http::error::body_limit) return 413;
    if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
    if (error == beast::error::timeout) return 0;
    if (error.category() == http::make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
        return 400;
    }
    return 0;
}

/// Sends the reply as the fault wants it; false: the connection ends here.
template <class Stream>
asio::awaitable<bool> send_under(Stream& stream, const Server& server, Fault fault, HttpReply reply,
                                 bool keep_alive, bool head) {
    if (fault.is("drop_before") || fault.is("drop_after_commit")) {
        reset(stream);
        co_return false;
    }
    if (fault.is("close_without_answer")) co_return false;
    if (fault.is("hang")) {
        const domain::Duration time =
            fault.delay.count() > 0 ? fault.delay : domain::Duration(kHang);
        co_await pause_for(time);
        reset(stream);
        co_return false;
    }
    if (fault.is("huge")) {
        const std::uint64_t bytes = fault.bytes > 0 ? fault.bytes : kHugeBody;
        co_await write_huge(stream, bytes, server.limits.write);
        co_return false;
    }
    if (fault.is("delay")) co_await pause_for(fault.delay);
    std::string octets = serialized(reply, keep_alive, head);
    if (fault.is("truncate")) {
        octets.resize(octets.size() - reply.body.size() / 2 - 1);
        co_await write_octets(stream, std::move(octets), server.limits.write);
        co_return false;
    }
    if (fault.is("slow")) {
        const bool slow =
            co_await write_slowly(stream, std::move(octets), fault.delay, server.limits.write);
        co_return slow&& keep_alive;
    }
    const bool written = co_await write_octets(stream, std::move(octets), server.limits.write);
    co_return written&& keep_alive;
}

template <class Stream>
asio::awaitable<void> serve_requests(Stream& stream, const Server& server) {
    beast::flat_buffer buffer(server.limits.header + 64 * 1024);
    bool going = true;
    while (going) {
        http::request_parser<http::string_body> parser;
        parser.header_limit(server.limits.header);
        parser.body_limit(server.limits.body);
        beast::get_lowest_layer(stream).expires_after(server.limits.request);
        error_code error;
        co_await http::async_read(stream, buffer, parser,
                                  asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            const unsigned status = status_of(error);
            if (status == 0) co_return;
            std::string refusal = serialized(server.service->refused(status), false, false);
            co_await write_octets(stream, std::move(refusal), server.limits.write);
            co_return;
        }
        const bool keep_alive = parser.get().keep_alive();
        const HttpRequest request = plain_request(parser.get());
        Fault fault = server.faults->take(server.service->where(request));
        beast::get_lowest_layer(stream).expires_never();
        if (fault.is("delay_before")) co_await pause_for(fault.delay);
        HttpReply reply = reply_under(*server.service, fault, request);
        const bool head = request.method == "HEAD";
        going = co_await send_under(stream, server, std::move(fault), std::move(reply), keep_alive,
                                    head);
    }
}

asio::awaitable<void> serve_tls(tcp::socket socket, Server server,
                                std::shared_ptr<TlsContexts> contexts) {
    const Fault fault = server.faults->take(server.service->connect_place());
    error_code error;
    socket.set_option(tcp::no_delay(true), error);
    asio::ssl::context* context = &contexts->normal;
    if (fault.is("expired_certificate")) context = &contexts->expired;
    if (fault.is("wrong_host_certificate")) context = &contexts->wrong_host;
    TlsStream stream(beast::tcp_stream(std::move(socket)), *context);
    if (fault.is("drop_before") || fault.is("down")) {
        reset(stream);
        co_return;
    }
    if (fault.is("delay")) co_await pause_for(fault.delay);
    beast::get_lowest_layer(stream).expires_after(std::chrono::seconds(30));
    co_await stream.async_handshake(asio::ssl::stream_base::server,
                                    asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    co_await serve_requests(stream, server);
    if (beast::get_lowest_layer(stream).socket().is_open()) co_await close_politely(stream);
}

asio::awaitable<void> serve_plain(UnixProtocol::socket socket, Server server) {
    UnixStream stream(std::move(socket));
    co_await serve_requests(stream, server);
    if (stream.socket().is_open()) co_await close_politely(stream);
}

asio::awaitable<void> accept_tls(tcp::acceptor acceptor, Server server,
                                 std::shared_ptr<TlsContexts> contexts) {
    while (true) {
        error_code error;
        tcp::socket socket =
            co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            // Out of descriptors, or the peer went away: go on, but not in a tight loop.
            co_await pause_for(std::chrono::milliseconds(20));
            continue;
        }
        runtime::spawn(acceptor.get_executor(), "portal session",
                       serve_tls(std::move(socket), server, contexts));
    }
}

asio::awaitable<void> accept_unix(UnixProtocol::acceptor acceptor, Server server) {
    while (true) {
        error_code error;
        UnixProtocol::socket socket =
            co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            co_await pause_for(std::chrono::milliseconds(20));
            continue;
        }
        runtime::spawn(acceptor.get_executor(), "control session",
                       serve_plain(std::move(socket), server));
    }
}

Server server_of(HttpService& service, Faults& faults, const HttpLimits& limits) {
    Server server;
    server.service = &service;
    server.faults = &faults;
    server.limits = limits;
    return server;
}

}  // namespace

domain::Result<unsigned short> serve_https(const asio::any_io_executor& executor,
                                           const std::string& address, const TlsFiles& tls,
                                           HttpService& service, Faults& faults,
                                           HttpLimits limits) {
    auto acceptor = listen_on(executor, address);
    if (!acceptor) return acceptor.error();
    const unsigned short port = acceptor->local_endpoint().port();
    runtime::spawn(
        executor, "portal",
        accept_tls(std::move(*acceptor), server_of(service, faults, limits), make_contexts(tls)));
    return port;
}

domain::Result<void> serve_unix(const asio::any_io_executor& executor, const std::string& path,
                                HttpService& service, Faults& faults, HttpLimits limits) {
    ::unlink(path.c_str());
    error_code error;
    UnixProtocol::acceptor acceptor(executor);
    acceptor.open(UnixProtocol(), error);
    const mode_t before = ::umask(0077);
    // An endpoint of too long a path would throw.
    if (path.size() < sizeof(sockaddr_un::sun_path)) {
        if (!error) acceptor.bind(UnixProtocol::endpoint(path), error);
    } else {
        error = asio::error::name_too_long;
    }
    ::umask(before);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        return domain::Error(domain::ErrorCode::bad_configuration,
                             "cannot listen on " + path + ": " + error.message());
    }
    runtime::spawn(executor, "control",
                   accept_unix(std::move(acceptor), server_of(service, faults, limits)));
    return {};
}

}  // namespace cabroker::sim
