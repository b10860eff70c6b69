// A SQLite VFS that models a power cut: what was written is only in memory until xSync, so that a
// cut, or SIGKILL of the process, loses it. Wraps the default VFS; for one process per database.
// For tests.
#pragma once

#include <string>

namespace cabroker::support {

class PowerCutVfs {
  public:
    static constexpr const char* kName = "power_cut";

    /// Registers the VFS once; `as_default` makes every later sqlite3_open use it.
    static void install(bool as_default = false);

    /// The power goes: everything not synced is gone, and every access fails until restore().
    static void cut();
    /// The power is back; open the database anew.
    static void restore();

    /// Lets xSync fail with an I/O error: the pages are gone, as with a bad disk.
    static void fail_syncs(bool fail);
    /// A disk that lies: xSync answers "done" and does nothing. The control that a durability check
    /// needs.
    static void ignore_syncs(bool ignore);
    /// How many times a file reached the disk.
    [[nodiscard]] static int syncs();
};

}  // namespace cabroker::support
