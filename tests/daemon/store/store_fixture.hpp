// A real store in a temporary folder, a loop to run coroutines on, and rows to put into it.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "daemon/store/store.hpp"
#include "runtime/random.hpp"

namespace cabroker::store {

namespace asio = boost::asio;
using domain::ErrorCode;
using domain::Result;

class StoreTest : public testing::Test {
  protected:
    StoreTest();
    ~StoreTest() override;

    /// Opens (again) with options_; a failure is the test's.
    Store& reopen();
    [[nodiscard]] Store& store() { return *store_; }

    /// Runs the loop until the coroutine has ended. It must end: the loop runs dry otherwise and
    /// the test fails.
    template <class T>
    T await(asio::awaitable<T> work) {
        std::optional<T> answer;
        asio::co_spawn(loop_, std::move(work), [&answer](const std::exception_ptr& error, T value) {
            if (error) std::rethrow_exception(error);
            answer.emplace(std::move(value));
        });
        loop_.restart();
        loop_.run();
        if (!answer) throw std::logic_error("the coroutine did not end");
        return std::move(*answer);
    }
    template <class R>
    Result<R> write(Change<R> change) {
        return await(store().write(std::move(change)));
    }
    /// A change that cannot fail.
    void must_write(const std::function<void(Tx&)>& change);

    [[nodiscard]] domain::Time at(int seconds) const {
        return start_ + std::chrono::seconds(seconds);
    }
    template <class Id>
    [[nodiscard]] Id new_id(domain::Time when) {
        return ids_.make<Id>(when);
    }
    [[nodiscard]] domain::Order an_order(const std::string& common_name = "www.example.com");
    /// An order in the inventory and a queued status request for it, not stored yet.
    [[nodiscard]] StoredRequest a_request(const domain::Order& order, int seconds = 0);
    /// Stores an order and a request for it.
    StoredRequest stored_request(int seconds = 0);
    [[nodiscard]] Event an_event(const StoredRequest& row);

    domain::Time start_ = domain::Time(std::chrono::milliseconds(1'700'000'000'000));
    runtime::SeededRandom random_{1};
    runtime::IdMaker ids_{random_};
    std::filesystem::path folder_;
    StoreOptions options_;
    asio::io_context loop_{
        1};  ///< one thread, as in the daemon: what it posts to itself runs later
    std::unique_ptr<Store> store_;
};

}  // namespace cabroker::store
