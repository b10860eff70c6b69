#include <SQLiteCpp/SQLiteCpp.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "tests/daemon/store/store_fixture.hpp"

namespace cabroker::store {
namespace {

using Colour = std::optional<std::string>;

class SnapshotTest : public StoreTest {
  protected:
    Colour colour() { return store().reader().meta().get("colour"); }
    /// Another connection, as the writer has one; the loop is not told.
    void paint_unseen(const std::string& colour) const {
        SQLite::Database other((options_.state_dir / "cabroker.db").string(),
                               SQLite::OPEN_READWRITE);
        SQLite::Statement put(other, "INSERT OR REPLACE INTO meta VALUES ('colour', ?)");
        put.bind(1, colour);
        put.exec();
    }
    static Change<int> paint(const std::string& colour) {
        return [colour](Tx& tx) -> Result<int> {
            tx.meta().set("colour", colour);
            return 0;
        };
    }
    static void until(const std::function<bool()>& reached) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!reached() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
        ASSERT_TRUE(reached());
    }
    asio::awaitable<int> paint_and_read(Colour& seen) {
        Change<int> change = paint("green");
        const Result<int> painted = co_await store().write(std::move(change));
        EXPECT_TRUE(painted);
        seen = colour();
        co_return 0;
    }
    /// Reads, and stays in its turn of the loop until the writer has told of a later commit.
    asio::awaitable<Colour> read_while_painted() {
        (void)colour();
        Colour seen;
        const std::uint64_t commits = store().stats().commits;
        asio::co_spawn(loop_, paint_and_read(seen), [](const std::exception_ptr&, int) {});
        until([&] { return store().stats().commits > commits; });
        // The writer runs the next change only after it has told of the commit.
        auto told = std::make_shared<std::atomic<bool>>(false);
        Change<int> next = [told](Tx&) -> Result<int> {
            *told = true;
            return 0;
        };
        // Two, because one alone would wait for the end of this turn.
        for (int i = 0; i < 2; ++i) {
            asio::co_spawn(loop_, store().write(next),
                           [](const std::exception_ptr&, const Result<int>&) {});
        }
        until([&] { return told->load(); });
        co_await asio::post(loop_, asio::use_awaitable);
        co_return seen;
    }
    asio::awaitable<Colour> read_scan_read() {
        (void)colour();
        paint_unseen("red");
        Scan<Colour> scan = [](const Reader& reader) -> Result<Colour> {
            return reader.meta().get("colour");
        };
        const Result<Colour> seen = co_await store().scan(std::move(scan));
        EXPECT_EQ(seen.value(), "red");
        co_return colour();
    }
    asio::awaitable<std::vector<Colour>> reads_of_two_turns() {
        std::vector<Colour> seen{colour()};
        paint_unseen("red");
        seen.push_back(colour());
        co_await asio::post(loop_, asio::use_awaitable);
        seen.push_back(colour());
        co_return seen;
    }
};

TEST_F(SnapshotTest, WhoeverIsToldOfACommitReadsIt) {
    must_write([](Tx& tx) { tx.meta().set("colour", "blue"); });
    EXPECT_EQ(await(read_while_painted()), "green");
}

TEST_F(SnapshotTest, WhoeverIsToldOfACommitReadsItWhileTheLoopDoesNotRun) {
    EXPECT_EQ(colour(), std::nullopt);
    ASSERT_TRUE(store().set_meta("colour", "green"));
    EXPECT_EQ(colour(), "green");
}

TEST_F(SnapshotTest, AReadAfterAScanIsNotOlderThanTheScan) {
    must_write([](Tx& tx) { tx.meta().set("colour", "blue"); });
    EXPECT_EQ(await(read_scan_read()), "red");
}

TEST_F(SnapshotTest, ReadsOfOneTurnSeeTheSameAndTheNextTurnSeesWhatCameSince) {
    must_write([](Tx& tx) { tx.meta().set("colour", "blue"); });

    const std::vector<Colour> seen = await(reads_of_two_turns());

    EXPECT_EQ(seen, (std::vector<Colour>{"blue", "blue", "red"}));
}

TEST_F(SnapshotTest, MayBeHeldWhenTheStoreEnds) {
    must_write([](Tx& tx) { tx.meta().set("colour", "blue"); });
    EXPECT_EQ(colour(), "blue");

    store_.reset();
    loop_.restart();
    loop_.run();
    reopen();

    EXPECT_EQ(colour(), "blue");
}

}  // namespace
}  // namespace cabroker::store
