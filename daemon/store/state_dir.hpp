// The folder of the database: made, locked against a second daemon, its files closed to others.
// Inside daemon/store/ only.
#pragma once

#include <filesystem>

#include "domain/error.hpp"

namespace cabroker::store {

/// Holds the lock as long as it lives.
class StateDirLock {
  public:
    /// Makes the folder (0700) if it is not there. bad_configuration with what to do.
    [[nodiscard]] static domain::Result<StateDirLock> take(const std::filesystem::path& state_dir);
    StateDirLock(StateDirLock&& other) noexcept;
    StateDirLock& operator=(StateDirLock&& other) noexcept;
    ~StateDirLock();

  private:
    explicit StateDirLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

/// Makes the database file with mode 0600 if it is not there, before SQLite would make it with the
/// umask's.
[[nodiscard]] domain::Result<void> make_private_file(const std::filesystem::path& path);

}  // namespace cabroker::store
