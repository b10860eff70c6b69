#include <SQLiteCpp/Database.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

#include "tests/daemon/store/store_fixture.hpp"
#include "tests/support/power_cut_vfs.hpp"

namespace cabroker::store {
namespace {

using support::PowerCutVfs;

constexpr int kAcknowledged = 40;

class DiskFaultTest : public StoreTest {
  protected:
    DiskFaultTest() {
        PowerCutVfs::install();
        options_.vfs = PowerCutVfs::kName;
        reopen();
    }
    ~DiskFaultTest() override {
        PowerCutVfs::fail_syncs(false);
        store_.reset();
        PowerCutVfs::restore();
    }
    Result<int> write_number(int i) {
        Change<int> change = [i](Tx& tx) -> Result<int> {
            tx.meta().set("key " + std::to_string(i), "value");
            return i;
        };
        return write(std::move(change));
    }
    [[nodiscard]] int count_numbers() {
        int found = 0;
        for (int i = 0; i < kAcknowledged; ++i) {
            if (store().get_meta("key " + std::to_string(i))) ++found;
        }
        return found;
    }
    /// A child writes until it has kAcknowledged answers, tells so and is killed; how many rows are
    /// left?
    int rows_after_sigkill(Synchronous synchronous) {
        store_.reset();
        options_.synchronous = synchronous;
        std::array<int, 2> pipe{};
        if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return -1;
        const pid_t parent = ::getpid();
        const pid_t child = ::fork();
        if (child == 0) write_until_killed(parent, pipe[1]);
        ::close(pipe[1]);
        char done = 0;
        const bool told = ::read(pipe[0], &done, 1) == 1;
        ::close(pipe[0]);
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        EXPECT_TRUE(told) << "the child did not write";

        options_.vfs.clear();  // the plain files, as a restarted machine finds them
        options_.synchronous = Synchronous::full;
        reopen();
        return count_numbers();
    }

  private:
    [[noreturn]] void write_until_killed(pid_t parent, int tell) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(1);
        loop_.notify_fork(asio::io_context::fork_child);
        reopen();
        for (int i = 0; i < kAcknowledged; ++i) {
            if (write_number(i).has_error()) ::_exit(2);
        }
        (void)!::write(tell, "+", 1);
        for (;;) ::pause();
    }
};

TEST_F(DiskFaultTest, FailedSyncEndsTheStoreForEverAndAcknowledgesNothing) {
    ASSERT_TRUE(write_number(0).has_value());
    std::string told;
    int times = 0;
    store().on_failure([&](const std::string& why) {
        told = why;
        ++times;
    });

    PowerCutVfs::fail_syncs(true);
    const Result<int> failed = write_number(1);
    PowerCutVfs::fail_syncs(false);
    const Result<int> later = write_number(2);

    ASSERT_TRUE(failed.has_error());
    EXPECT_EQ(failed.error().code, ErrorCode::store_failed);
    ASSERT_TRUE(later.has_error()) << "a good sync after a bad one proves nothing";
    EXPECT_EQ(later.error().code, ErrorCode::store_failed);
    EXPECT_FALSE(store().healthy());
    EXPECT_EQ(times, 1);
    EXPECT_NE(told.find("cannot commit"), std::string::npos) << told;
    EXPECT_EQ(store().get_meta("key 0"), "value") << "reading goes on";
    EXPECT_EQ(store().get_meta("key 1"), std::nullopt);
}

TEST_F(DiskFaultTest, AllWhoWaitLearnOfTheFailure) {
    PowerCutVfs::fail_syncs(true);
    int failed = 0;
    for (int i = 0; i < 50; ++i) {
        Change<int> change = [i](Tx& tx) -> Result<int> {
            tx.meta().set("key " + std::to_string(i), "value");
            return i;
        };
        asio::co_spawn(
            loop_, store().write(std::move(change)),
            [&](const std::exception_ptr&, const Result<int>& result) {
                if (result.has_error() && result.error().code == ErrorCode::store_failed) {
                    ++failed;
                }
            });
    }
    loop_.restart();
    loop_.run();

    EXPECT_EQ(failed, 50);
}

TEST_F(DiskFaultTest, RestartAfterAFailedSyncHasWhatWasAcknowledged) {
    ASSERT_TRUE(write_number(0).has_value());
    PowerCutVfs::fail_syncs(true);
    ASSERT_TRUE(write_number(1).has_error());

    PowerCutVfs::cut();
    store_.reset();
    PowerCutVfs::fail_syncs(false);
    PowerCutVfs::restore();
    reopen();

    EXPECT_EQ(store().get_meta("key 0"), "value");
    EXPECT_EQ(store().get_meta("key 1"), std::nullopt);
    EXPECT_TRUE(write_number(2).has_value());
}

TEST_F(DiskFaultTest, PowerCutLosesNothingAcknowledged) {
    for (int i = 0; i < kAcknowledged; ++i) ASSERT_TRUE(write_number(i).has_value());

    PowerCutVfs::cut();
    store_.reset();
    PowerCutVfs::restore();
    reopen();

    EXPECT_EQ(count_numbers(), kAcknowledged);
}

TEST_F(DiskFaultTest, PowerCutWithoutSyncsLosesAcknowledgedRows) {
    options_.synchronous = Synchronous::off;
    reopen();
    for (int i = 0; i < kAcknowledged; ++i) ASSERT_TRUE(write_number(i).has_value());

    PowerCutVfs::cut();
    store_.reset();
    PowerCutVfs::restore();
    reopen();

    EXPECT_LT(count_numbers(), kAcknowledged) << "the check above could not fail";
}

TEST_F(DiskFaultTest, KilledProcessLosesNothingAcknowledged) {
    EXPECT_EQ(rows_after_sigkill(Synchronous::full), kAcknowledged);
}

TEST_F(DiskFaultTest, KilledProcessWithoutSyncsLosesAcknowledgedRows) {
    EXPECT_LT(rows_after_sigkill(Synchronous::off), kAcknowledged);
}

TEST_F(DiskFaultTest, LockedByAnotherProgramFailsTheWriteAndNotTheStore) {
    options_.vfs.clear();
    options_.busy_timeout = std::chrono::milliseconds(1);
    reopen();
    {
        SQLite::Database other((options_.state_dir / "cabroker.db").string(),
                               SQLite::OPEN_READWRITE);
        other.exec("BEGIN IMMEDIATE");
        const Result<int> locked = write_number(0);
        ASSERT_TRUE(locked.has_error());
        EXPECT_EQ(locked.error().code, ErrorCode::store_failed);
        EXPECT_TRUE(store().healthy());
    }

    EXPECT_TRUE(write_number(1).has_value());
}

}  // namespace
}  // namespace cabroker::store
