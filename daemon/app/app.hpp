// The daemon as a whole: flags, wiring, signals, systemd. `main` and the crash test's program call
// run().
#pragma once

#include "daemon/engine/engine.hpp"

namespace cabroker::app {

/// What only tests put in.
struct AppHooks {
    engine::TestHooks engine;
    /// Name of a registered SQLite VFS, and how hard to sync; for controls.
    std::string vfs;
    store::Synchronous synchronous = store::Synchronous::full;
};

/// Runs cabrokerd with these arguments until it is told to end. Returns the exit code: 0 ended as
/// told or the check was good, 1 could not start or the check found problems, 2 wrong usage, 3 the
/// disk failed and a restart is needed.
[[nodiscard]] int run(int argc, char** argv, AppHooks hooks = {});

}  // namespace cabroker::app
