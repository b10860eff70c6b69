#include "daemon/api/api.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace cabroker::api {
namespace {

constexpr std::array<std::string_view, 5> kMethodNames{"GET", "HEAD", "POST", "PATCH", "other"};

asio::awaitable<void> run_here(std::function<void()> work) {
    work();
    co_return;
}

}  // namespace

Api::Api(Services given) : services(std::move(given)), started_at(services.clock.now()) {}

void HttpCounts::count(std::string_view method, int status) {
    std::size_t row = 0;
    while (row + 1 < kMethodNames.size() && kMethodNames[row] != method) ++row;
    if (status >= 100 && status < 600) ++counts_[row][static_cast<std::size_t>(status)];
}

std::vector<HttpCounts::Entry> HttpCounts::entries() const {
    std::vector<Entry> out;
    for (std::size_t row = 0; row < kMethods; ++row) {
        for (std::size_t status = 100; status < 600; ++status) {
            const std::uint64_t n = counts_[row][status];
            if (n > 0) out.push_back(Entry{kMethodNames[row], static_cast<int>(status), n});
        }
    }
    return out;
}

asio::awaitable<void> in_pool(asio::any_io_executor pool, std::function<void()> work) {
    asio::awaitable<void> job = run_here(std::move(work));
    co_await asio::co_spawn(pool, std::move(job), asio::use_awaitable);
}

}  // namespace cabroker::api
