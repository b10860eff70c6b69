// One keep-alive connection of the load generator: sends one prepared request after another and
// reads the answers. Knows just enough HTTP for servers that give a Content-Length.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace cabroker::bench {

/// What a server said; the views live until the connection's next call.
struct Answer {
    int status = 0;
    std::string_view head;
    std::string_view body;
};

class Client {
  public:
    using Clock = std::chrono::steady_clock;

    /// Connects; throws std::system_error.
    explicit Client(const std::string& socket_path);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    [[nodiscard]] int descriptor() const { return fd_; }
    /// Sends a whole request; `octets` need not live on. Throws when the connection is gone.
    void send(std::string_view octets);
    /// Reads what is there. True when an answer is complete. Throws when the connection is gone or
    /// the answer has no length.
    [[nodiscard]] bool receive(Answer& answer);
    [[nodiscard]] Clock::time_point sent_at() const { return sent_at_; }

  private:
    [[nodiscard]] bool parse(Answer& answer) const;

    int fd_ = -1;
    std::string received_;
    Clock::time_point sent_at_;
};

/// The value of a header field in an answer's head, or empty. `name` as the server writes it.
[[nodiscard]] std::string_view field_of(std::string_view head, std::string_view name);

}  // namespace cabroker::bench
