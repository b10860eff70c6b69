#include "tests/daemon/api/client.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace cabroker::api::test {
namespace {

std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

}  // namespace

std::string Reply::header(const std::string& name) const {
    const auto found = headers.find(lower(name));
    return found == headers.end() ? std::string() : found->second;
}

boost::json::object Reply::json() const {
    boost::system::error_code failed;
    boost::json::value value = boost::json::parse(body, failed);
    EXPECT_FALSE(failed) << status << " " << body;
    if (failed || !value.is_object()) return {};
    return value.as_object();
}

std::string Reply::code() const {
    if (header("content-type") != "application/problem+json") return {};
    const boost::json::object problem = json();
    return std::string(problem.at("code").as_string());
}

Client::Client(const std::string& path) {
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    const int done = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    EXPECT_EQ(done, 0) << path << ": " << std::strerror(errno);
}

Client::Client(Client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}

Client::~Client() {
    if (fd_ >= 0) ::close(fd_);
}

void Client::send(const std::string& octets) {
    std::size_t sent = 0;
    while (sent < octets.size()) {
        const ssize_t n = ::send(fd_, octets.data() + sent, octets.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) return;
        sent += static_cast<std::size_t>(n);
    }
}

void Client::finish_sending() { ::shutdown(fd_, SHUT_WR); }

bool Client::fill() {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, 10'000) <= 0) {
        ADD_FAILURE() << "no answer within 10 s";
        return false;
    }
    char octets[65536];
    const ssize_t n = ::recv(fd_, octets, sizeof octets, 0);
    if (n <= 0) return false;
    buffer_.append(octets, static_cast<std::size_t>(n));
    return true;
}

Reply Client::read_head() {
    Reply reply;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
        if (!fill()) return reply;
    }
    const std::string head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    reply.status = std::stoi(head.substr(9, 3));
    std::size_t at = head.find("\r\n") + 2;
    while (at < head.size()) {
        const std::size_t line_end = head.find("\r\n", at);
        const std::string line = head.substr(at, line_end - at);
        const std::size_t colon = line.find(": ");
        EXPECT_NE(colon, std::string::npos) << line;
        reply.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
        at = line_end + 2;
    }
    return reply;
}

std::optional<std::string> Client::read_chunk() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
        if (!fill()) return std::nullopt;
    }
    const std::size_t size = std::stoul(buffer_.substr(0, end), nullptr, 16);
    while (buffer_.size() < end + 2 + size + 2) {
        if (!fill()) return std::nullopt;
    }
    std::string text = buffer_.substr(end + 2, size);
    buffer_.erase(0, end + 2 + size + 2);
    if (size == 0) return std::nullopt;
    return text;
}

Reply Client::read(bool head) {
    Reply reply = read_head();
    if (reply.status == 0 || head) return reply;
    if (reply.header("transfer-encoding") == "chunked") {
        while (std::optional<std::string> text = read_chunk()) reply.body += *text;
        return reply;
    }
    const std::string length = reply.header("content-length");
    const std::size_t size = length.empty() ? 0 : std::stoul(length);
    while (buffer_.size() < size) {
        if (!fill()) return reply;
    }
    reply.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return reply;
}

bool Client::ended() {
    while (fill()) {
    }
    return true;
}

Reply Client::call(const std::string& method, const std::string& target, const std::string& body,
                   const Headers& headers) {
    send(request_text(method, target, body, headers));
    return read(method == "HEAD");
}

std::string request_text(const std::string& method, const std::string& target,
                         const std::string& body, const Headers& headers) {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n";
    bool typed = false;
    for (const std::string& header : headers) {
        text += header + "\r\n";
        typed = typed || header.starts_with("Content-Type:");
    }
    if (!body.empty() && !typed) text += "Content-Type: application/json\r\n";
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text + "\r\n" + body;
}

}  // namespace cabroker::api::test
