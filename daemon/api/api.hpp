// The running API as handlers see it: the services, and the little state that lives between
// requests. One thread: the loop's.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "daemon/api/http.hpp"
#include "daemon/api/services.hpp"

namespace cabroker::api {

/// How many answers were given, by method and status; both from fixed sets.
class HttpCounts {
  public:
    void count(std::string_view method, int status);
    struct Entry {
        std::string_view method;
        int status;
        std::uint64_t count;
    };
    [[nodiscard]] std::vector<Entry> entries() const;

  private:
    static constexpr std::size_t kMethods = 5;
    std::array<std::array<std::uint64_t, 600>, kMethods> counts_{};
};

struct Api {
    Services services;
    bool draining = false;
    domain::Time started_at{};
    std::size_t connections = 0;
    std::uint64_t connections_accepted = 0;
    std::uint64_t timeouts = 0;
    HttpCounts counts;
    /// Idempotency scopes whose first call has not answered yet.
    std::unordered_set<std::string> running_keys;
    std::unordered_map<uid_t, std::string> names;

    explicit Api(Services given);
    [[nodiscard]] domain::Time now() const { return services.clock.now(); }
};

/// Runs `work` in the pool; the coroutine goes on on its own executor. What `work` throws comes out
/// here. Name the function on the line before and move it in.
[[nodiscard]] asio::awaitable<void> in_pool(asio::any_io_executor pool, std::function<void()> work);

template <class R>
[[nodiscard]] asio::awaitable<R> from_pool(asio::any_io_executor pool, std::function<R()> work) {
    auto answer = std::make_shared<std::optional<R>>();
    std::function<void()> job = [answer, inner = std::move(work)] { answer->emplace(inner()); };
    co_await in_pool(std::move(pool), std::move(job));
    co_return std::move(**answer);
}

}  // namespace cabroker::api
