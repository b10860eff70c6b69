// The TLS settings of the simulated servers. Includes Asio's SSL: for sources only.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "sim/ca.hpp"

namespace cabroker::sim {

struct TlsContexts {
    TlsContexts();
    boost::asio::ssl::context normal;
    boost::asio::ssl::context expired;
    boost::asio::ssl::context wrong_host;
};
/// TLS 1.2 and 1.3 only.
[[nodiscard]] std::shared_ptr<TlsContexts> make_contexts(const TlsFiles& files);

}  // namespace cabroker::sim
