// Fewer writes for each commit: SQLite writes each page of a transaction to its write-ahead log in
// two calls, the frame's header and the page. Here they are gathered and written at once.
#pragma once

#include <string>

namespace cabroker::store {

/// The name of a SQLite VFS that is `base` (empty: the default one) but for write-ahead logs: the
/// frames of a transaction are held until the frame that commits it, and then written in one go
/// (large ones in several), before SQLite syncs the log and before any other connection looks for
/// them. Whatever else touches the log writes what is held first; a write that fails fails the
/// commit. For connections with synchronous=FULL and cache_spill=OFF, which write frames only while
/// they hold the writer's lock and end with a sync, and for databases whose pages are no smaller
/// than the sectors that `base` tells, unless it has SQLITE_IOCAP_POWERSAFE_OVERWRITE. Any thread.
/// Throws std::runtime_error when there is no such VFS. The format of the log:
/// sqlite.org/fileformat2.html#the_write_ahead_log.
[[nodiscard]] std::string gathering_vfs(const std::string& base);

}  // namespace cabroker::store
