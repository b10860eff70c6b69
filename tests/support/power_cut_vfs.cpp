#include "tests/support/power_cut_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>

namespace cabroker::support {
namespace {

constexpr sqlite3_int64 kBlock = 4096;

/// A file as the programs see it; `dirty` blocks are not on the disk yet. Lives on after the last
/// close, like the kernel's cache.
struct Image {
    std::string content;
    std::set<sqlite3_int64> dirty;
    bool resized = false;
};

struct World {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<Image>> images;
    sqlite3_vfs* real = nullptr;
    sqlite3_vfs vfs{};
    bool off = false;
    std::atomic<bool> fail_syncs{false};
    std::atomic<bool> ignore_syncs{false};
    std::atomic<int> syncs{0};
};

World& world() {
    static World* forever = new World;  // used until the process dies
    return *forever;
}

struct File {
    sqlite3_file base;
    std::shared_ptr<Image>* image;
    sqlite3_file* real;
};

File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
Image& image_of(sqlite3_file* file) { return **of(file).image; }

int load(sqlite3_file* real, Image& image) {
    sqlite3_int64 size = 0;
    const int code = real->pMethods->xFileSize(real, &size);
    if (code != SQLITE_OK) return code;
    image.content.assign(static_cast<std::size_t>(size), '\0');
    if (size == 0) return SQLITE_OK;
    return real->pMethods->xRead(real, image.content.data(), static_cast<int>(size), 0);
}

int flush(sqlite3_file* real, Image& image) {
    const auto size = static_cast<sqlite3_int64>(image.content.size());
    for (const sqlite3_int64 block : image.dirty) {
        const sqlite3_int64 begin = block * kBlock;
        if (begin >= size) continue;
        const auto length = static_cast<int>(std::min(kBlock, size - begin));
        const int code = real->pMethods->xWrite(real, image.content.data() + begin, length, begin);
        if (code != SQLITE_OK) return code;
    }
    if (image.resized) {
        const int code = real->pMethods->xTruncate(real, size);
        if (code != SQLITE_OK) return code;
    }
    image.dirty.clear();
    image.resized = false;
    return SQLITE_OK;
}

int close_file(sqlite3_file* file) {
    const int code = of(file).real->pMethods->xClose(of(file).real);
    delete of(file).image;
    return code;
}

int read_file(sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) {
    const std::lock_guard lock(world().mutex);
    if (world().off) return SQLITE_IOERR_READ;
    const std::string& content = image_of(file).content;
    const auto size = static_cast<sqlite3_int64>(content.size());
    const auto have = static_cast<int>(std::clamp<sqlite3_int64>(size - offset, 0, amount));
    if (have > 0) std::memcpy(out, content.data() + offset, static_cast<std::size_t>(have));
    if (have == amount) return SQLITE_OK;
    std::memset(static_cast<char*>(out) + have, 0, static_cast<std::size_t>(amount - have));
    return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
    const std::lock_guard lock(world().mutex);
    if (world().off) return SQLITE_IOERR_WRITE;
    Image& image = image_of(file);
    const auto end = static_cast<std::size_t>(offset + amount);
    if (image.content.size() < end) image.content.resize(end);
    std::memcpy(image.content.data() + offset, data, static_cast<std::size_t>(amount));
    for (sqlite3_int64 b = offset / kBlock; b <= (offset + amount - 1) / kBlock; ++b) {
        image.dirty.insert(b);
    }
    return SQLITE_OK;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    const std::lock_guard lock(world().mutex);
    if (world().off) return SQLITE_IOERR_TRUNCATE;
    image_of(file).content.resize(static_cast<std::size_t>(size));
    image_of(file).resized = true;
    return SQLITE_OK;
}

int sync_file(sqlite3_file* file, int flags) {
    const std::lock_guard lock(world().mutex);
    if (world().off || world().fail_syncs) return SQLITE_IOERR_FSYNC;
    if (world().ignore_syncs) return SQLITE_OK;
    const int code = flush(of(file).real, image_of(file));
    if (code != SQLITE_OK) return code;
    ++world().syncs;
    return of(file).real->pMethods->xSync(of(file).real, flags);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
    const std::lock_guard lock(world().mutex);
    if (world().off) return SQLITE_IOERR_FSTAT;
    *size = static_cast<sqlite3_int64>(image_of(file).content.size());
    return SQLITE_OK;
}

int lock_file(sqlite3_file* file, int level) {
    return of(file).real->pMethods->xLock(of(file).real, level);
}
int unlock_file(sqlite3_file* file, int level) {
    return of(file).real->pMethods->xUnlock(of(file).real, level);
}
int check_reserved(sqlite3_file* file, int* out) {
    return of(file).real->pMethods->xCheckReservedLock(of(file).real, out);
}
int file_control(sqlite3_file* file, int what, void* argument) {
    // These would touch the real file behind the image's back.
    if (what == SQLITE_FCNTL_SIZE_HINT || what == SQLITE_FCNTL_CHUNK_SIZE ||
        what == SQLITE_FCNTL_MMAP_SIZE) {
        return SQLITE_NOTFOUND;
    }
    return of(file).real->pMethods->xFileControl(of(file).real, what, argument);
}
int sector_size(sqlite3_file* file) { return of(file).real->pMethods->xSectorSize(of(file).real); }
// None of the promises of the real device: SQLite must order everything by syncs.
int characteristics(sqlite3_file*) { return 0; }
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    return of(file).real->pMethods->xShmMap(of(file).real, page, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    return of(file).real->pMethods->xShmLock(of(file).real, offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { of(file).real->pMethods->xShmBarrier(of(file).real); }
int shm_unmap(sqlite3_file* file, int remove) {
    return of(file).real->pMethods->xShmUnmap(of(file).real, remove);
}

const sqlite3_io_methods* methods() {
    static const sqlite3_io_methods table = [] {
        sqlite3_io_methods m{};
        m.iVersion = 2;  // no xFetch: a mapped file would bypass the image
        m.xClose = close_file;
        m.xRead = read_file;
        m.xWrite = write_file;
        m.xTruncate = truncate_file;
        m.xSync = sync_file;
        m.xFileSize = file_size;
        m.xLock = lock_file;
        m.xUnlock = unlock_file;
        m.xCheckReservedLock = check_reserved;
        m.xFileControl = file_control;
        m.xSectorSize = sector_size;
        m.xDeviceCharacteristics = characteristics;
        m.xShmMap = shm_map;
        m.xShmLock = shm_lock;
        m.xShmBarrier = shm_barrier;
        m.xShmUnmap = shm_unmap;
        return m;
    }();
    return &table;
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    World& w = world();
    constexpr int kKept = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
    if (name == nullptr || (flags & kKept) == 0) {
        return w.real->xOpen(w.real, name, file, flags, out_flags);
    }
    auto* real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(File));
    file->pMethods = nullptr;
    const int code = w.real->xOpen(w.real, name, real, flags, out_flags);
    if (code != SQLITE_OK) return code;

    const std::lock_guard lock(w.mutex);
    std::shared_ptr<Image>& image = w.images[name];
    if (!image) {
        image = std::make_shared<Image>();
        if (const int loaded = load(real, *image); loaded != SQLITE_OK) return loaded;
    }
    of(file).real = real;
    of(file).image = new std::shared_ptr<Image>(image);
    file->pMethods = methods();
    return SQLITE_OK;
}

int delete_file(sqlite3_vfs*, const char* name, int sync_folder) {
    World& w = world();
    const std::lock_guard lock(w.mutex);
    if (w.off) return SQLITE_IOERR_DELETE;
    w.images.erase(name);
    return w.real->xDelete(w.real, name, sync_folder);
}

int access_file(sqlite3_vfs*, const char* name, int flags, int* out) {
    World& w = world();
    {
        const std::lock_guard lock(w.mutex);
        const auto found = w.images.find(name);
        if (flags == SQLITE_ACCESS_EXISTS && found != w.images.end()) {
            *out = found->second->content.empty() ? 0 : 1;
            return SQLITE_OK;
        }
    }
    return w.real->xAccess(w.real, name, flags, out);
}

}  // namespace

void PowerCutVfs::install(bool as_default) {
    World& w = world();
    if (w.real == nullptr) {
        w.real = sqlite3_vfs_find(nullptr);
        w.vfs = *w.real;  // time, randomness and paths are the real one's
        w.vfs.zName = kName;
        w.vfs.pNext = nullptr;
        w.vfs.szOsFile = static_cast<int>(sizeof(File)) + w.real->szOsFile;
        w.vfs.xOpen = open_file;
        w.vfs.xDelete = delete_file;
        w.vfs.xAccess = access_file;
    }
    sqlite3_vfs_register(&w.vfs, as_default ? 1 : 0);
}

void PowerCutVfs::cut() {
    const std::lock_guard lock(world().mutex);
    world().off = true;
    world().images.clear();
}

void PowerCutVfs::restore() {
    const std::lock_guard lock(world().mutex);
    world().off = false;
    world().images.clear();
}

void PowerCutVfs::fail_syncs(bool fail) { world().fail_syncs = fail; }
void PowerCutVfs::ignore_syncs(bool ignore) { world().ignore_syncs = ignore; }
int PowerCutVfs::syncs() { return world().syncs; }

}  // namespace cabroker::support
