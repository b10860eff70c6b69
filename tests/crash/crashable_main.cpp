// cabrokerd with the crash test's hooks. Never installed.
//   CABROKER_CRASH_AT=POINT:N   SIGKILL itself when POINT is reached for the N-th time
//   CABROKER_NO_INTENTS=1       effects are not recorded before they are done (a control that must
//   fail) CABROKER_POWER_CUT=full|off the database lives on the power-cut model, synced as said
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/app/app.hpp"
#include "tests/support/power_cut_vfs.hpp"

namespace {

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

int main(int argc, char** argv) {
    cabroker::app::AppHooks hooks;
    const std::string_view at = variable("CABROKER_CRASH_AT");
    if (const auto colon = at.find(':'); colon != std::string_view::npos) {
        const std::string point(at.substr(0, colon));
        int left = std::atoi(at.data() + colon + 1);
        hooks.engine.crash_point = [point, left](std::string_view reached) mutable {
            if (reached == point && --left <= 0) raise(SIGKILL);
        };
    }
    hooks.engine.record_intents = variable("CABROKER_NO_INTENTS").empty();
    if (const std::string_view sync = variable("CABROKER_POWER_CUT"); !sync.empty()) {
        cabroker::support::PowerCutVfs::install();
        hooks.vfs = cabroker::support::PowerCutVfs::kName;
        if (sync == "off") hooks.synchronous = cabroker::store::Synchronous::off;
    }
    return cabroker::app::run(argc, argv, std::move(hooks));
}
