// One HTTPS exchange as libcurl sees it: options, callbacks, and what is left when it is over.
// Internal to this folder.
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string>

#include "domain/error.hpp"
#include "transport/curl_handle.hpp"
#include "transport/curl_multi.hpp"
#include "transport/http_client.hpp"

namespace cabroker::transport {

/// Looks out for the close of libcurl's TLS connection. The connection may end before the watch,
/// and nothing keeps it: what libcurl made for it must not outlive libcurl's own hold on it.
class TlsWatch {
  public:
    TlsWatch() = default;
    TlsWatch(const TlsWatch&) = delete;
    TlsWatch& operator=(const TlsWatch&) = delete;
    ~TlsWatch() { stop(); }

    void start(SSL* tls);
    void stop();
    [[nodiscard]] bool started() const { return started_; }
    /// The other side said that nothing more comes.
    [[nodiscard]] bool closed() const { return closed_; }

  private:
    static int index();
    static void on_info(const SSL* tls, int where, int value);
    static void on_free(void* tls, void* watch, CRYPTO_EX_DATA* data, int index, long number,
                        void* pointer);

    /// Null when nothing is watched, or what was watched is gone.
    SSL* tls_ = nullptr;
    bool started_ = false;
    bool closed_ = false;
};

/// Must not move once prepared: libcurl holds pointers into it.
class HttpExchange {
  public:
    explicit HttpExchange(HttpRequest request);
    HttpExchange(const HttpExchange&) = delete;
    HttpExchange& operator=(const HttpExchange&) = delete;
    ~HttpExchange();

    /// Checks the request and sets every option; bad_configuration when the request is wrong.
    [[nodiscard]] domain::Result<void> prepare();
    [[nodiscard]] CURL* easy() const { return easy_.get(); }
    [[nodiscard]] std::chrono::steady_clock::time_point deadline() const {
        return request_.deadline;
    }
    /// What came of it.
    [[nodiscard]] domain::Result<HttpResponse> finish(const TransferResult& result);

  private:
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static int before_request(void* self, char* ip, char* local_ip, int port, int local_port);

    [[nodiscard]] domain::Result<void> check();
    [[nodiscard]] bool set_headers();
    void set_method();
    void take_header(std::string_view line);
    void end_of_head();
    [[nodiscard]] bool cut_off() const;
    [[nodiscard]] domain::Error failure(const TransferResult& result) const;
    [[nodiscard]] domain::Result<void> take_cookies();
    void describe();

    HttpRequest request_;
    HttpResponse response_;
    std::optional<Origin> origin_;
    CurlEasy easy_;
    CurlList headers_;
    /// Of an answer that only the end of its connection ends, which libcurl then closes.
    TlsWatch tls_;
    /// libcurl had a ready connection and was about to write the request: from here on it may have
    /// been sent.
    bool maybe_sent_ = false;
    bool late_ = false;
    /// In any answer, interim ones too.
    bool sets_cookies_ = false;
    std::size_t header_octets_ = 0;
    std::string over_limit_;
};

}  // namespace cabroker::transport
