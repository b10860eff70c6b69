#include "daemon/store/state_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace cabroker::store {
namespace {

domain::Error cannot(const std::string& what, const std::filesystem::path& path, int error) {
    return {domain::ErrorCode::bad_configuration,
            "cannot " + what + " " + path.string() + ": " + std::strerror(error)};
}

// A new name is durable only when its folder is.
void sync_folder(const std::filesystem::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    (void)::fsync(descriptor);
    ::close(descriptor);
}

}  // namespace

domain::Result<StateDirLock> StateDirLock::take(const std::filesystem::path& state_dir) {
    if (::mkdir(state_dir.c_str(), 0700) == 0) {
        sync_folder(state_dir.parent_path());
    } else if (errno != EEXIST) {
        return cannot("make the state folder", state_dir, errno);
    }
    const std::filesystem::path path = state_dir / "lock";
    const int descriptor =
        ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    if (descriptor < 0) return cannot("open the lock", path, errno);
    StateDirLock lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return cannot("lock", path, errno);
        return domain::Error(domain::ErrorCode::bad_configuration,
                             "cannot lock " + path.string() +
                                 ": another cabrokerd uses this state_dir; stop it first");
    }
    return lock;
}

StateDirLock::StateDirLock(StateDirLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

StateDirLock& StateDirLock::operator=(StateDirLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

StateDirLock::~StateDirLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

domain::Result<void> make_private_file(const std::filesystem::path& path) {
    const int descriptor =
        ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    if (descriptor < 0) return cannot("open the database", path, errno);
    struct stat facts {};
    const bool good = ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
    // An older file that the umask left open: the log and the index inherit its mode.
    if (good && (facts.st_mode & 077) != 0) (void)::fchmod(descriptor, 0600);
    ::close(descriptor);
    if (!good) {
        return domain::Error(domain::ErrorCode::bad_configuration,
                             "cannot open the database " + path.string() + ": not a plain file");
    }
    sync_folder(path.parent_path());
    return {};
}

}  // namespace cabroker::store
