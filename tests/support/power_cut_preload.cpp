// LD_PRELOAD this into a program that uses SQLite and every database of it lives on the power-cut
// model: SIGKILL loses what was not synced. CABROKER_POWER_CUT=lying_disk ignores syncs: the
// control that must lose data.
#include <cstdlib>
#include <cstring>

#include "tests/support/power_cut_vfs.hpp"

namespace {

__attribute__((constructor)) void install_power_cut() {
    const char* mode = std::getenv("CABROKER_POWER_CUT");
    if (mode == nullptr) return;
    cabroker::support::PowerCutVfs::install(true);
    cabroker::support::PowerCutVfs::ignore_syncs(std::strcmp(mode, "lying_disk") == 0);
}

}  // namespace
