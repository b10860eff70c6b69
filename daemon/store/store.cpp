#include "daemon/store/store.hpp"

#include <SQLiteCpp/Exception.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>

#include "daemon/store/scan_pool.hpp"
#include "daemon/store/schema.hpp"
#include "daemon/store/snapshot.hpp"
#include "daemon/store/state_dir.hpp"
#include "daemon/store/writer.hpp"

namespace cabroker::store {
namespace {

namespace asio = boost::asio;
using Signature = void(domain::Result<void>);

/// What lives on the loop's thread. Shared, because deliveries that wait in the loop may outlive
/// the store.
class Hub {
  public:
    explicit Hub(asio::any_io_executor loop) : loop_(std::move(loop)) {}

    void wait_for_one() {
        if (waiting_++ == 0) guard_.emplace(loop_);
    }
    void tell(Finished& finished) {
        if (--waiting_ == 0) guard_.reset();
        finished.tell();
    }
    /// Whoever is told something must not read what was there before.
    void refresh() const {
        if (on_news) on_news();
    }
    void note(const CommitNotice& notice) const {
        if (notice.last_seq == 0 && notice.changed_requests.empty()) return;
        if (on_commit) on_commit(notice);
    }

    std::function<void()> on_news;
    std::function<void(const CommitNotice&)> on_commit;
    std::function<void(const std::string&)> on_failure;
    [[nodiscard]] const asio::any_io_executor& loop() const { return loop_; }
    /// How many changes and looks nobody was told of yet.
    [[nodiscard]] std::size_t waiting() const { return waiting_; }

  private:
    asio::any_io_executor loop_;
    std::size_t waiting_ = 0;
    /// Keeps the loop running while somebody waits.
    std::optional<asio::executor_work_guard<asio::any_io_executor>> guard_;
};

template <class Handler>
class CoroutineWaiter final : public Waiter {
  public:
    explicit CoroutineWaiter(Handler handler) : handler_(std::move(handler)) {}
    void finish(domain::Result<void> result) override { std::move(handler_)(std::move(result)); }

  private:
    Handler handler_;
};

class BlockingWaiter final : public Waiter {
  public:
    explicit BlockingWaiter(std::promise<domain::Result<void>> promise)
        : promise_(std::move(promise)) {}
    void finish(domain::Result<void> result) override { promise_.set_value(std::move(result)); }
    [[nodiscard]] bool anywhere() const override { return true; }

  private:
    std::promise<domain::Result<void>> promise_;
};

/// Changes on their way to the writer. What the loop has at hand in one go is handed over in two
/// parts: many clients share one fsync, the writer works while the loop makes the next part, and
/// one client waits for nobody. On the loop's thread.
class Stage {
  public:
    using Pending = Writer::Pending;
    Stage(Writer& writer, const Hub& hub)
        : writer_(writer), hub_(hub), self_(std::make_shared<Stage*>(this)) {}
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    ~Stage() { *self_ = nullptr; }

    [[nodiscard]] std::optional<domain::Error> refusal() const {
        return writer_.refusal(waiting_.size());
    }
    void enqueue(Pending pending) {
        waiting_.push_back(std::move(pending));
        if (waiting_.size() * kParts > hub_.waiting()) {
            hand_over();
        } else if (waiting_.size() == 1) {
            // Runs after the handlers that are ready now.
            asio::post(hub_.loop(), [self = self_] {
                if (*self != nullptr) (*self)->hand_over();
            });
        }
    }
    void hand_over() {
        if (!waiting_.empty()) writer_.enqueue_all(waiting_);
    }

  private:
    /// One with the writer while the next is made. Measured: one part makes both wait for each
    /// other, three cost more commits than they gain.
    static constexpr std::size_t kParts = 2;

    Writer& writer_;
    const Hub& hub_;
    std::vector<Pending> waiting_;
    /// Null once this object is gone.
    std::shared_ptr<Stage*> self_;
};

/// The initiation of an asynchronous wait: hands work and waiter over to `queue`, or tells the
/// waiter soon why that takes no more.
template <class Queue>
class HandOver {
  public:
    HandOver(Queue& queue, Hub& hub) : queue_(queue), hub_(hub) {}
    template <class Handler, class Work>
    void operator()(Handler&& handler, Work work) {
        using Kept = std::decay_t<Handler>;
        auto waiter = std::make_unique<CoroutineWaiter<Kept>>(std::forward<Handler>(handler));
        std::optional<domain::Error> refused = queue_.refusal();
        if (refused) {
            asio::post(hub_.loop(), [one = std::move(waiter), why = std::move(*refused)]() mutable {
                one->finish(std::move(why));
            });
            return;
        }
        hub_.wait_for_one();
        typename Queue::Pending pending{std::move(work), std::move(waiter)};
        queue_.enqueue(std::move(pending));
    }

