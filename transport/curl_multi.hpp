// The one class that drives libcurl's multi interface with Asio. Internal to this folder.
// libcurl owns its descriptors; what is watched here is a duplicate of each, dropped when libcurl
// says so.
#pragma once

#include <curl/curl.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace cabroker::transport {

/// How a transfer ended: libcurl's result, or that nobody waited for it any longer.
enum class TransferEnd { finished, deadline, canceled };
struct TransferResult {
    TransferEnd end = TransferEnd::finished;
    CURLcode code = CURLE_OK;
};

/// TLS sessions that may be resumed. Made for one transfer at a time: a session that a handshake
/// has used cannot be resumed again before the peer has sent the next one.
struct CurlSessions {
    struct Cleanup {
        void operator()(CURLSH* handle) const { curl_share_cleanup(handle); }
    };
    std::unique_ptr<CURLSH, Cleanup> share;
    std::chrono::steady_clock::time_point since;
};

/// One thread: the executor's. Held by shared_ptr; transfers that run keep it alive.
class CurlMulti : public std::enable_shared_from_this<CurlMulti> {
  public:
    explicit CurlMulti(const boost::asio::any_io_executor& executor);
    ~CurlMulti();
    CurlMulti(const CurlMulti&) = delete;
    CurlMulti& operator=(const CurlMulti&) = delete;

    /// Runs a prepared handle, which the caller keeps alive until this returns and which has no
    /// private pointer of its own. When the deadline passes or the coroutine is cancelled, the
    /// handle is taken out and its connection closed before this returns.
    [[nodiscard]] boost::asio::awaitable<TransferResult> run(
        CURL* easy, std::chrono::steady_clock::time_point deadline);

    /// How often libcurl was called; for finding busy loops.
    [[nodiscard]] std::uint64_t actions() const { return actions_; }

  private:
    struct Transfer;
    struct Watch {
        explicit Watch(boost::asio::posix::stream_descriptor dup) : descriptor(std::move(dup)) {}
        boost::asio::posix::stream_descriptor descriptor;
        int wanted = 0;
        bool waits_read = false;
        bool waits_write = false;
    };

    static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* watch);
    static int on_timer(CURLM* multi, long milliseconds, void* self);
    void watch(curl_socket_t socket, int what);
    void arm(curl_socket_t socket, const std::shared_ptr<Watch>& watch);
    void act(curl_socket_t socket, int events);
    void collect();
    void look_at(std::chrono::steady_clock::time_point when);
    void look_now();
    void arm_timer();
    void rest();
    /// TLS sessions for one transfer at a time: the last ones given back, else new ones.
    [[nodiscard]] CurlSessions take_sessions();
    void give_back(CurlSessions sessions);

    boost::asio::any_io_executor executor_;
    boost::asio::steady_timer timer_;
    /// When libcurl wants to be called though no socket is ready; max(): not at all.
    std::chrono::steady_clock::time_point due_ = std::chrono::steady_clock::time_point::max();
    /// timer_ runs; it may end before due_ and is set again then.
    bool timer_runs_ = false;
    bool called_soon_ = false;
    CURLM* multi_;
    std::map<curl_socket_t, std::shared_ptr<Watch>> watches_;
    std::uint64_t actions_ = 0;
    std::vector<CurlSessions> sessions_;
};

}  // namespace cabroker::transport
