// Reads the requests of one connection: octets into an exchange, within the limits and deadlines of
// the settings. What a request means and who may is judged elsewhere, between head and body. Waits
// for nothing itself: nearly every request has come whole when its first octets are there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/api/core.hpp"
#include "daemon/api/exchange.hpp"
#include "daemon/api/timed_socket.hpp"

namespace cabroker::api {

/// For each request begin(), then take_head() until it is true, then begin_body() and take_body()
/// until that is; in between the socket is filled with room() more octets, and heard() is told.
/// An exchange is refused, and `unread`, when the octets make no request, came too slowly or are
/// too many.
class RequestReader {
  public:
    /// All outlive it.
    RequestReader(Server::Core& core, TimedSocket& socket, Holding& holding)
        : core_(core), socket_(socket), holding_(holding) {}
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;

    /// `patient`: the next request is waited for as long as the idle deadline, else as long as for
    /// the rest of a request.
    void begin(bool patient);
    /// Takes what came. True when the head is there.
    [[nodiscard]] bool take_head(Exchange& exchange);
    /// The body goes into the call: as text, or into an upload when the route takes a large one.
    /// False: it cannot be taken, and the exchange is refused.
    [[nodiscard]] bool begin_body(Exchange& exchange);
    /// Takes what came. True when nothing more of this request is to come.
    [[nodiscard]] bool take_body(Exchange& exchange);

    /// The client waits for a word before it sends the body; await_body() once it has that.
    [[nodiscard]] bool owes_continue() const { return owes_continue_; }
    void await_body();
    [[nodiscard]] std::size_t room() const;
    /// The socket was filled, or failed. False: the connection is over without an answer.
    [[nodiscard]] bool heard(Exchange& exchange, const boost::system::error_code& failed);

  private:
    bool feed(Exchange& exchange);
    void pass_empty_lines();
    bool lost(Exchange& exchange, const boost::system::error_code& why);
    [[nodiscard]] bool open_sink(Exchange& exchange, bool large);
    [[nodiscard]] const config::ApiSettings& settings() const {
        return core_.api.services.settings->api;
    }

    Server::Core& core_;
    TimedSocket& socket_;
    Holding& holding_;
    bool in_body_ = false;
    bool large_ = false;
    bool owes_continue_ = false;
    /// When the body began, and how much of it came since.
    Steady::time_point body_since_;
    std::uint64_t received_ = 0;
    /// In the socket's buffer when the rest was waited for.
    std::size_t untaken_ = 0;
};

}  // namespace cabroker::api