  private:
    Queue& queue_;
    Hub& hub_;
};

template <class Queue, class Work>
asio::awaitable<domain::Result<void>> hand_over(Queue& queue, Hub& hub, Work work) {
    HandOver<Queue> initiation(queue, hub);
    return asio::async_initiate<const asio::use_awaitable_t<>&, Signature>(
        std::move(initiation), asio::use_awaitable, std::move(work));
}

Writer::Deliver deliver_to(std::shared_ptr<Hub> hub) {
    return [hub = std::move(hub)](std::vector<Finished> finished, CommitNotice notice,
                                  const std::optional<std::string>& broken) {
        asio::post(hub->loop(), [hub, finished = std::move(finished), notice = std::move(notice),
                                 broken]() mutable {
            hub->refresh();
            hub->note(notice);
            for (Finished& one : finished) hub->tell(one);
            if (broken && hub->on_failure) hub->on_failure(*broken);
        });
    };
}

ScanPool::Deliver deliver_scan_to(std::shared_ptr<Hub> hub) {
    return [hub = std::move(hub)](Finished finished) {
        asio::post(hub->loop(), [hub, one = std::move(finished)]() mutable {
            hub->refresh();
            hub->tell(one);
        });
    };
}

domain::Result<void> prepare_database(const StoreOptions& options) {
    try {
        Connection connection(options, Access::write);
        return migrate(connection.database());
    } catch (const SQLite::Exception& error) {
        return domain::Error(
            domain::ErrorCode::bad_configuration,
            "cannot open the database " + database_path(options).string() + ": " + error.what());
    }
}

}  // namespace

class Store::Impl {
  public:
    Impl(StateDirLock lock, const StoreOptions& options, asio::any_io_executor loop)
        : lock_(std::move(lock)),
          hub(std::make_shared<Hub>(std::move(loop))),
          writer(options, deliver_to(hub)),
          stage(writer, *hub),
          connection_(options, Access::read),
          reader(connection_),
          snapshot(connection_, hub->loop()),
          pool(options, deliver_scan_to(hub)) {
        hub->on_news = [this] {
            snapshot.let_go();
            writer.loop_reads_on();
            stage.hand_over();  // the writer has time while those that it finished are told
        };
    }
    ~Impl() { hub->on_news = nullptr; }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

  private:
    StateDirLock lock_;

  public:
    std::shared_ptr<Hub> hub;
    Writer writer;
    Stage stage;

  private:
    Connection connection_;

  public:
    Reader reader;
    Snapshot snapshot;
    ScanPool pool;
};

domain::Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options,
                                                   asio::any_io_executor loop) {
    domain::Result<StateDirLock> lock = StateDirLock::take(options.state_dir);
    if (!lock) return std::move(lock).error();
    domain::Result<void> made = make_private_file(database_path(options));
    if (!made) return std::move(made).error();
    domain::Result<void> prepared = prepare_database(options);
    if (!prepared) return std::move(prepared).error();
    try {
        auto impl = std::make_unique<Impl>(std::move(*lock), options, std::move(loop));
        return std::unique_ptr<Store>(new Store(std::move(impl)));
    } catch (const SQLite::Exception& error) {
        return domain::Error(domain::ErrorCode::bad_configuration,
                             std::string("cannot open the database: ") + error.what());
    }
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::~Store() { stop(); }

asio::awaitable<domain::Result<void>> Store::commit(Job job, Urgency urgency) {
    return hand_over(impl_->stage, *impl_->hub, Writer::Task{std::move(job), urgency});
}

asio::awaitable<domain::Result<void>> Store::look_in_pool(Look look) {
    return hand_over(impl_->pool, *impl_->hub, std::move(look));
}

const Reader& Store::reader() const {
    impl_->snapshot.hold();
    return impl_->reader;
}

domain::Result<void> Store::write_and_wait(std::function<domain::Result<void>(Tx&)> change) {
    std::optional<domain::Error> refused = impl_->writer.refusal();
    if (refused) return std::move(*refused);
    std::promise<domain::Result<void>> promise;
    std::future<domain::Result<void>> answer = promise.get_future();
    impl_->writer.enqueue({{std::move(change), Urgency::at_once},
                           std::make_unique<BlockingWaiter>(std::move(promise))});
    domain::Result<void> written = answer.get();
    impl_->snapshot.let_go();
    return written;
}

std::optional<std::string> Store::get_meta(const std::string& key) const {
    return reader().meta().get(key);
}

domain::Result<void> Store::set_meta(const std::string& key, const std::string& value) {
    return write_and_wait([key, value](Tx& tx) -> domain::Result<void> {
        tx.meta().set(key, value);
        return {};
    });
}

void Store::on_commit(std::function<void(const CommitNotice&)> handler) {
    impl_->hub->on_commit = std::move(handler);
}

void Store::on_failure(std::function<void(const std::string&)> handler) {
    impl_->hub->on_failure = std::move(handler);
}

bool Store::healthy() const { return impl_->writer.healthy(); }

StoreStats Store::stats() const { return impl_->writer.stats(); }

void Store::stop() {
    impl_->pool.stop();
    impl_->stage.hand_over();
    impl_->writer.stop();
}

}  // namespace cabroker::store
