// One connection's socket, what was read from it and not used yet, and the deadline of what is
// under way there. Knows no HTTP.
#pragma once

#include <cstddef>
#include <string_view>

#include "daemon/api/core.hpp"
#include "daemon/api/read_buffer.hpp"

namespace cabroker::api {

/// In the server's list for as long as it lives, which cancels what passes its deadline.
class TimedSocket {
  public:
    TimedSocket(Server::Core& core, Socket socket);
    TimedSocket(const TimedSocket&) = delete;
    TimedSocket& operator=(const TimedSocket&) = delete;

    /// Waits for some octets more in buffer(), which makes room for at least `size`; an error when
    /// none come any more.
    [[nodiscard]] asio::awaitable<boost::system::error_code> fill(std::size_t size);
    /// How many of the first `octets` the client's side takes at once; 0 as well when the
    /// connection is broken, which write() tells.
    [[nodiscard]] std::size_t write_now(std::string_view octets);
    /// All of `octets`, which live until it is done, within the write deadline; then there is none.
    [[nodiscard]] asio::awaitable<bool> write(std::string_view octets);
    /// Ends our side and throws away what the client still sends, for a while: it would lose the
    /// answer if the socket closed under it.
    [[nodiscard]] asio::awaitable<void> linger();

    void set_deadline(domain::Duration from_now) {
        connection_.expired = false;
        connection_.deadline = Steady::now() + from_now;
    }
    /// Of what is under way already.
    void move_deadline(Steady::time_point to) { connection_.deadline = to; }
    void no_deadline() { connection_.deadline = Connection::kNever; }
    /// Did the last deadline pass?
    [[nodiscard]] bool expired() const { return connection_.expired; }

    /// Between two requests: the server may close it.
    [[nodiscard]] bool idle() const { return connection_.idle; }
    void set_idle(bool idle) { connection_.idle = idle; }

    /// The client has closed its end for good. One that only sends no more is still there.
    [[nodiscard]] bool gone();

    [[nodiscard]] ReadBuffer& buffer() { return buffer_; }
    [[nodiscard]] int descriptor() { return socket_.native_handle(); }

  private:
    const Server::Core& core_;
    Socket socket_;
    Connection connection_;
    Registered registered_;
    ReadBuffer buffer_;
};

}  // namespace cabroker::api
