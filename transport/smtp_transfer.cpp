#include "transport/smtp_transfer.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/url.hpp>
#include <cstring>
#include <utility>

#include "transport/mail_text.hpp"
#include "transport/smtp_reply.hpp"

namespace cabroker::transport {
namespace {

using domain::Error;
using domain::ErrorCode;
using domain::Result;

constexpr std::size_t kMaxReply = 4096;

Error failed_mail(const std::string& why) {
    return Error(ErrorCode::bad_configuration, "cannot send the mail: " + why)
        .with("cause", "request");
}

bool is_host_text(std::string_view text) {
    return text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '-';
           });
}

}  // namespace

SmtpTransfer::SmtpTransfer(SmtpEnvelope envelope, std::string octets, SmtpServer server,
                           std::chrono::steady_clock::time_point deadline)
    : envelope_(std::move(envelope)),
      octets_(std::move(octets)),
      server_(std::move(server)),
      deadline_(deadline) {}

SmtpTransfer::SmtpTransfer(SmtpServer server, std::chrono::steady_clock::time_point deadline)
    : envelope_("", ""), probes_(true), server_(std::move(server)), deadline_(deadline) {}

SmtpTransfer::~SmtpTransfer() {
    easy_.reset();
    const std::size_t count = std::min(socket_count_.load(), kMaxSockets);
    for (std::size_t i = 0; i < count; ++i) ::close(sockets_[i]);
}

Result<void> SmtpTransfer::check() const {
    if (probes_) return check_server();
    if (!is_mail_address(envelope_.rcpt_to))
        return failed_mail("the recipient is not plain local@domain");
    if (!envelope_.mail_from.empty() && !is_mail_address(envelope_.mail_from)) {
        return failed_mail("the sender is not plain local@domain");
    }
    const Result<void> server = check_server();
    if (!server) return server;
    return check_mail_octets(octets_);
}

Result<void> SmtpTransfer::check_server() const {
    const auto url = boost::urls::parse_uri(server_.url);
    if (!url || url->host().empty() || url->has_userinfo() || url->has_query()) {
        return failed_mail("the server's URL is not smtp://host:port or smtps://host:port");
    }
    if (!url->encoded_path().empty() && url->encoded_path() != "/") {
        return failed_mail("the server's URL has a path");
    }
    const bool implicit = server_.tls == SmtpTls::implicit;
    if (url->scheme() != (implicit ? "smtps" : "smtp")) {
        return failed_mail("the server's URL does not fit its tls setting");
    }
    if (server_.tls == SmtpTls::none) {
        const std::string host = url->host();
        const bool loopback =
            host == "localhost" || host == "[::1]" ||
            (url->host_type() == boost::urls::host_type::ipv4 && host.starts_with("127."));
        if (!loopback || !server_.user.empty()) {
            return failed_mail("mail without TLS is for loopback without a password only");
        }
    }
    if (!is_host_text(server_.helo)) return failed_mail("the EHLO name is no host name");
    return {};
}

Result<void> SmtpTransfer::prepare() {
    Result<void> checked = check();
    if (!checked) return checked;
    easy_.reset(curl_easy_init());
    if (!easy_ || (!probes_ && !append(recipients_, "<" + envelope_.rcpt_to + ">"))) {
        return Error(ErrorCode::internal, "cannot prepare the mail");
    }
    CURL* const easy = easy_.get();
    set_common(easy, server_.ca_file, "");
    set_server();
    set_mail();
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &SmtpTransfer::on_reply);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &SmtpTransfer::on_socket_made);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, this);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &SmtpTransfer::on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, this);
    // The debug callback tells which command is under way; nothing of it is kept or logged.
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, &SmtpTransfer::on_debug);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, this);
    return {};
}

void SmtpTransfer::set_mail() {
    CURL* const easy = easy_.get();
    if (probes_) {
        // Without a recipient libcurl sends this command once it is logged in. What comes back is
        // seen as a reply already; it is no body to be written anywhere.
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "NOOP");
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &SmtpTransfer::on_body);
        return;
    }
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, ("<" + envelope_.mail_from + ">").c_str());
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients_.get());
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(octets_.size()));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &SmtpTransfer::on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
}

std::size_t SmtpTransfer::on_body(char* /*data*/, std::size_t size, std::size_t count,
                                  void* /*nothing*/) {
    return size * count;
}

void SmtpTransfer::set_server() {
    using std::chrono::milliseconds;
    CURL* const easy = easy_.get();
    // libcurl takes the EHLO name from the path.
    std::string url = server_.url;
    if (url.ends_with('/')) url.pop_back();
    if (!server_.helo.empty()) url += "/" + server_.helo;
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    if (server_.tls != SmtpTls::none) {
        curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
    }
    if (!server_.user.empty()) {
        const std::string password(server_.password.reveal());
        curl_easy_setopt(easy, CURLOPT_USERNAME, server_.user.c_str());
        curl_easy_setopt(easy, CURLOPT_PASSWORD, password.c_str());
        curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
    }
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline_ - std::chrono::steady_clock::now());
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(server_.connect_timeout.count()));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<long>(left.count(), 1)));
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(server_.reply_timeout).count();
    curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(seconds));
}

void SmtpTransfer::run() { code_ = curl_easy_perform(easy_.get()); }

void SmtpTransfer::shut(int how) {
    const std::size_t count = std::min(socket_count_.load(), kMaxSockets);
    for (std::size_t i = 0; i < count; ++i) ::shutdown(sockets_[i], how);
}

