// A whole API in this process: real store, real engine that never asks the outside, real socket.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "config/settings.hpp"
#include "daemon/store/views.hpp"
#include "tests/daemon/api/client.hpp"

namespace cabroker::engine {
class Engine;
}
namespace cabroker::store {
struct StoreOptions;
}

namespace cabroker::api::test {

class Harness {
  public:
    /// `adjust` may change the settings before anything starts, `adjust_store` how the store is
    /// opened.
    explicit Harness(const std::function<void(config::Settings&)>& adjust = {},
                     const std::function<void(store::StoreOptions&)>& adjust_store = {});
    Harness(const Harness&) = delete;
    Harness& operator=(const Harness&) = delete;
    ~Harness();

    [[nodiscard]] Client client() const { return Client(socket_path()); }
    [[nodiscard]] std::string socket_path() const;
    [[nodiscard]] std::string folder() const;

    /// Changes the store on its writer thread; returns when it is on disk.
    void change(const std::function<void(store::Tx&)>& work);
    /// Changes a request's row, as the engine would.
    void change_request(const std::string& id, const std::function<void(domain::Request&)>& work);
    /// Begins to drain; returns when the server has taken note.
    void drain();
    void reload(const std::function<void(config::Settings&)>& adjust);
    [[nodiscard]] std::size_t connections();
    [[nodiscard]] std::size_t waiting();
    /// Changes that wait for the writer.
    [[nodiscard]] std::size_t queued();

    /// Until `true_now` holds, asked every few milliseconds; fails the test after ten seconds.
    static void until(const std::function<bool()>& true_now);

  private:
    struct Parts;
    void on_loop(const std::function<void()>& work);
    std::unique_ptr<Parts> parts_;
};

/// A body for POST /v1/requests with an inline order.
std::string status_body(const std::string& supplier_order_id, const std::string& more = "");
/// An acceptable CSR for a name, made by openssl; the same one for the same name.
const std::string& csr_for(const std::string& common_name);
/// The private key of csr_for.
const std::string& key_for(const std::string& common_name);
/// A self-signed certificate with the key of csr_for.
const std::string& certificate_for(const std::string& common_name);
std::string quoted(const std::string& text);

}  // namespace cabroker::api::test
