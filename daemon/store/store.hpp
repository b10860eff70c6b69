// Everything durable. One SQLite file, one writer thread that commits many changes with one fsync,
// readers that never wait for it. No business rule lives here, and secrets come in sealed only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store/views.hpp"

namespace cabroker::store {

/// `full` is what the product uses; the others are controls for tests and measurements.
enum class Synchronous { off, normal, full };

/// When a change is committed. `soon`: it may wait for others to share an fsync with, at most
/// StoreOptions::patience; any that comes at once takes it along.
enum class Urgency { at_once, soon };

struct StoreOptions {
    std::filesystem::path state_dir;
    std::size_t max_queue = 10'000;  ///< changes that may wait for the writer
    std::size_t max_group = 512;     ///< changes in one transaction
    std::size_t scan_threads = 2;
    std::size_t max_scans = 256;  ///< scans that may wait or run
    std::chrono::milliseconds busy_timeout{5000};
    /// How long a change that need not be at once waits for others.
    std::chrono::microseconds patience{1500};
    Synchronous synchronous = Synchronous::full;
    std::string vfs;  ///< name of a registered SQLite VFS; empty: the default one
};

/// What a durable commit brought.
struct CommitNotice {
    /// Numbers of the events in it; both 0 when it had none.
    std::int64_t first_seq = 0;
    std::int64_t last_seq = 0;
    /// Each request that was inserted or updated, once.
    std::vector<domain::RequestId> changed_requests;
};

struct StoreStats {
    std::uint64_t writes = 0;       ///< changes committed
    std::uint64_t refused = 0;      ///< changes that returned an Error or threw
    std::uint64_t commits = 0;      ///< transactions
    std::uint64_t checkpoints = 0;  ///< of the write-ahead log
    std::size_t queued = 0;         ///< changes waiting now
};

template <class R>
using Change = std::function<domain::Result<R>(Tx&)>;
template <class R>
using Scan = std::function<domain::Result<R>(const Reader&)>;

/// All methods on the loop's thread unless they say otherwise. Outlives every coroutine that waits
/// on it.
class Store {
  public:
    /// Makes `state_dir` (0700) if it is not there, takes the lock in it, migrates.
    /// bad_configuration when another daemon holds the lock, the schema is newer than this program,
    /// or the file is no database of ours.
    [[nodiscard]] static domain::Result<std::unique_ptr<Store>> open(
        const StoreOptions& options, boost::asio::any_io_executor loop);
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    /// Runs `change` on the writer thread and completes on the loop after the commit is on disk. A
    /// change that returns an Error or throws leaves no trace; others of its group live, but may be
    /// run once more: a change must not use up what it holds. It must not touch what belongs to the
    /// loop. Errors: those of the change; rate_limited when the queue
    /// is full; store_failed; draining after stop(); internal when it threw. Name the function on
    /// the line before and move it in:
    ///     Change<int> change = [...](Tx& tx) -> Result<int> {...};
    ///     const Result<int> n = co_await store.write(std::move(change));
    template <class R>
    [[nodiscard]] boost::asio::awaitable<domain::Result<R>> write(
        Change<R> change, Urgency urgency = Urgency::at_once) {
        auto answer = std::make_shared<std::optional<domain::Result<R>>>();
        Job job = [answer, work = std::move(change)](Tx& tx) -> domain::Result<void> {
            answer->emplace(work(tx));
            if ((*answer)->has_error()) return (*answer)->error();
            return {};
        };
        domain::Result<void> committed = co_await commit(std::move(job), urgency);
        if (!committed) co_return std::move(committed).error();
        co_return std::move(**answer);
    }

    /// The same for a change that has nothing to tell but that it was made.
    [[nodiscard]] boost::asio::awaitable<domain::Result<void>> write(
        Change<void> change, Urgency urgency = Urgency::at_once) {
        return commit(std::move(change), urgency);
    }

    /// Point reads by key on the loop's own connection, for use before the next co_await; sees
    /// everything whose writers were told. What scans goes through scan().
    [[nodiscard]] const Reader& reader() const;

    /// Runs `work` in the pool on a connection of its own, inside one read snapshot. Errors: those
    /// of the work; rate_limited when too many wait; internal when it threw; draining after stop().
    template <class R>
    [[nodiscard]] boost::asio::awaitable<domain::Result<R>> scan(Scan<R> work) {
        auto answer = std::make_shared<std::optional<domain::Result<R>>>();
        Look look = [answer, inner = std::move(work)](const Reader& reader) {
            answer->emplace(inner(reader));
        };
        domain::Result<void> looked = co_await look_in_pool(std::move(look));
        if (!looked) co_return std::move(looked).error();
        co_return std::move(**answer);
    }

    /// For start-up, before the loop runs: the calling thread waits for the commit.
    [[nodiscard]] domain::Result<void> write_and_wait(
        std::function<domain::Result<void>(Tx&)> change);
    [[nodiscard]] std::optional<std::string> get_meta(const std::string& key) const;
    /// As write_and_wait.
    [[nodiscard]] domain::Result<void> set_meta(const std::string& key, const std::string& value);

    /// Called on the loop after each commit that had an event or touched a request, before the
    /// writers go on.
    void on_commit(std::function<void(const CommitNotice&)> handler);
    /// Called once, on the loop, when the disk failed. Nothing can be written any more: exit for a
    /// restart.
    void on_failure(std::function<void(const std::string& why)> handler);
    /// Any thread. False after a failed commit, for ever.
    [[nodiscard]] bool healthy() const;
    /// Any thread.
    [[nodiscard]] StoreStats stats() const;

    /// Commits what waits, joins the threads and closes the database. Later calls get `draining`.
    /// Idempotent.
    void stop();

  private:
    using Job = std::function<domain::Result<void>(Tx&)>;
    using Look = std::function<void(const Reader&)>;
    class Impl;

    explicit Store(std::unique_ptr<Impl> impl);
    boost::asio::awaitable<domain::Result<void>> commit(Job job, Urgency urgency);
    boost::asio::awaitable<domain::Result<void>> look_in_pool(Look look);

    std::unique_ptr<Impl> impl_;
};

}  // namespace cabroker::store
