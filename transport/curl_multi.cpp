#include "transport/curl_multi.hpp"

#include <fcntl.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <new>
#include <utility>

#include "transport/curl_handle.hpp"

namespace cabroker::transport {
namespace {

namespace asio = boost::asio;
using SteadyTime = std::chrono::steady_clock::time_point;
constexpr long kMaxKeptConnections = 32;
constexpr std::size_t kMaxKeptSessions = 64;
// A resumed session is not verified again, so that changed roots take that long to count.
constexpr auto kSessionsLive = std::chrono::minutes(10);

}  // namespace

/// Takes the handle out again, however the coroutine ends.
struct CurlMulti::Transfer {
    Transfer(std::shared_ptr<CurlMulti> of, CURL* handle,
             std::chrono::steady_clock::time_point deadline)
        : owner(std::move(of)),
          sessions(owner->take_sessions()),
          easy(handle),
          done(owner->executor_, deadline) {
        if (sessions.share) curl_easy_setopt(easy, CURLOPT_SHARE, sessions.share.get());
    }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer() {
        curl_multi_remove_handle(owner->multi_, easy);
        // The handle outlives this, and may outlive the share.
        curl_easy_setopt(easy, CURLOPT_SHARE, nullptr);
        owner->give_back(std::move(sessions));
    }

    std::shared_ptr<CurlMulti> owner;
    CurlSessions sessions;
    CURL* easy;
    asio::steady_timer done;
    bool finished = false;
    CURLcode code = CURLE_OK;
};

CurlMulti::CurlMulti(const asio::any_io_executor& executor)
    : executor_(executor), timer_(executor) {
    ensure_curl();
    multi_ = curl_multi_init();
    if (multi_ == nullptr) throw std::bad_alloc();
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kMaxKeptConnections);
}

CurlMulti::~CurlMulti() {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
    watches_.clear();
    curl_multi_cleanup(multi_);
}

asio::awaitable<TransferResult> CurlMulti::run(CURL* easy,
                                               std::chrono::steady_clock::time_point deadline) {
    Transfer transfer(shared_from_this(), easy, deadline);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
    TransferResult result;
    if (curl_multi_add_handle(multi_, easy) != CURLM_OK) {
        result.code = CURLE_FAILED_INIT;
        co_return result;
    }
    boost::system::error_code ended;
    auto token = asio::redirect_error(asio::use_awaitable, ended);
    co_await transfer.done.async_wait(token);
    if (transfer.finished) {
        result.code = transfer.code;
    } else if (ended) {
        result.end = TransferEnd::canceled;
    } else {
        result.end = TransferEnd::deadline;
    }
    co_return result;
}

CurlSessions CurlMulti::take_sessions() {
    const auto now = std::chrono::steady_clock::now();
    CurlSessions sessions;
    while (!sessions_.empty() && !sessions.share) {
        if (now < sessions_.back().since + kSessionsLive) sessions = std::move(sessions_.back());
        sessions_.pop_back();
    }
    if (sessions.share) return sessions;
    sessions.share.reset(curl_share_init());
    sessions.since = now;
    // A connection of its own, which an effect needs, costs half as much with a known session.
    if (sessions.share) {
        curl_share_setopt(sessions.share.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    }
    return sessions;
}

void CurlMulti::give_back(CurlSessions sessions) {
    if (sessions.share && sessions_.size() < kMaxKeptSessions) {
        sessions_.push_back(std::move(sessions));
    }
}

int CurlMulti::on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self,
                         void* /*watch*/) {
    static_cast<CurlMulti*>(self)->watch(socket, what);
    return 0;
}

int CurlMulti::on_timer(CURLM* /*multi*/, long milliseconds, void* self) {
    auto* const that = static_cast<CurlMulti*>(self);
    if (milliseconds < 0) {
        that->due_ = SteadyTime::max();
        that->rest();
    } else {
        that->look_at(std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds));
    }
    return 0;
}

