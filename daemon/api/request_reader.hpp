// Reads the requests of one connection: octets into an exchange, within the limits and deadlines of
// the settings. What a request means and who may is judged elsewhere, between head and body.
#pragma once

#include "daemon/api/core.hpp"
#include "daemon/api/exchange.hpp"
#include "daemon/api/timed_socket.hpp"

namespace cabroker::api {

/// Functions that give false: the connection is over without an answer. After true the exchange is
/// refused when the octets make no request, came too slowly or are too many.
class RequestReader {
  public:
    /// Both outlive it.
    RequestReader(Server::Core& core, TimedSocket& socket) : core_(core), socket_(socket) {}
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;

    /// Waits for the next request and reads its head. `patient`: between two requests as long as
    /// the idle deadline, else as long as for the rest of a request.
    [[nodiscard]] asio::awaitable<bool> read_head(Exchange& exchange, bool patient);
    /// Reads the body into the call: as text, or into an upload when the route takes a large one.
    [[nodiscard]] asio::awaitable<bool> read_body(Exchange& exchange);

  private:
    bool feed(Exchange& exchange);
    bool lost(Exchange& exchange, const boost::system::error_code& why);
    [[nodiscard]] bool open_sink(Exchange& exchange, bool large);
    [[nodiscard]] const config::ApiSettings& settings() const {
        return core_.api.services.settings->api;
    }

    Server::Core& core_;
    TimedSocket& socket_;
};

}  // namespace cabroker::api
