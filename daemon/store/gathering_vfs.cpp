#include "daemon/store/gathering_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>

namespace cabroker::store {
namespace {

constexpr int kFrameHeader = 24;
/// What may be held: 63 frames of 4 KiB.
constexpr std::size_t kMostHeld = std::size_t{256} * 1024;
/// SQLite's largest page, so the largest write that it asks a VFS for. Its own VFS for Unix takes a
/// write's size modulo 128 KiB.
constexpr std::size_t kMostAtOnce = std::size_t{64} * 1024;

/// A write-ahead log. SQLite gives the memory; the base's file follows in it.
struct LogFile {
    sqlite3_file base;
    sqlite3_file* real;
    std::string held;       ///< not written yet
    sqlite3_int64 held_at;  ///< where it belongs
    bool in_frame;          ///< the last write was a frame's header: its page comes next
    bool commits;           ///< that header commits the transaction
};

LogFile& log_of(sqlite3_file* file) { return *reinterpret_cast<LogFile*>(file); }

sqlite3_int64 end_of_held(const LogFile& log) {
    return log.held_at + static_cast<sqlite3_int64>(log.held.size());
}

void forget_held(LogFile& log) {
    log.in_frame = false;
    log.held.clear();
}

// What could not be written is gone, as after a failed write of SQLite's own: the transaction
// fails, and its frames are written anew or never.
int write_held(LogFile& log) {
    int code = SQLITE_OK;
    for (std::size_t at = 0; at < log.held.size() && code == SQLITE_OK; at += kMostAtOnce) {
        const std::size_t amount = std::min(kMostAtOnce, log.held.size() - at);
        code = log.real->pMethods->xWrite(log.real, log.held.data() + at, static_cast<int>(amount),
                                          log.held_at + static_cast<sqlite3_int64>(at));
    }
    forget_held(log);
    return code;
}

// For what is no write itself: SQLite may go on after a full disk there, and must not.
int settle_held(LogFile& log) {
    return write_held(log) == SQLITE_OK ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

// A header holds the database's size in pages at octets 4 to 7 if it commits, else zero there.
bool is_commit(const char* header) {
    return std::any_of(header + 4, header + 8, [](char octet) { return octet != 0; });
}

// Only the pattern of a whole frame is held: a header, then its page. All else goes through.
int write_log(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
    LogFile& log = log_of(file);
    if (!log.held.empty() && offset != end_of_held(log)) {
        const int code = write_held(log);
        if (code != SQLITE_OK) return code;
    }
    const auto* octets = static_cast<const char*>(data);
    if (log.held.empty()) log.held_at = offset;
    try {
        log.held.append(octets, static_cast<std::size_t>(amount));
    } catch (const std::bad_alloc&) {
        forget_held(log);
        return SQLITE_IOERR_NOMEM;
    }
    if (log.in_frame) {
        log.in_frame = false;
        if (!log.commits && log.held.size() < kMostHeld) return SQLITE_OK;
    } else if (amount == kFrameHeader) {
        log.in_frame = true;
        log.commits = is_commit(octets);
        return SQLITE_OK;
    }
    return write_held(log);
}

int read_log(sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) {
    const int code = settle_held(log_of(file));
    if (code != SQLITE_OK) return code;
    sqlite3_file* real = log_of(file).real;
    return real->pMethods->xRead(real, out, amount, offset);
}

int truncate_log(sqlite3_file* file, sqlite3_int64 size) {
    const int code = settle_held(log_of(file));
    if (code != SQLITE_OK) return code;
    sqlite3_file* real = log_of(file).real;
    return real->pMethods->xTruncate(real, size);
}

int sync_log(sqlite3_file* file, int flags) {
    const int code = write_held(log_of(file));
    if (code != SQLITE_OK) return code;
    sqlite3_file* real = log_of(file).real;
    return real->pMethods->xSync(real, flags);
}

int size_of_log(sqlite3_file* file, sqlite3_int64* size) {
    const int code = settle_held(log_of(file));
    if (code != SQLITE_OK) return code;
    sqlite3_file* real = log_of(file).real;
    return real->pMethods->xFileSize(real, size);
}

int close_log(sqlite3_file* file) {
    LogFile& log = log_of(file);
    const int written = write_held(log);
    const int closed = log.real->pMethods->xClose(log.real);
    log.~LogFile();
    return written != SQLITE_OK ? written : closed;
}

int control_log(sqlite3_file* file, int what, void* argument) {
    sqlite3_file* real = log_of(file).real;
    return real->pMethods->xFileControl(real, what, argument);
}
int sector_of_log(sqlite3_file* file) {
    sqlite3_file* real = log_of(file).real;
    return real->pMethods->xSectorSize(real);
}
int traits_of_log(sqlite3_file* file) {
    sqlite3_file* real = log_of(file).real;
    return real->pMethods->xDeviceCharacteristics(real);
}
// Logs are not locked; their locks are in the shared memory of the database file.
int lock_log(sqlite3_file*, int) { return SQLITE_OK; }
int log_is_reserved(sqlite3_file*, int* out) {
    *out = 0;
    return SQLITE_OK;
}

const sqlite3_io_methods& log_methods() {
    static const sqlite3_io_methods table = [] {
        sqlite3_io_methods m{};
        m.iVersion = 1;  // neither shared memory nor mapping: SQLite uses both on databases only
        m.xClose = close_log;
        m.xRead = read_log;
        m.xWrite = write_log;
        m.xTruncate = truncate_log;
        m.xSync = sync_log;
        m.xFileSize = size_of_log;
        m.xLock = lock_log;
        m.xUnlock = lock_log;
        m.xCheckReservedLock = log_is_reserved;
        m.xFileControl = control_log;
        m.xSectorSize = sector_of_log;
        m.xDeviceCharacteristics = traits_of_log;
        return m;
    }();
    return table;
}

/// Lives until the program ends: SQLite keeps a pointer to `vfs`.
struct Registered {
    sqlite3_vfs vfs{};
    sqlite3_vfs* base = nullptr;
    std::string name;
};

// Files other than logs are the base's own, in the same memory.
int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    sqlite3_vfs* base = reinterpret_cast<Registered*>(vfs)->base;
    if ((flags & SQLITE_OPEN_WAL) == 0) return base->xOpen(base, name, file, flags, out_flags);
    auto* real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(LogFile));
    file->pMethods = nullptr;
    real->pMethods = nullptr;
    const int code = base->xOpen(base, name, real, flags, out_flags);
    if (code != SQLITE_OK) {
        if (real->pMethods != nullptr) (void)real->pMethods->xClose(real);
        return code;
    }
    new (file) LogFile{{&log_methods()}, real, {}, 0, false, false};
    return SQLITE_OK;
}

}  // namespace

std::string gathering_vfs(const std::string& base) {
    static std::mutex mutex;
    // Never destroyed: threads that still run at the program's end may open a file.
    static auto& all = *new std::map<std::string, std::unique_ptr<Registered>>;
    const std::lock_guard lock(mutex);
    std::unique_ptr<Registered>& known = all[base];
    if (known) return known->name;
    auto made = std::make_unique<Registered>();
    made->base = sqlite3_vfs_find(base.empty() ? nullptr : base.c_str());
    if (made->base == nullptr) throw std::runtime_error("SQLite knows no VFS " + base);
    made->name = "gathering-" + std::string(made->base->zName);
    made->vfs = *made->base;  // all but opening is the base's, its pAppData too
    made->vfs.pNext = nullptr;
    made->vfs.zName = made->name.c_str();
    made->vfs.szOsFile += static_cast<int>(sizeof(LogFile));
    made->vfs.xOpen = open_file;
    if (sqlite3_vfs_register(&made->vfs, 0) != SQLITE_OK)
        throw std::runtime_error("SQLite takes no VFS " + made->name);
    known = std::move(made);
    return known->name;
}

}  // namespace cabroker::store
