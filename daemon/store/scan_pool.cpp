#include "daemon/store/scan_pool.hpp"

#include "runtime/log.hpp"

namespace cabroker::store {
namespace {

/// Ends the read snapshot whatever happened.
class Snapshot {
  public:
    explicit Snapshot(SQLite::Database& database) : database_(database) { database_.exec("BEGIN"); }
    ~Snapshot() { (void)database_.tryExec("ROLLBACK"); }
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

  private:
    SQLite::Database& database_;
};

domain::Result<void> look_once(Connection& connection, const ScanPool::Look& look) {
    try {
        const Reader reader(connection);
        const Snapshot snapshot(connection.database());
        look(reader);
        return {};
    } catch (const std::exception& error) {
        runtime::log(runtime::Level::error, "a scan of the database failed",
                     {{"why", error.what()}});
        return domain::Error(domain::ErrorCode::internal, "cannot read it: internal error");
    }
}

}  // namespace

ScanPool::ScanPool(const StoreOptions& options, Deliver deliver)
    : options_(options), deliver_(std::move(deliver)) {
    for (std::size_t i = 0; i < options_.scan_threads; ++i) {
        threads_.emplace_back([this] { run(); });
    }
}

ScanPool::~ScanPool() { stop(); }

std::optional<domain::Error> ScanPool::refusal() const {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
        return domain::Error(domain::ErrorCode::draining, "cannot read it: the service stops");
    }
    if (queue_.size() + running_ >= options_.max_scans) {
        return domain::Error(domain::ErrorCode::rate_limited,
                             "cannot read it now: too many lists wait; try again later");
    }
    return std::nullopt;
}

void ScanPool::enqueue(Pending pending) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(pending));
    }
    wake_.notify_one();
}

void ScanPool::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

void ScanPool::run() {
    std::unique_ptr<Connection> connection;  // made at the first use: an idle pool costs no memory
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        Pending pending = std::move(queue_.front());
        queue_.pop_front();
        ++running_;
        lock.unlock();

        domain::Result<void> result;
        try {
            if (!connection) connection = std::make_unique<Connection>(options_, Access::read);
            result = look_once(*connection, pending.look);
        } catch (const std::exception& error) {
            runtime::log(runtime::Level::error, "cannot open the database for a scan",
                         {{"why", error.what()}});
            result = domain::Error(domain::ErrorCode::internal, "cannot read it: internal error");
        }
        pending.look = nullptr;
        deliver_(Finished(std::move(pending.waiter), std::move(result)));

        lock.lock();
        --running_;
    }
}

}  // namespace cabroker::store
