#include "transport/imap_connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "transport/imap_text.hpp"

namespace cabroker::transport {

using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

/// Of one reply, literals apart.
constexpr std::size_t kMostOfReply = 4UL * 1024 * 1024;

/// The URL without the folder: libcurl is not to open one.
std::string server_of(const std::string& url) {
    const std::size_t host = url.find("://");
    const std::size_t slash =
        host == std::string::npos ? std::string::npos : url.find('/', host + 3);
    return url.substr(0, slash) + "/";
}

int stop_signing_in(void* stopped, curl_off_t /*a*/, curl_off_t /*b*/, curl_off_t /*c*/,
                    curl_off_t /*d*/) {
    return static_cast<const std::atomic<bool>*>(stopped)->load() ? 1 : 0;
}

}  // namespace

Error imap_unreachable(std::string_view cause) {
    return Error(ErrorCode::unreachable,
                 "cannot reach the mail server: " + std::string(words_for(cause)))
        .with("cause", std::string(cause));
}

Error imap_nonsense() { return {ErrorCode::bad_answer, "the mail server does not keep to IMAP"}; }

Result<std::unique_ptr<ImapConnection>> ImapConnection::open(const ImapServer& server,
                                                             const std::atomic<bool>& stopped) {
    std::unique_ptr<ImapConnection> made(new ImapConnection(server.reply_timeout, stopped));
    const Result<void> signed_in = made->sign_in(server);
    if (!signed_in) return signed_in.error();
    const Result<ImapReply> reply = made->command("CAPABILITY", kImapMostLine);
    if (!reply) return reply.error();
    for (const std::string& line : reply->lines) {
        const std::string words = imap_upper(line);
        if (words.starts_with("* CAPABILITY")) made->capabilities_ = words + " ";
    }
    return made;
}

Result<void> ImapConnection::sign_in(const ImapServer& server) {
    easy_.reset(curl_easy_init());
    CURL* const easy = easy_.get();
    if (easy == nullptr) return Error(ErrorCode::internal, "no memory");
    const std::string url = server_of(server.url);
    const std::string password(server.password.reveal());
    set_common(easy, server.ca_file, "");
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "imap,imaps");
    curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
    curl_easy_setopt(easy, CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, password.c_str());
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(server.connect_timeout.count()));
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &stopped_);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &stop_signing_in);
    const CURLcode code = curl_easy_perform(easy);
    if (code == CURLE_LOGIN_DENIED) {
        return Error(ErrorCode::bad_configuration,
                     "the mail server does not accept our user and password");
    }
    if (code != CURLE_OK) return imap_unreachable(cause_of(code));
    if (curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket_) != CURLE_OK ||
        socket_ == CURL_SOCKET_BAD) {
        return imap_unreachable("closed");
    }
    return {};
}

Result<ImapReply> ImapConnection::command(const std::string& text, std::size_t most) {
    const SteadyTime until = std::chrono::steady_clock::now() + reply_timeout_;
    const std::string tag = "c" + std::to_string(++tag_);
    const Result<void> sent = send(tag + " " + text + "\r\n", until);
    if (!sent) return sent.error();
    return receive(tag, most, until);
}

bool ImapConnection::can(std::string_view capability) const {
    return capabilities_.find(" " + std::string(capability) + " ") != std::string::npos;
}

Result<void> ImapConnection::send(std::string_view line, SteadyTime until) {
    std::size_t sent = 0;
    while (sent < line.size()) {
        std::size_t now = 0;
        const CURLcode code =
            curl_easy_send(easy_.get(), line.data() + sent, line.size() - sent, &now);
        sent += now;
        if (code == CURLE_OK) continue;
        if (code != CURLE_AGAIN) return imap_unreachable(cause_of(code));
        const Result<void> ready = wait_for(POLLOUT, until);
        if (!ready) return ready.error();
    }
    return {};
}

Result<ImapReply> ImapConnection::receive(const std::string& tag, std::size_t most,
                                          SteadyTime until) {
    ImapReply reply;
    std::size_t read = 0;
    std::string whole;
    while (true) {
        Result<std::string> part = line(until);
        if (!part) return part.error();
        read += part->size();
        if (read > kMostOfReply) return imap_nonsense();
        whole += *part;
        if (const auto size = imap_literal_size(*part)) {
            if (*size > most) return imap_nonsense();
            Result<std::string> literal = octets(*size, until);
            if (!literal) return literal.error();
            whole.resize(whole.rfind('{'));
            whole += "{}";
            reply.literals.push_back(std::move(*literal));
            continue;
        }
        if (whole.starts_with(tag + " ")) break;
        if (whole.starts_with("* BYE")) return imap_unreachable("closed");
        reply.lines.push_back(std::move(whole));
        whole.clear();
    }
    const std::string_view rest = std::string_view(whole).substr(tag.size() + 1);
    reply.verdict = imap_upper(rest.substr(0, rest.find(' ')));
    reply.text = std::string(rest);
    return reply;
}

Result<std::string> ImapConnection::line(SteadyTime until) {
    while (true) {
        const std::size_t end = buffer_.find("\r\n");
        if (end != std::string::npos) {
            std::string text = buffer_.substr(0, end);
            buffer_.erase(0, end + 2);
            return text;
        }
        if (buffer_.size() > kImapMostLine) return imap_nonsense();
        const Result<void> more = fill(until);
        if (!more) return more.error();
    }
}

Result<std::string> ImapConnection::octets(std::size_t count, SteadyTime until) {
    while (buffer_.size() < count) {
        const Result<void> more = fill(until);
        if (!more) return more.error();
    }
    std::string taken = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return taken;
}

Result<void> ImapConnection::fill(SteadyTime until) {
    std::array<char, 32'768> part{};
    std::size_t got = 0;
    while (true) {
        const CURLcode code = curl_easy_recv(easy_.get(), part.data(), part.size(), &got);
        if (code == CURLE_OK && got > 0) break;
        if (code == CURLE_OK) return imap_unreachable("closed");
        if (code != CURLE_AGAIN) return imap_unreachable(cause_of(code));
        const Result<void> ready = wait_for(POLLIN, until);
        if (!ready) return ready.error();
    }
    buffer_.append(part.data(), got);
    return {};
}

Result<void> ImapConnection::wait_for(short events, SteadyTime until) const {
    while (!stopped_) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        if (left.count() <= 0) return imap_unreachable("timeout");
        pollfd wanted{socket_, events, 0};
        const int turn = static_cast<int>(std::min<std::int64_t>(left.count(), 200));
        if (::poll(&wanted, 1, turn) > 0) return {};
    }
    return imap_unreachable("canceled");
}

}  // namespace cabroker::transport
