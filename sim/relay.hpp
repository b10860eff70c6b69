// Hands one outgoing mail to an SMTP server without TLS: for a Postfix or Dovecot LMTP on loopback.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <string>

namespace cabroker::sim {

class Post;

/// Starts the delivery; a failure is logged and counted in `post`, never repeated. 30 seconds at
/// most.
void send_to_relay(const boost::asio::any_io_executor& executor, Post& post, std::string relay,
                   std::string from, std::string to, const std::string& raw);

}  // namespace cabroker::sim
