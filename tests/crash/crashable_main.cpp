// cabrokerd with the crash test's hooks. Never installed.
//   CABROKER_CRASH_AT=POINT:N,...  SIGKILL itself when one of the points is reached for the N-th
//                                  time, with its name written to the file CABROKER_CRASH_TOLD
//   CABROKER_NO_INTENTS=1          effects are not recorded before they are done (a control that
//                                  must fail)
//   CABROKER_POWER_CUT=full|off    the database lives on the power-cut model, synced as said
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "daemon/app/app.hpp"
#include "tests/support/power_cut_vfs.hpp"

namespace {

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

/// How often each named point may still be reached, the last time included.
std::map<std::string, int, std::less<>> points_in(std::string_view text) {
    std::map<std::string, int, std::less<>> points;
    while (!text.empty()) {
        const std::string one(text.substr(0, text.find(',')));
        text.remove_prefix(std::min(one.size() + 1, text.size()));
        const auto colon = one.find(':');
        if (colon != std::string::npos)
            points[one.substr(0, colon)] = std::stoi(one.substr(colon + 1));
    }
    return points;
}

void die_at(std::string_view point) {
    std::ofstream(std::string(variable("CABROKER_CRASH_TOLD"))) << point;
    raise(SIGKILL);
}

}  // namespace

int main(int argc, char** argv) {
    cabroker::app::AppHooks hooks;
    hooks.engine.crash_point =
        [points = points_in(variable("CABROKER_CRASH_AT"))](std::string_view reached) mutable {
            const auto point = points.find(reached);
            if (point != points.end() && --point->second <= 0) die_at(reached);
        };
    hooks.engine.record_intents = variable("CABROKER_NO_INTENTS").empty();
    if (const std::string_view sync = variable("CABROKER_POWER_CUT"); !sync.empty()) {
        cabroker::support::PowerCutVfs::install();
        hooks.vfs = cabroker::support::PowerCutVfs::kName;
        if (sync == "off") hooks.synchronous = cabroker::store::Synchronous::off;
    }
    return cabroker::app::run(argc, argv, std::move(hooks));
}
