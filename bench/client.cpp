#include "bench/client.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace cabroker::bench {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

int number(std::string_view text) {
    int value = -1;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

Client::Client(const std::string& socket_path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_path.size() >= sizeof address.sun_path)
        throw std::runtime_error("the socket's path is too long");
    std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) fail("socket");
    const void* where = &address;
    if (::connect(fd_, static_cast<const sockaddr*>(where), sizeof address) != 0) {
        const int why = errno;
        ::close(fd_);
        errno = why;
        fail("connect");
    }
}

Client::~Client() { ::close(fd_); }

// Requests are far smaller than a socket's buffer, so a blocking send does not block.
void Client::send(std::string_view octets) {
    received_.clear();
    sent_at_ = Clock::now();
    while (!octets.empty()) {
        const ssize_t count = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail("send");
        octets.remove_prefix(static_cast<std::size_t>(count));
    }
}

bool Client::receive(Answer& answer) {
    std::array<char, 16384> part;  // NOLINT(*-member-init): recv() fills what is read
    const ssize_t count = ::recv(fd_, part.data(), part.size(), MSG_DONTWAIT);
    if (count == 0) throw std::runtime_error("the server closed the connection");
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (count < 0) fail("recv");
    received_.append(part.data(), static_cast<std::size_t>(count));
    return parse(answer);
}

bool Client::parse(Answer& answer) const {
    const std::string_view all = received_;
    const auto end = all.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    answer.head = all.substr(0, end + 2);
    answer.status = number(all.substr(std::strlen("HTTP/1.1 "), 3));
    const bool no_body = answer.status == 204;
    const int length = no_body ? 0 : number(field_of(answer.head, "Content-Length"));
    if (length < 0) throw std::runtime_error("an answer without Content-Length");
    answer.body = all.substr(end + 4);
    if (answer.body.size() < static_cast<std::size_t>(length)) return false;
    return true;
}

std::string_view field_of(std::string_view head, std::string_view name) {
    std::string wanted = "\r\n";
    wanted += name;
    wanted += ": ";
    const auto found = head.find(wanted);
    if (found == std::string_view::npos) return {};
    const auto begin = found + wanted.size();
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace cabroker::bench
