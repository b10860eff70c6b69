#include "daemon/store/gathering_vfs.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/support/power_cut_vfs.hpp"

namespace cabroker::store {
namespace {

using support::PowerCutVfs;

const int kOpen = SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;

class GatheringVfsTest : public testing::Test {
  protected:
    GatheringVfsTest() {
        std::string name = (std::filesystem::temp_directory_path() / "vfs-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
        folder_ = name;
    }
    ~GatheringVfsTest() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::filesystem::path file() const { return folder_ / "test.db"; }
    [[nodiscard]] SQLite::Database open(const std::string& vfs) const {
        SQLite::Database database(file().string(), kOpen, 0, vfs);
        database.exec("PRAGMA journal_mode=WAL");
        database.exec("PRAGMA synchronous=FULL");
        database.exec("PRAGMA cache_spill=OFF");
        database.exec("PRAGMA wal_autocheckpoint=0");
        database.exec("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, octets BLOB)");
        return database;
    }
    static void insert(SQLite::Database& database, int count) {
        SQLite::Statement statement(database, "INSERT INTO rows (octets) VALUES (randomblob(900))");
        for (int i = 0; i < count; ++i) {
            statement.exec();
            statement.reset();
        }
    }
    static int count(SQLite::Database& database, const std::string& which = "TRUE") {
        return database.execAndGet("SELECT count(octets) FROM rows WHERE " + which).getInt();
    }
    /// What a program finds that starts now, as after a kill: the files are copied as they are.
    [[nodiscard]] int count_after_kill(const std::string& which = "TRUE") const {
        const std::filesystem::path copy = folder_ / "copy.db";
        for (const char* suffix : {"", "-wal"}) {
            std::filesystem::copy_file(file().string() + suffix, copy.string() + suffix,
                                       std::filesystem::copy_options::overwrite_existing);
        }
        SQLite::Database database(copy.string(), SQLite::OPEN_READWRITE);
        EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
        return count(database, which);
    }

  private:
    std::filesystem::path folder_;
};

long writes_so_far() {
    std::ifstream counters("/proc/self/io");
    std::string name;
    for (long value = 0; counters >> name >> value;) {
        if (name == "syscw:") return value;
    }
    throw std::runtime_error("no count of writes");
}

TEST_F(GatheringVfsTest, WritesATransactionInAFewPieces) {
    SQLite::Database database = open(gathering_vfs(""));
    const long before = writes_so_far();
    database.exec("BEGIN");
    insert(database, 400);
    database.exec("COMMIT");
    const long gathered = writes_so_far() - before;
    EXPECT_GE(gathered, 1);
    EXPECT_LE(gathered, 40);  // 100 pages, which are 200 writes else; sanitizers write too
    EXPECT_EQ(count_after_kill(), 400);
}

TEST_F(GatheringVfsTest, EveryCommitIsInTheFileWhenItReturns) {
    SQLite::Database database = open(gathering_vfs(""));
    for (int i = 1; i <= 20; ++i) {
        insert(database, 1);
        EXPECT_EQ(count_after_kill(), i);
    }
}

TEST_F(GatheringVfsTest, ATransactionLargerThanTheCacheIsSeenByItselfAtOnceByOthersWhenCommitted) {
    SQLite::Database database = open(gathering_vfs(""));
    SQLite::Database other = open("");
    database.exec("PRAGMA cache_size=10");
    database.exec("BEGIN");
    insert(database, 1000);
    EXPECT_EQ(count(database), 1000);
    EXPECT_EQ(count(other), 0);
    database.exec("UPDATE rows SET octets = randomblob(901) WHERE id % 7 = 0");
    insert(database, 1000);
    EXPECT_EQ(count(database), 2000);
    EXPECT_EQ(count(other), 0);
    database.exec("COMMIT");
    EXPECT_EQ(count(other), 2000);
    EXPECT_EQ(count_after_kill(), 2000);
}

TEST_F(GatheringVfsTest, WhatIsRolledBackLeavesNothing) {
    SQLite::Database database = open(gathering_vfs(""));
    SQLite::Database other = open("");
    database.exec("PRAGMA cache_size=10");
    insert(database, 5);
    database.exec("BEGIN");
    insert(database, 600);
    database.exec("ROLLBACK");
    EXPECT_EQ(count(database), 5);
    EXPECT_EQ(count_after_kill(), 5);

    // Frames that were written before a savepoint was left are written again, with other sums.
    database.exec("BEGIN");
    insert(database, 300);
    database.exec("SAVEPOINT inner_one");
    insert(database, 300);
    database.exec("UPDATE rows SET octets = randomblob(902)");
    database.exec("ROLLBACK TO inner_one");
    insert(database, 10);
    database.exec("COMMIT");
    EXPECT_EQ(count(other), 315);
    EXPECT_EQ(count_after_kill(), 315);
}

TEST_F(GatheringVfsTest, WhatIsRolledBackNeverOverwritesWhatAnotherConnectionCommits) {
    constexpr int kRows = 400;
    SQLite::Database database = open(gathering_vfs(""));
    SQLite::Database other = open("");
    database.exec("BEGIN");
    insert(database, kRows);
    database.exec("COMMIT");
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.exec("PRAGMA cache_size=10");

    database.exec("BEGIN IMMEDIATE");
    database.exec("INSERT INTO rows (octets) SELECT randomblob(900) FROM rows WHERE id <= 100");
    database.exec("ROLLBACK");
    other.exec("UPDATE rows SET octets = randomblob(901)");

    EXPECT_EQ(database.execAndGet("SELECT sum(length(octets)) FROM rows").getInt(), kRows * 901);
    EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
    EXPECT_EQ(count_after_kill("length(octets) = 901"), kRows);
}

TEST_F(GatheringVfsTest, TheLogStartsOverAfterACheckpoint) {
    SQLite::Database database = open(gathering_vfs(""));
    SQLite::Database other = open("");
    for (int i = 1; i <= 5; ++i) {
        database.exec("BEGIN");
        insert(database, 100);
        database.exec("COMMIT");
        EXPECT_EQ(count(other), i * 100);
        database.exec(i % 2 == 0 ? "PRAGMA wal_checkpoint(TRUNCATE)"
                                 : "PRAGMA wal_checkpoint(PASSIVE)");
        EXPECT_EQ(count_after_kill(), i * 100);
    }
}

TEST_F(GatheringVfsTest, AWriteThatFailsFailsTheCommit) {
    PowerCutVfs::install();
    {
        SQLite::Database database = open(gathering_vfs(PowerCutVfs::kName));
        insert(database, 3);
        database.exec("BEGIN");
        insert(database, 3);
        PowerCutVfs::cut();
        EXPECT_THROW(database.exec("COMMIT"), SQLite::Exception);
    }
    PowerCutVfs::restore();
    SQLite::Database again = open(gathering_vfs(PowerCutVfs::kName));
    EXPECT_EQ(count(again), 3);
}

TEST_F(GatheringVfsTest, EachBaseGetsOneAndAnUnknownOneIsRefused) {
    PowerCutVfs::install();
    EXPECT_EQ(gathering_vfs(""), gathering_vfs(""));
    EXPECT_NE(gathering_vfs(""), gathering_vfs(PowerCutVfs::kName));
    EXPECT_THROW((void)gathering_vfs("no such"), std::runtime_error);
}

}  // namespace
}  // namespace cabroker::store
