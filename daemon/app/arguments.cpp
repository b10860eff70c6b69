#include "daemon/app/arguments.hpp"

#include <iostream>
#include <string_view>

namespace cabroker::app {

std::string usage() {
    return "usage: cabrokerd [--config FILE] [--trace-portal FILE] [--check-config]\n"
           "                 [--check-profile FILE] [--version] [--help]\n"
           "\n"
           "  --config FILE         read FILE and conf.d/*.yaml beside it (default "
           "/etc/cabroker/cabroker.yaml)\n"
           "  --check-config        say everything that is wrong with the configuration, and with "
           "the file of\n"
           "                        --trace-portal if it is given; exit 0 or 1\n"
           "  --check-profile FILE  say everything that is wrong with a portal profile; exit 0 or "
           "1\n"
           "  --trace-portal FILE   write what happens at portals, without secrets, to FILE in "
           "state_dir, whose\n"
           "                        name ends in .jsonl, to repair a profile; at most 16 MiB\n"
           "  --version             print the version\n";
}

std::optional<Arguments> read_arguments(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        std::string_view word = argv[i];
        std::optional<std::string> value;
        if (const auto equals = word.find('='); equals != std::string_view::npos) {
            value = std::string(word.substr(equals + 1));
            word = word.substr(0, equals);
        }
        const auto take_value = [&](std::string& into) {
            if (!value && i + 1 < argc) value = argv[++i];
            if (value) into = *value;
            return value.has_value();
        };
        bool good = true;
        if (word == "--config" || word == "-c") {
            good = take_value(arguments.config);
        } else if (word == "--check-profile") {
            good = take_value(arguments.check_profile);
        } else if (word == "--trace-portal") {
            good = take_value(arguments.trace_portal) && !arguments.trace_portal.empty();
        } else if (value) {
            good = false;
        } else if (word == "--check-config") {
            arguments.check_config = true;
        } else if (word == "--version") {
            arguments.version = true;
        } else if (word == "--help" || word == "-h") {
            arguments.help = true;
        } else {
            good = false;
        }
        if (good) continue;
        std::cerr << "cabrokerd: cannot use the argument " << argv[i] << "\n" << usage();
        return std::nullopt;
    }
    return arguments;
}

}  // namespace cabroker::app
