#include "daemon/store/writer.hpp"

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <algorithm>
#include <iterator>

#include "runtime/log.hpp"

namespace cabroker::store {
namespace {

// The p99 of a commit is a checkpoint inside it, so it runs between two groups, after the writers
// were told.
constexpr int kLongLog = 4000;
/// How long a checkpoint waits for the loop; a turn of that takes less.
constexpr std::chrono::milliseconds kLoopPatience{3};

const std::string kBegin = "BEGIN IMMEDIATE";
const std::string kCommit = "COMMIT";
const std::string kRollBack = "ROLLBACK";
const std::string kSavepoint = "SAVEPOINT one_change";
const std::string kRelease = "RELEASE one_change";
const std::string kRollBackChange = "ROLLBACK TO one_change";

void execute(Connection& connection, const std::string& sql) {
    Query query(connection, sql);
    query.run();
}

// Another program held the write lock for longer than busy_timeout: nothing was begun, nothing is
// lost.
struct Locked : std::exception {};

void begin(Connection& connection) {
    try {
        execute(connection, kBegin);
    } catch (const SQLite::Exception& error) {
        if (error.getErrorCode() == SQLITE_BUSY) throw Locked();
        throw;
    }
}

// The disk or the file failed, so that nothing more can be promised; other codes blame one change.
bool is_fatal(int code) {
    switch (code & 0xff) {
        case SQLITE_IOERR:
        case SQLITE_FULL:
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_NOMEM:
        case SQLITE_PROTOCOL:
            return true;
        default:
            return false;
    }
}

domain::Error store_failed() {
    return {domain::ErrorCode::store_failed,
            "cannot store anything: the disk failed; the service restarts"};
}

int remember_log_pages(void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
}

}  // namespace

Writer::Writer(const StoreOptions& options, Deliver deliver)
    : options_(options),
      deliver_(std::move(deliver)),
      connection_(options, Access::write),
      tx_(connection_) {
    sqlite3_wal_hook(connection_.database().getHandle(), remember_log_pages, &log_pages_);
    thread_ = std::thread([this] { run(); });
}

Writer::~Writer() { stop(); }

std::optional<domain::Error> Writer::refusal(std::size_t besides) const {
    const std::lock_guard lock(mutex_);
    if (broken_) return store_failed();
    if (stopping_) {
        return domain::Error(domain::ErrorCode::draining, "cannot store it: the service stops");
    }
    if (queue_.size() + besides >= options_.max_queue) {
        return domain::Error(domain::ErrorCode::rate_limited,
                             "cannot store it now: too many changes wait; try again later");
    }
    return std::nullopt;
}

void Writer::enqueue(Pending pending) {
    std::vector<Pending> batch;
    batch.push_back(std::move(pending));
    enqueue_all(batch);
}

void Writer::enqueue_all(std::vector<Pending>& batch) {
    const bool hurried = std::any_of(batch.begin(), batch.end(), [](const Pending& each) {
        return each.task.urgency == Urgency::at_once;
    });
    bool wakes = false;
    {
        const std::lock_guard lock(mutex_);
        wakes = queue_.empty() || (hurried && !hurried_);
        if (queue_.empty()) oldest_at_ = std::chrono::steady_clock::now();
        hurried_ = hurried_ || hurried;
        queue_.insert(queue_.end(), std::make_move_iterator(batch.begin()),
                      std::make_move_iterator(batch.end()));
        wakes = wakes || queue_.size() >= options_.max_group;
    }
    batch.clear();
    if (wakes) wake_.notify_one();
}

void Writer::loop_reads_on() {
    {
        const std::lock_guard lock(mutex_);
        if (!loop_is_behind_) return;
        loop_is_behind_ = false;
    }
    wake_.notify_one();
}

bool Writer::healthy() const {
    const std::lock_guard lock(mutex_);
    return !broken_;
}

StoreStats Writer::stats() const {
    const std::lock_guard lock(mutex_);
    StoreStats stats = stats_;
    stats.queued = queue_.size();
    return stats;
}

void Writer::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void Writer::run() {
    for (;;) {
        std::vector<Pending> group = wait_for_group();
        if (group.empty()) return;
        commit_group(std::move(group));
        checkpoint_if_long();
    }
}

std::vector<Writer::Pending> Writer::wait_for_group() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    const auto begin_by = oldest_at_ + options_.patience;
    wake_.wait_until(lock, begin_by, [this] {
        return stopping_ || hurried_ || queue_.size() >= options_.max_group;
    });
    std::vector<Pending> group;
    if (queue_.size() <= options_.max_group) {
        group.swap(queue_);
        hurried_ = false;
        return group;
    }
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(options_.max_group);
    group.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    return group;
}

void Writer::commit_group(std::vector<Pending> group) {
    CommitNotice notice;
    Results results;
    if (!healthy()) {
        results.assign(group.size(), store_failed());
        tell(std::move(group), std::move(results), std::move(notice), std::nullopt);
        return;
    }
    std::optional<std::string> broken;
    try {
        results = run_group(group, notice);
    } catch (const Locked&) {
        results.assign(group.size(), domain::Error(domain::ErrorCode::store_failed,
                                                   "cannot store it: another program holds the "
                                                   "database locked; end it and try again"));
    } catch (const std::exception& error) {
        // Never again: after a failed fsync the kernel may have dropped the pages and would call a
        // retry good.
        broken = fail("cannot commit", error.what());
        results.assign(group.size(), store_failed());
        notice = CommitNotice();
    }
    tell(std::move(group), std::move(results), std::move(notice), broken);
}

