// One SMTP transaction as libcurl sees it, run on a worker thread: what was said, what was
// answered, and whether the end of the mail may have left. Internal to this folder.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <string>

#include "domain/error.hpp"
#include "transport/curl_handle.hpp"
#include "transport/smtp_client.hpp"

namespace cabroker::transport {

/// Must not move. prepare() and finish() on the loop's thread, run() on the worker's, stop() from
/// the loop's at any moment in between.
class SmtpTransfer {
  public:
    SmtpTransfer(SmtpEnvelope envelope, std::string octets, SmtpServer server,
                 std::chrono::steady_clock::time_point deadline);
    /// Sends no mail: logs in and says NOOP.
    SmtpTransfer(SmtpServer server, std::chrono::steady_clock::time_point deadline);
    SmtpTransfer(const SmtpTransfer&) = delete;
    SmtpTransfer& operator=(const SmtpTransfer&) = delete;
    ~SmtpTransfer();

    [[nodiscard]] domain::Result<void> prepare();
    void run();
    /// Ends run() soon: its sockets are shut down, so that not one more octet leaves.
    void stop(std::string_view cause);
    [[nodiscard]] domain::Result<SmtpReceipt> finish();

  private:
    static int on_socket_made(void* self, curl_socket_t socket, curlsocktype purpose);
    static int on_debug(CURL* easy, curl_infotype type, char* data, std::size_t size, void* self);
    static std::size_t on_reply(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_read(char* out, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* nothing);
    static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

    [[nodiscard]] domain::Result<void> check() const;
    [[nodiscard]] domain::Result<void> check_server() const;
    void set_mail();
    void set_server();
    void shut(int how);
    void note_command(std::string_view command);
    void note_reply(std::string_view line);
    [[nodiscard]] SmtpReceipt receipt() const;

    SmtpEnvelope envelope_;
    std::string octets_;
    bool probes_ = false;
    SmtpServer server_;
    std::chrono::steady_clock::time_point deadline_;
    CurlEasy easy_;
    CurlList recipients_;
    CURLcode code_ = CURLE_OK;

    /// Duplicates of libcurl's sockets, so that shutting one down can never hit another's
    /// descriptor.
    static constexpr std::size_t kMaxSockets = 16;
    std::array<std::atomic<int>, kMaxSockets> sockets_{};
    std::atomic<std::size_t> socket_count_{0};
    std::atomic<bool> stopped_{false};
    std::string stop_cause_;

    std::size_t given_ = 0;
    bool end_given_ = false;
    bool quitting_ = false;
    bool auth_done_ = false;
    bool refused_auth_ = false;
    SmtpStage stage_ = SmtpStage::greeting;
    /// The reply being read, and the last whole one with the stage it answered.
    std::string lines_;
    std::string reply_;
    int reply_code_ = 0;
    SmtpStage reply_stage_ = SmtpStage::greeting;
};

}  // namespace cabroker::transport
