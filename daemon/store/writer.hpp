// The one thread that writes: takes what waits, commits it as one transaction, tells those who
// wait. Inside daemon/store/ only.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/store/connection.hpp"

namespace cabroker::store {

/// Somebody who waits for a change or a scan. Destroyed without a call only when the process ends.
class Waiter {
  public:
    virtual ~Waiter() = default;
    virtual void finish(domain::Result<void> result) = 0;
    /// True: finish() may run on the thread that did the work; false: on the loop.
    [[nodiscard]] virtual bool anywhere() const { return false; }
};

/// Goes from one thread to another, so it is small: nearly all end well.
struct Finished {
    std::unique_ptr<Waiter> waiter;
    /// nullptr: done.
    std::unique_ptr<domain::Error> error;

    Finished(std::unique_ptr<Waiter> who, domain::Result<void> result) : waiter(std::move(who)) {
        if (!result) error = std::make_unique<domain::Error>(std::move(result).error());
    }
    void tell() {
        waiter->finish(error ? domain::Result<void>(std::move(*error)) : domain::Result<void>());
    }
};

class Writer {
  public:
    using Job = std::function<domain::Result<void>(Tx&)>;
    struct Task {
        Job job;
        Urgency urgency;
    };
    struct Pending {
        Task task;
        std::unique_ptr<Waiter> waiter;
    };
    /// Called on the writer's thread with those that must be told on the loop. `broken` is set
    /// once, with the reason.
    using Deliver = std::function<void(std::vector<Finished> finished, CommitNotice notice,
                                       const std::optional<std::string>& broken)>;

    Writer(const StoreOptions& options, Deliver deliver);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Why a change cannot be taken now, or nullopt. `besides`: how many are on their way. Any
    /// thread.
    [[nodiscard]] std::optional<domain::Error> refusal(std::size_t besides = 0) const;
    /// Any thread.
    void enqueue(Pending pending);
    /// Any thread. They come into one group, unless max_group is smaller; `batch` is empty then.
    void enqueue_all(std::vector<Pending>& batch);
    /// From the loop when it has let go of what it read: its next read sees the last commit.
    void loop_reads_on();
    [[nodiscard]] bool healthy() const;
    [[nodiscard]] StoreStats stats() const;
    /// Commits what waits and joins. Idempotent.
    void stop();

  private:
    using Results = std::vector<domain::Result<void>>;

    void run();
    [[nodiscard]] std::vector<Pending> wait_for_group();
    void commit_group(std::vector<Pending> group);
    /// Runs the changes in one transaction. Throws when the disk failed: then nothing of the group
    /// counts.
    Results run_group(std::vector<Pending>& group, CommitNotice& notice);
    /// All changes without a savepoint each; nullopt, and nothing done, when one failed.
    std::optional<Results> run_plainly(std::vector<Pending>& group, CommitNotice& notice);
    /// Each change in a savepoint of its own, so that one that fails leaves the others alone.
    Results run_apart(std::vector<Pending>& group, CommitNotice& notice);
    domain::Result<void> run_change(const Job& job);
    domain::Result<void> call(const Job& job);
    void tell(std::vector<Pending> group, Results results, CommitNotice notice,
              const std::optional<std::string>& broken);
    void checkpoint_if_long();
    void wait_for_loop();
    std::string fail(const std::string& what, const std::string& why);

    StoreOptions options_;
    Deliver deliver_;
    Connection connection_;
    Tx tx_;
    /// Pages in the write-ahead log; the commit hook sets it on the writer's thread.
    int log_pages_ = 0;
    /// How many of them the last checkpoint moved.
    int moved_pages_ = 0;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Pending> queue_;
    std::chrono::steady_clock::time_point oldest_at_{};  ///< when the queue got its first
    bool hurried_ = false;                               ///< one in the queue must not wait
    bool loop_is_behind_ = false;                        ///< it may read what was before a commit
    StoreStats stats_;
    bool stopping_ = false;
    bool broken_ = false;

    std::thread thread_;
};

}  // namespace cabroker::store