Writer::Results Writer::run_group(std::vector<Pending>& group, CommitNotice& notice) {
    begin(connection_);
    // Nearly every group is all good; a savepoint for each change costs a tenth of its time.
    std::optional<Results> plain = run_plainly(group, notice);
    Results results = plain ? std::move(*plain) : run_apart(group, notice);
    execute(connection_, kCommit);

    const auto refused = static_cast<std::uint64_t>(
        std::count_if(results.begin(), results.end(),
                      [](const domain::Result<void>& each) { return each.has_error(); }));
    std::vector<domain::RequestId>& changed = notice.changed_requests;
    std::sort(changed.begin(), changed.end());
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    const std::lock_guard lock(mutex_);
    loop_is_behind_ = true;
    ++stats_.commits;
    stats_.writes += group.size() - refused;
    stats_.refused += refused;
    return results;
}

std::optional<Writer::Results> Writer::run_plainly(std::vector<Pending>& group,
                                                   CommitNotice& notice) {
    Results results;
    results.reserve(group.size());
    for (Pending& pending : group) {
        connection_.changes().clear();
        results.push_back(call(pending.task.job));
        if (results.back().has_error()) {
            notice = CommitNotice();
            execute(connection_, kRollBack);
            begin(connection_);
            return std::nullopt;
        }
        connection_.changes().merge_into(notice);
    }
    return results;
}

Writer::Results Writer::run_apart(std::vector<Pending>& group, CommitNotice& notice) {
    Results results;
    results.reserve(group.size());
    for (Pending& pending : group) {
        results.push_back(run_change(pending.task.job));
        if (!results.back().has_error()) connection_.changes().merge_into(notice);
    }
    return results;
}

domain::Result<void> Writer::run_change(const Job& job) {
    connection_.changes().clear();
    execute(connection_, kSavepoint);
    const domain::Result<void> result = call(job);
    if (result.has_error()) execute(connection_, kRollBackChange);
    execute(connection_, kRelease);
    return result;
}

domain::Result<void> Writer::call(const Job& job) {
    domain::Result<void> result;
    try {
        result = job(tx_);
    } catch (const SQLite::Exception& error) {
        if (is_fatal(error.getErrorCode())) throw;
        runtime::log(runtime::Level::error, "a change broke a rule of the database",
                     {{"why", error.what()}});
        result = domain::Error(domain::ErrorCode::internal, "cannot store it: internal error");
    } catch (const std::exception& error) {
        runtime::log(runtime::Level::error, "a change threw", {{"why", error.what()}});
        result = domain::Error(domain::ErrorCode::internal, "cannot store it: internal error");
    }
    return result;
}

void Writer::tell(std::vector<Pending> group, Results results, CommitNotice notice,
                  const std::optional<std::string>& broken) {
    std::vector<Finished> finished;
    finished.reserve(group.size());
    for (std::size_t i = 0; i < group.size(); ++i) {
        Pending& pending = group[i];
        pending.task.job = nullptr;
        if (pending.waiter->anywhere()) {
            pending.waiter->finish(std::move(results[i]));
        } else {
            finished.emplace_back(std::move(pending.waiter), std::move(results[i]));
        }
    }
    deliver_(std::move(finished), std::move(notice), broken);
}

// A reader of what was before the last commit keeps a checkpoint from moving that commit, and the
// log from starting over in place: it would grow, and each fsync of a file that grows takes half as
// long again.
void Writer::wait_for_loop() {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, kLoopPatience, [this] { return stopping_ || !loop_is_behind_; });
}

void Writer::checkpoint_if_long() {
    if (log_pages_ < moved_pages_) moved_pages_ = 0;  // the log started over
    // Counted from the last checkpoint: a reader that holds the log back must not cause one after
    // every commit.
    if (log_pages_ - moved_pages_ < kLongLog || !healthy()) return;
    wait_for_loop();
    int left = 0;
    int moved = 0;
    const int code = sqlite3_wal_checkpoint_v2(connection_.database().getHandle(), nullptr,
                                               SQLITE_CHECKPOINT_PASSIVE, &left, &moved);
    if (is_fatal(code)) {
        deliver_({}, {}, fail("cannot move the log into the database", sqlite3_errstr(code)));
        return;
    }
    moved_pages_ = std::max(moved, 0);
    const std::lock_guard lock(mutex_);
    ++stats_.checkpoints;
}

std::string Writer::fail(const std::string& what, const std::string& why) {
    std::string reason = what + ": " + why;
    runtime::log(runtime::Level::error, "the store failed, nothing can be written any more",
                 {{"why", reason}});
    (void)connection_.database().tryExec("ROLLBACK");
    const std::lock_guard lock(mutex_);
    broken_ = true;
    return reason;
}

}  // namespace cabroker::store
