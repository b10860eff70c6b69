#include "transport/smtp_client.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <thread>
#include <utility>

#include "transport/smtp_transfer.hpp"

namespace cabroker::transport {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Result;

/// How long a stopped worker may take to notice, beyond its deadline.
static constexpr std::chrono::seconds kGrace{5};

/// One mail under way: shared by the worker's thread and the coroutine that waits for it.
struct CurlSmtpClient::Job {
    Job(const asio::any_io_executor& executor, SmtpEnvelope envelope, std::string octets,
        SmtpServer server, std::chrono::steady_clock::time_point deadline)
        : transfer(std::move(envelope), std::move(octets), std::move(server), deadline),
          ended(executor, deadline) {}
    Job(const asio::any_io_executor& executor, SmtpServer server,
        std::chrono::steady_clock::time_point deadline)
        : transfer(std::move(server), deadline), ended(executor, deadline) {}

    SmtpTransfer transfer;
    asio::steady_timer ended;
    bool finished = false;
};

/// The threads that run. Touched on the loop's thread only.
struct CurlSmtpClient::Workers {
    struct Worker {
        std::shared_ptr<Job> job;
        std::thread thread;
    };
    std::list<Worker> running;

    Workers() = default;
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    ~Workers() {
        for (Worker& worker : running) worker.job->transfer.stop("canceled");
        for (Worker& worker : running) worker.thread.join();
    }

    void forget_finished() {
        for (auto worker = running.begin(); worker != running.end();) {
            if (!worker->job->finished) {
                ++worker;
                continue;
            }
            worker->thread.join();
            worker = running.erase(worker);
        }
    }
};

CurlSmtpClient::CurlSmtpClient(const asio::any_io_executor& executor)
    : executor_(executor), workers_(std::make_shared<Workers>()) {
    ensure_curl();
}

CurlSmtpClient::~CurlSmtpClient() = default;

asio::awaitable<Result<SmtpReceipt>> CurlSmtpClient::send(
    SmtpEnvelope envelope, std::string octets, SmtpServer server,
    std::chrono::steady_clock::time_point deadline) {
    auto job = std::make_shared<Job>(executor_, std::move(envelope), std::move(octets),
                                     std::move(server), deadline);
    // Not a coroutine itself: what it starts must not need `this`.
    return carry_out(std::move(job), workers_, executor_);
}

asio::awaitable<Result<SmtpReceipt>> CurlSmtpClient::probe(
    SmtpServer server, std::chrono::steady_clock::time_point deadline) {
    auto job = std::make_shared<Job>(executor_, std::move(server), deadline);
    return carry_out(std::move(job), workers_, executor_);
}

asio::awaitable<Result<SmtpReceipt>> SmtpClient::probe(
    SmtpServer /*server*/, std::chrono::steady_clock::time_point /*deadline*/) {
    co_return Error(ErrorCode::unreachable, "this client looks at no server");
}

asio::awaitable<Result<SmtpReceipt>> CurlSmtpClient::carry_out(std::shared_ptr<Job> job,
                                                               std::shared_ptr<Workers> workers,
                                                               asio::any_io_executor executor) {
    const Result<void> prepared = job->transfer.prepare();
    if (!prepared) co_return prepared.error();

    // Cancelling stops the worker; the wait goes on until it has ended, so that no octet leaves
    // after this returns.
    asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    asio::cancellation_slot slot = state.slot();
    if (slot.is_connected()) {
        slot.assign([job](asio::cancellation_type /*type*/) { job->transfer.stop("canceled"); });
    }
    auto work = [job, alive = asio::make_work_guard(executor)]() {
        job->transfer.run();
        asio::post(alive.get_executor(), [job] {
            job->finished = true;
            job->ended.cancel();
        });
    };
    std::thread thread(std::move(work));
    Workers::Worker worker;
    worker.job = job;
    worker.thread = std::move(thread);
    workers->running.push_back(std::move(worker));

    boost::system::error_code ignored;
    co_await job->ended.async_wait(asio::redirect_error(
        asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable), ignored));
    if (!job->finished) {
        job->transfer.stop("timeout");
        job->ended.expires_after(kGrace);
        co_await job->ended.async_wait(asio::redirect_error(
            asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable), ignored));
    }
    if (slot.is_connected()) slot.clear();
    workers->forget_finished();
    if (!job->finished) {
        // The thread hangs in a system call; its sockets are shut, it is joined when it ends.
        co_return Error(ErrorCode::no_answer, "cannot tell whether the mail server took the mail")
            .with("cause", "timeout");
    }
    co_return job->transfer.finish();
}

}  // namespace cabroker::transport
