#include <SQLiteCpp/Database.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "tests/daemon/store/store_fixture.hpp"

namespace cabroker::store {
namespace {

class OpenTest : public StoreTest {
  protected:
    void expect_refused(const std::string& word) {
        const auto opened = Store::open(options_, loop_.get_executor());
        ASSERT_TRUE(opened.has_error());
        EXPECT_EQ(opened.error().code, ErrorCode::bad_configuration);
        EXPECT_NE(opened.error().detail.find(word), std::string::npos) << opened.error().detail;
    }
    [[nodiscard]] std::filesystem::path database() const {
        return options_.state_dir / "cabroker.db";
    }
    static unsigned mode_of(const std::filesystem::path& path) {
        struct stat facts {};
        EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
        return facts.st_mode & 0777U;
    }
};

TEST_F(OpenTest, FilesAreForTheOwnerOnly) {
    must_write([](Tx& tx) { tx.meta().set("a", "b"); });

    EXPECT_EQ(mode_of(options_.state_dir), 0700U);
    for (const char* name : {"cabroker.db", "cabroker.db-wal", "cabroker.db-shm", "lock"}) {
        EXPECT_EQ(mode_of(options_.state_dir / name), 0600U) << name;
    }
}

TEST_F(OpenTest, SecondDaemonIsRefusedUntilTheFirstHasGone) {
    expect_refused("another cabrokerd");

    store_.reset();

    EXPECT_TRUE(Store::open(options_, loop_.get_executor()).has_value());
}

TEST_F(OpenTest, NewerSchemaIsRefusedWithWhatToDo) {
    store_.reset();
    SQLite::Database(database().string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version=4711");

    expect_refused("number 4711");
    expect_refused("install the newer version");
}

TEST_F(OpenTest, DatabaseOfAnotherProgramIsRefusedAndLeftAlone) {
    store_.reset();
    std::filesystem::remove(database());
    SQLite::Database(database().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
        .exec("CREATE TABLE theirs (a)");

    expect_refused("another program");

    SQLite::Database theirs(database().string());
    EXPECT_TRUE(theirs.tableExists("theirs"));
    EXPECT_FALSE(theirs.tableExists("requests"));
}

TEST_F(OpenTest, FileThatIsNoDatabaseIsRefused) {
    store_.reset();
    std::ofstream(database()) << std::string(10'000, 'x');

    expect_refused("cannot open the database");
}

TEST_F(OpenTest, LinkInPlaceOfTheLockOrTheDatabaseIsRefused) {
    store_.reset();
    std::filesystem::rename(database(), folder_ / "elsewhere.db");
    std::filesystem::create_symlink(folder_ / "elsewhere.db", database());
    expect_refused("cannot open the database");

    std::filesystem::remove(options_.state_dir / "lock");
    std::filesystem::create_symlink(folder_ / "elsewhere.lock", options_.state_dir / "lock");
    expect_refused("cannot open the lock");
}

TEST_F(OpenTest, FolderThatCannotBeMadeIsAnError) {
    options_.state_dir = folder_ / "no" / "such" / "folder";

    expect_refused("cannot make the state folder");
}

TEST_F(OpenTest, AllTablesAreStrict) {
    SQLite::Database database(this->database().string());

    SQLite::Statement loose(database,
                            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND "
                            "name NOT LIKE 'sqlite_%' AND strict = 0");

    while (loose.executeStep()) ADD_FAILURE() << loose.getColumn(0).getString();
}

TEST_F(OpenTest, LoggedRowsOutliveAnUncleanEnd) {
    must_write([](Tx& tx) { tx.meta().set("colour", "green"); });
    const std::filesystem::path copy = folder_ / "copy";
    std::filesystem::copy(options_.state_dir, copy);  // as a crash leaves it: log not merged

    store_.reset();
    options_.state_dir = copy;
    reopen();

    EXPECT_EQ(store().get_meta("colour"), "green");
}

TEST_F(OpenTest, MetaIsThereAfterReopening) {
    ASSERT_TRUE(store().set_meta("vault_key_id", "0123").has_value());

    reopen();

    EXPECT_EQ(store().get_meta("vault_key_id"), "0123");
    EXPECT_EQ(store().get_meta("other"), std::nullopt);
}

}  // namespace
}  // namespace cabroker::store
