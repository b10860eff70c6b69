// The flags of cabrokerd.
#pragma once

#include <optional>
#include <string>

namespace cabroker::app {

struct Arguments {
    std::string config = "/etc/cabroker/cabroker.yaml";
    bool check_config = false;
    std::string check_profile;
    std::string trace_portal;
    bool version = false;
    bool help = false;
};

/// nullopt, and a line on stderr, for anything that is not a flag of ours.
[[nodiscard]] std::optional<Arguments> read_arguments(int argc, char** argv);
[[nodiscard]] std::string usage();

}  // namespace cabroker::app