// libcurl names another time at every turn, and each new timer is a system call: one that runs is
// left to run, and calls that are due at once need none.
void CurlMulti::look_at(SteadyTime when) {
    due_ = when;
    if (when > std::chrono::steady_clock::now()) {
        if (!timer_runs_ || timer_.expiry() > when) arm_timer();
        return;
    }
    if (called_soon_) return;
    called_soon_ = true;
    // libcurl must not be entered again from its own callback.
    asio::post(executor_, [weak = weak_from_this()] {
        const std::shared_ptr<CurlMulti> alive = weak.lock();
        if (!alive) return;
        alive->called_soon_ = false;
        alive->look_now();
    });
}

void CurlMulti::look_now() {
    if (due_ == SteadyTime::max()) return;
    if (std::chrono::steady_clock::now() < due_) {
        if (!timer_runs_ || timer_.expiry() > due_) arm_timer();
        return;
    }
    due_ = SteadyTime::max();
    act(CURL_SOCKET_TIMEOUT, 0);
    if (due_ == SteadyTime::max()) rest();
}

// A timer that nobody needs would keep a loop from running out of work.
void CurlMulti::rest() {
    if (!timer_runs_) return;
    timer_runs_ = false;
    timer_.cancel();
}

void CurlMulti::arm_timer() {
    timer_runs_ = true;
    timer_.expires_at(due_);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const std::shared_ptr<CurlMulti> alive = weak.lock();
        if (!alive || error) return;
        alive->timer_runs_ = false;
        alive->look_now();
    });
}

void CurlMulti::watch(curl_socket_t socket, int what) {
    if (what == CURL_POLL_REMOVE) {
        watches_.erase(socket);
        return;
    }
    std::shared_ptr<Watch>& watch = watches_[socket];
    if (!watch) {
        const int dup = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
        if (dup < 0) {
            watches_.erase(socket);
            return;
        }
        watch = std::make_shared<Watch>(asio::posix::stream_descriptor(executor_, dup));
    }
    watch->wanted = what;
    arm(socket, watch);
}

void CurlMulti::arm(curl_socket_t socket, const std::shared_ptr<Watch>& watch) {
    using Descriptor = asio::posix::stream_descriptor;
    const auto wait = [&](int poll, Descriptor::wait_type type, int select, bool Watch::*waits) {
        if ((watch->wanted & poll) == 0 || (*watch).*waits) return;
        (*watch).*waits = true;
        watch->descriptor.async_wait(
            type, [owner = weak_from_this(), which = std::weak_ptr<Watch>(watch), socket, poll,
                   select, waits](const boost::system::error_code& error) {
                const std::shared_ptr<CurlMulti> alive = owner.lock();
                const std::shared_ptr<Watch> current = which.lock();
                if (!alive || !current) return;
                (*current).*waits = false;
                if (error == asio::error::operation_aborted) return;
                // A dropped watch is only here until this handler has run.
                const auto known = alive->watches_.find(socket);
                if (known == alive->watches_.end() || known->second != current) return;
                if ((current->wanted & poll) != 0) alive->act(socket, select);
                const auto still = alive->watches_.find(socket);
                if (still == alive->watches_.end() || still->second != current) return;
                alive->arm(socket, current);
            });
    };
    wait(CURL_POLL_IN, Descriptor::wait_read, CURL_CSELECT_IN, &Watch::waits_read);
    wait(CURL_POLL_OUT, Descriptor::wait_write, CURL_CSELECT_OUT, &Watch::waits_write);
}

void CurlMulti::act(curl_socket_t socket, int events) {
    ++actions_;
    int running = 0;
    curl_multi_socket_action(multi_, socket, events, &running);
    collect();
}

void CurlMulti::collect() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        Transfer* transfer = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        if (transfer == nullptr) continue;
        transfer->finished = true;
        transfer->code = message->data.result;
        transfer->done.cancel();
    }
}

}  // namespace cabroker::transport
