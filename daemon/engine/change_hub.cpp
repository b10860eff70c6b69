#include "daemon/engine/change_hub.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace cabroker::engine {

namespace asio = boost::asio;

asio::awaitable<bool> ChangeHub::wait_in(Timers& timers,
                                         std::chrono::steady_clock::time_point until) {
    const auto timer = timers.emplace(timers.end(), loop_, until);
    ++waiting_;
    boost::system::error_code woken;
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    co_await timer->async_wait(token);
    --waiting_;
    timers.erase(timer);
    co_return woken == asio::error::operation_aborted;
}

asio::awaitable<bool> ChangeHub::wait_for_request(domain::RequestId id,
                                                  std::chrono::steady_clock::time_point until) {
    if (closed_) co_return true;
    // References into an unordered_map stay valid while others come and go.
    Timers& timers = by_request_[id];
    const bool woken = co_await wait_in(timers, until);
    if (timers.empty()) by_request_.erase(id);
    co_return woken;
}

asio::awaitable<bool> ChangeHub::wait_for_events(std::int64_t after,
                                                 std::chrono::steady_clock::time_point until) {
    if (closed_ || last_seq_ > after) co_return true;
    co_return co_await wait_in(by_event_, until);
}

void ChangeHub::changed(const std::vector<domain::RequestId>& requests, std::int64_t last_seq) {
    for (const domain::RequestId& id : requests) {
        const auto found = by_request_.find(id);
        if (found == by_request_.end()) continue;
        for (asio::steady_timer& timer : found->second) timer.cancel();
    }
    if (last_seq <= last_seq_) return;
    last_seq_ = last_seq;
    for (asio::steady_timer& timer : by_event_) timer.cancel();
}

void ChangeHub::close() {
    closed_ = true;
    for (auto& [id, timers] : by_request_) {
        for (asio::steady_timer& timer : timers) timer.cancel();
    }
    for (asio::steady_timer& timer : by_event_) timer.cancel();
}

}  // namespace cabroker::engine
