#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "runtime/spawn.hpp"
#include "sim/address.hpp"
#include "sim/desk.hpp"
#include "sim/pause.hpp"
#include "sim/smtp_commands.hpp"
#include "sim/text.hpp"
#include "sim/tls_context.hpp"

namespace cabroker::sim {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<beast::tcp_stream>;

constexpr std::size_t kLongestLine = 4096;
constexpr std::chrono::minutes kPatience{5};
constexpr std::chrono::minutes kMailHang{15};
constexpr const char* kDefaultRefusal = "451 4.3.0 try again later";

/// How a stretch of the conversation ended.
enum class Next { go_on, close, starttls };

/// Everything in it outlives the io_context.
struct SmtpServer {
    Desk* desk = nullptr;
    Faults* faults = nullptr;
    bool implicit_tls = false;
    std::shared_ptr<TlsContexts> contexts;
};

template <class Stream>
void reset_mail(Stream& stream) {
    error_code error;
    auto& socket = beast::get_lowest_layer(stream).socket();
    socket.set_option(asio::socket_base::linger(true, 0), error);
    socket.close(error);
}

template <class Stream>
asio::awaitable<bool> say(Stream& stream, std::string text) {
    error_code error;
    beast::get_lowest_layer(stream).expires_after(kPatience);
    co_await asio::async_write(stream, asio::buffer(text),
                               asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
}

/// Reads up to and with `end`; nullopt when the peer went away, was too slow or sent more than
/// `most`.
template <class Stream>
asio::awaitable<std::optional<std::string>> read_to(Stream& stream, std::string& buffer,
                                                    std::string end, std::size_t most) {
    error_code error;
    beast::get_lowest_layer(stream).expires_after(kPatience);
    const std::size_t length =
        co_await asio::async_read_until(stream, asio::dynamic_buffer(buffer, most), end,
                                        asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return std::nullopt;
    std::string text = buffer.substr(0, length - end.size());
    buffer.erase(0, length);
    co_return text;
}

/// Does what a fault wants before or instead of a reply. go_on: the (maybe changed) reply is to be
/// sent.
template <class Stream>
asio::awaitable<Next> suffer(Stream& stream, Fault fault, std::string& reply) {
    if (!fault.any()) co_return Next::go_on;
    if (fault.is("delay") || fault.is("delay_before")) {
        co_await pause_for(fault.delay);
        co_return Next::go_on;
    }
    if (fault.is("refuse")) {
        reply = (fault.detail.empty() ? std::string(kDefaultRefusal) : fault.detail) + "\r\n";
        co_return Next::go_on;
    }
    if (fault.is("garbage")) {
        reply = std::string("\x01\x02garbage without a code\r\n");
        co_return Next::go_on;
    }
    if (fault.is("hang")) {
        const domain::Duration time =
            fault.delay.count() > 0 ? fault.delay : domain::Duration(kMailHang);
        co_await pause_for(time);
    }
    reset_mail(stream);
    co_return Next::close;
}

/// After 354: reads the mail, keeps it, answers.
template <class Stream>
asio::awaitable<Next> receive(Stream& stream, SmtpServer& server, SmtpTalk& talk,
                              std::string& buffer) {
    const std::size_t most = server.desk->settings().max_size;
    // The line end before the mail is the one of DATA: with it an empty mail ends like any other.
    buffer.insert(0, "\r\n");
    const std::optional<std::string> data =
        co_await read_to(stream, buffer, std::string("\r\n.\r\n"), most + kLongestLine);
    if (!data) {
        if (buffer.size() > most)
            co_await say(stream, std::string("552 5.3.4 message too big\r\n"));
        co_return Next::close;
    }
    const std::size_t prefix = std::min<std::size_t>(2, data->size());
    DeskMail mail;
    mail.raw = unstuffed(std::string_view(*data).substr(prefix));
    if (!mail.raw.empty()) mail.raw += "\r\n";
    Fault fault = server.faults->take("smtp.end");
    const bool too_big = mail.raw.size() > most;
    mail.ehlo = talk.ehlo;
    mail.mail_from = talk.mail_from;
    mail.rcpt_to = talk.rcpt_to;
    mail.user = talk.user;
    mail.tls = talk.tls;
    talk.forget_mail();
    if (fault.commits() && !too_big) server.desk->take(std::move(mail));
    std::string reply =
        "250 2.0.0 ok: queued as D" + std::to_string(server.desk->mails().size()) + "\r\n";
    if (too_big) reply = "552 5.3.4 message too big\r\n";
    const Next next = co_await suffer(stream, std::move(fault), reply);
    if (next != Next::go_on) co_return next;
    const bool said = co_await say(stream, std::move(reply));
    co_return said ? Next::go_on : Next::close;
}

/// After 334: reads what AUTH still needs.
template <class Stream>
asio::awaitable<std::string> finish_auth(Stream& stream, SmtpServer& server, SmtpTalk& talk,
                                         std::string& buffer, bool login) {
    const std::optional<std::string> first =
        co_await read_to(stream, buffer, std::string("\r\n"), kLongestLine);
    if (!first || *first == "*") co_return "501 5.7.0 canceled\r\n";
    if (!login) co_return check_plain(*first, *server.desk, talk);
    const bool said = co_await say(stream, std::string("334 UGFzc3dvcmQ6\r\n"));
    if (!said) co_return "501 5.7.0 canceled\r\n";
    const std::optional<std::string> second =
        co_await read_to(stream, buffer, std::string("\r\n"), kLongestLine);
    if (!second || *second == "*") co_return "501 5.7.0 canceled\r\n";
    co_return check_login(*first, *second, *server.desk, talk);
}

/// One command with its faults and its reply.
template <class Stream>
asio::awaitable<Next> obey(Stream& stream, SmtpServer& server, SmtpTalk& talk, std::string& buffer,
                           std::string line) {
    const SmtpCommand command = command_of(line);
    Fault fault = server.faults->take(command.where);
    const bool refused = fault.is("refuse");
    std::string reply;
    if (!refused) reply = reply_to(command, *server.desk, talk);
    const Next next = co_await suffer(stream, std::move(fault), reply);
    if (next != Next::go_on) co_return next;
    if (reply.starts_with("334 ")) {
        const bool login = upper(command.rest).starts_with("LOGIN");
        const bool asked = co_await say(stream, std::move(reply));
        if (!asked) co_return Next::close;
        reply = co_await finish_auth(stream, server, talk, buffer, login);
    }
    const char first = reply.empty() ? '5' : reply.front();
    const bool said = co_await say(stream, std::move(reply));
    if (!said || command.verb == "QUIT") co_return Next::close;
    if (command.verb == "STARTTLS" && first == '2') co_return Next::starttls;
    if (command.verb == "DATA" && first == '3')
        co_return co_await receive(stream, server, talk, buffer);
    co_return Next::go_on;
}

template <class Stream>
asio::awaitable<Next> converse(Stream& stream, SmtpServer& server, SmtpTalk& talk, bool greet) {
    std::string buffer;
    Next next = Next::go_on;
    if (greet) {
        const bool said =
            co_await say(stream, std::string("220 desk.localhost ESMTP simulated desk\r\n"));
        if (!said) co_return Next::close;
    }
    while (next == Next::go_on) {
        std::optional<std::string> line =
            co_await read_to(stream, buffer, std::string("\r\n"), kLongestLine);
        if (!line) co_return Next::close;
        next = co_await obey(stream, server, talk, buffer, std::move(*line));
    }
    // Commands sent in clear behind STARTTLS must not be taken as if they had come through TLS.
    if (next == Next::starttls && !buffer.empty()) co_return Next::close;
    co_return next;
}

asio::awaitable<void> serve_secured(beast::tcp_stream plain, SmtpServer server, SmtpTalk talk,
                                    bool greet) {
    const Fault fault = server.faults->take("smtp.tls");
    asio::ssl::context* context = &server.contexts->normal;
    if (fault.is("expired_certificate")) context = &server.contexts->expired;
    if (fault.is("wrong_host_certificate")) context = &server.contexts->wrong_host;
    TlsStream stream(std::move(plain), *context);
    error_code error;
    beast::get_lowest_layer(stream).expires_after(std::chrono::seconds(30));
    co_await stream.async_handshake(asio::ssl::stream_base::server,
                                    asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    talk.tls = true;
    co_await converse(stream, server, talk, greet);
    if (!beast::get_lowest_layer(stream).socket().is_open()) co_return;
    beast::get_lowest_layer(stream).expires_after(std::chrono::seconds(5));
    co_await stream.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
}

asio::awaitable<void> serve_connection(tcp::socket socket, SmtpServer server) {
    beast::tcp_stream stream(std::move(socket));
    Fault fault = server.faults->take("smtp.connect");
    if (fault.is("refuse")) {
        std::string reply =
            (fault.detail.empty() ? std::string("421 4.3.2 closing") : fault.detail) + "\r\n";
        co_await say(stream, std::move(reply));
        co_return;
    }
    std::string none;
    const Next allowed = co_await suffer(stream, std::move(fault), none);
    if (allowed != Next::go_on) co_return;
    SmtpTalk talk;
    if (server.implicit_tls) {
        co_await serve_secured(std::move(stream), std::move(server), std::move(talk), true);
        co_return;
    }
    const Next next = co_await converse(stream, server, talk, true);
    if (next != Next::starttls) co_return;
    // RFC 3207, 4.2: what was said before TLS is forgotten.
    SmtpTalk fresh;
    co_await serve_secured(std::move(stream), std::move(server), std::move(fresh), false);
}

asio::awaitable<void> accept_smtp(tcp::acceptor acceptor, SmtpServer server) {
    while (true) {
        error_code error;
        tcp::socket socket =
            co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            co_await pause_for(std::chrono::milliseconds(20));
            continue;
        }
        runtime::spawn(acceptor.get_executor(), "smtp session",
                       serve_connection(std::move(socket), server));
    }
}

}  // namespace

domain::Result<unsigned short> serve_smtp(const asio::any_io_executor& executor,
                                          const std::string& address, const TlsFiles& tls,
                                          Desk& desk, Faults& faults, bool implicit_tls) {
    auto acceptor = listen_on(executor, address);
    if (!acceptor) return acceptor.error();
    const unsigned short port = acceptor->local_endpoint().port();
    SmtpServer server;
    server.desk = &desk;
    server.faults = &faults;
    server.implicit_tls = implicit_tls;
    server.contexts = make_contexts(tls);
    runtime::spawn(executor, "smtp", accept_smtp(std::move(*acceptor), std::move(server)));
    return port;
}

}  // namespace cabroker::sim
