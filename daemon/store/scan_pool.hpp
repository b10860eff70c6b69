// A few threads with a read connection each, for what would hold up the loop. Inside daemon/store/
// only.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/store/writer.hpp"

namespace cabroker::store {

class ScanPool {
  public:
    using Look = std::function<void(const Reader&)>;
    struct Pending {
        Look look;
        std::unique_ptr<Waiter> waiter;
    };
    /// Called on a thread of the pool.
    using Deliver = std::function<void(Finished finished)>;

    ScanPool(const StoreOptions& options, Deliver deliver);
    ~ScanPool();
    ScanPool(const ScanPool&) = delete;
    ScanPool& operator=(const ScanPool&) = delete;

    [[nodiscard]] std::optional<domain::Error> refusal() const;
    void enqueue(Pending pending);
    /// Does what waits and joins. Idempotent.
    void stop();

  private:
    void run();

    StoreOptions options_;
    Deliver deliver_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Pending> queue_;
    std::size_t running_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace cabroker::store