void SmtpTransfer::stop(std::string_view cause) {
    if (stop_cause_.empty()) stop_cause_ = cause;
    stopped_ = true;
    shut(SHUT_RDWR);
}

int SmtpTransfer::on_socket_made(void* self, curl_socket_t socket, curlsocktype /*purpose*/) {
    auto* const that = static_cast<SmtpTransfer*>(self);
    const std::size_t count = that->socket_count_.load();
    if (count == kMaxSockets) return CURL_SOCKOPT_ERROR;
    const int dup = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
    if (dup < 0) return CURL_SOCKOPT_ERROR;
    that->sockets_[count] = dup;
    that->socket_count_ = count + 1;
    // Asked after publishing: stop() either sees the socket, or is seen here.
    return that->stopped_ ? CURL_SOCKOPT_ERROR : CURL_SOCKOPT_OK;
}

int SmtpTransfer::on_progress(void* self, curl_off_t /*dltotal*/, curl_off_t /*dlnow*/,
                              curl_off_t /*ultotal*/, curl_off_t /*ulnow*/) {
    return static_cast<SmtpTransfer*>(self)->stopped_ ? 1 : 0;
}

int SmtpTransfer::on_debug(CURL* /*easy*/, curl_infotype type, char* data, std::size_t size,
                           void* self) {
    auto* const that = static_cast<SmtpTransfer*>(self);
    if (type == CURLINFO_HEADER_OUT) that->note_command(std::string_view(data, size));
    return 0;
}

void SmtpTransfer::note_command(std::string_view command) {
    const auto is = [&](std::string_view verb) { return command.starts_with(verb); };
    if (is("EHLO") || is("HELO") || is("STARTTLS")) stage_ = SmtpStage::hello;
    if (is("AUTH")) {
        stage_ = SmtpStage::auth;
        auth_done_ = true;
    }
    if (is("MAIL FROM") || is("NOOP")) {
        stage_ = SmtpStage::mail;
        // libcurl goes on without AUTH when the server offers none.
        refused_auth_ = !server_.user.empty() && !auth_done_;
        if (refused_auth_) shut(SHUT_RDWR);
    }
    if (is("RCPT TO")) stage_ = SmtpStage::recipient;
    if (is("DATA\r\n")) stage_ = SmtpStage::data;
    if (is("QUIT\r\n")) {
        // QUIT is out; libcurl would wait for the answer as long as for any other.
        quitting_ = true;
        shut(SHUT_RD);
    }
}

std::size_t SmtpTransfer::on_read(char* out, std::size_t size, std::size_t count, void* self) {
    auto* const that = static_cast<SmtpTransfer*>(self);
    if (that->stopped_) return CURL_READFUNC_ABORT;
    const std::size_t part = std::min(size * count, that->octets_.size() - that->given_);
    if (part == 0) {
        // libcurl now sends the final dot.
        that->end_given_ = true;
        that->stage_ = SmtpStage::end_of_data;
        return 0;
    }
    std::memcpy(out, that->octets_.data() + that->given_, part);
    that->given_ += part;
    if (that->given_ == that->octets_.size()) {
        // libcurl knows the size and does not ask again: what follows is the final dot.
        that->end_given_ = true;
        that->stage_ = SmtpStage::end_of_data;
    }
    return part;
}

std::size_t SmtpTransfer::on_reply(char* data, std::size_t size, std::size_t count, void* self) {
    auto* const that = static_cast<SmtpTransfer*>(self);
    if (!that->quitting_) that->note_reply(std::string_view(data, size * count));
    return size * count;
}

void SmtpTransfer::note_reply(std::string_view line) {
    const int code = smtp_code_of(line);
    if (code == 0 || lines_.size() + line.size() > kMaxReply) return;
    lines_ += line;
    const bool last = line.size() < 4 || line[3] != '-';
    if (!last) return;
    reply_ = std::move(lines_);
    lines_.clear();
    reply_code_ = code;
    reply_stage_ = stage_;
}

SmtpReceipt SmtpTransfer::receipt() const {
    SmtpReceipt receipt = read_smtp_reply(reply_);
    receipt.stage = reply_stage_;
    return receipt;
}

Result<SmtpReceipt> SmtpTransfer::finish() {
    // The server's word counts, whatever libcurl made of the connection afterwards.
    const bool answered_end = end_given_ && reply_stage_ == SmtpStage::end_of_data;
    if (answered_end && reply_code_ >= 200) return receipt();
    const bool stopped = refused_auth_ || !stop_cause_.empty();
    if (probes_ && code_ == CURLE_OK && reply_stage_ == SmtpStage::mail && !stopped)
        return receipt();
    if (reply_code_ >= 400 && !end_given_ && !stopped) return receipt();

    std::string cause(cause_of(code_));
    if (cause == "protocol" && code_ == CURLE_OK) cause = "closed";
    if (refused_auth_) cause = "login";
    if (!stop_cause_.empty()) cause = stop_cause_;
    const std::string why(words_for(cause));
    if (end_given_) {
        return Error(ErrorCode::no_answer,
                     "cannot tell whether the mail server took the mail: " + why)
            .with("cause", cause);
    }
    return Error(ErrorCode::unreachable, (probes_ ? "cannot use the mail server: "
                                                  : "cannot hand the mail to the mail server: ") +
                                             why)
        .with("cause", cause);
}

}  // namespace cabroker::transport
