#include "sim/tls_context.hpp"

#include <boost/asio/buffer.hpp>
// Asio's SSL is compiled here, once: cabroker_asio holds the rest.
#include <boost/asio/ssl/impl/src.hpp>

namespace cabroker::sim {
namespace {

namespace ssl = boost::asio::ssl;

void fill_context(ssl::context& context, const Identity& identity) {
    context.set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 |
                        ssl::context::no_sslv3 | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
    context.use_certificate_chain(boost::asio::buffer(identity.certificate_pem));
    context.use_private_key(boost::asio::buffer(identity.key_pem), ssl::context::pem);
}

}  // namespace

TlsContexts::TlsContexts()
    : normal(ssl::context::tls_server),
      expired(ssl::context::tls_server),
      wrong_host(ssl::context::tls_server) {}

std::shared_ptr<TlsContexts> make_contexts(const TlsFiles& files) {
    auto contexts = std::make_shared<TlsContexts>();
    fill_context(contexts->normal, files.server);
    fill_context(contexts->expired, files.expired);
    fill_context(contexts->wrong_host, files.wrong_host);
    return contexts;
}

}  // namespace cabroker::sim
