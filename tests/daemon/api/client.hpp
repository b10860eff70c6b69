// A blocking HTTP client on a Unix socket that can also talk nonsense: for tests of the server.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cabroker::api::test {

struct Reply {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;

    [[nodiscard]] std::string header(const std::string& name) const;
    [[nodiscard]] boost::json::object json() const;
    /// The problem's code, or empty.
    [[nodiscard]] std::string code() const;
};

using Headers = std::vector<std::string>;

/// One connection. Every read gives up after ten seconds.
class Client {
  public:
    explicit Client(const std::string& path);
    Client(Client&& other) noexcept;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    void send(const std::string& octets);
    /// No more octets from this side.
    void finish_sending();
    /// The next answer; status 0 when the connection ended instead. `head`: an answer to HEAD.
    Reply read(bool head = false);
    /// The next piece of a chunked body, nullopt at its end.
    std::optional<std::string> read_chunk();
    /// Reads the head of an answer only.
    Reply read_head();
    /// True when the other side closed.
    bool ended();

    Reply call(const std::string& method, const std::string& target, const std::string& body = "",
               const Headers& headers = {});
    Reply get(const std::string& target, const Headers& headers = {}) {
        return call("GET", target, "", headers);
    }
    Reply post(const std::string& target, const std::string& body, const Headers& headers = {}) {
        return call("POST", target, body, headers);
    }

  private:
    bool fill();
    int fd_ = -1;
    std::string buffer_;
};

/// Method, target, Host, Content-Length and Content-Type as usual, then `headers`.
std::string request_text(const std::string& method, const std::string& target,
                         const std::string& body = "", const Headers& headers = {});

[[nodiscard]] inline std::string text(const boost::json::value& value) {
    return std::string(value.as_string());
}

}  // namespace cabroker::api::test
