#include "daemon/app/app.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>

#include "config/load.hpp"
#include "daemon/app/arguments.hpp"
#include "daemon/app/daemon.hpp"
#include "daemon/app/portal_trace.hpp"
#include "daemon/link/host_process.hpp"
#include "runtime/log.hpp"

namespace cabroker::app {
namespace {

constexpr int kUsage = 2;

int check_profile(const std::string& path) {
    const std::vector<config::Problem> problems = config::check_profile(path);
    for (const config::Problem& problem : problems) std::cout << problem.text() << '\n';
    if (!problems.empty()) return 1;
    // What reads pages lives in the other program, and judges XPath better than its text does.
    std::string program = link::find_program("cabroker-adapters");
    std::string option = "--check-profile";
    std::string file = path;
    std::array<char*, 4> arguments{program.data(), option.data(), file.data(), nullptr};
    execvp(program.c_str(), arguments.data());
    std::cerr << "cabrokerd: cannot run " << program << " (" << std::strerror(errno)
              << "): no XPath was tried\n";
    return 0;
}

int check_config(const config::LoadResult& loaded, const std::string& trace_portal) {
    for (const config::Problem& warning : loaded.warnings) std::cerr << warning.text() << '\n';
    for (const config::Problem& problem : loaded.problems) std::cout << problem.text() << '\n';
    if (!loaded.ok()) return 1;
    if (trace_portal.empty()) return 0;
    const auto traced = PortalTrace::check(trace_portal, loaded.settings->state_dir);
    if (!traced) std::cout << "--trace-portal: " << traced.error().detail << '\n';
    return traced ? 0 : 1;
}

int start(const std::string& file, std::string trace_portal, AppHooks hooks) {
    const config::LoadResult loaded = config::load(file);
    if (!loaded.ok()) {
        std::cerr << loaded.text();
        std::cerr << "cabrokerd: the configuration cannot be used; nothing was started\n";
        return 1;
    }
    apply_log(loaded.settings->log);
    for (const config::Problem& warning : loaded.warnings) {
        runtime::log(runtime::Level::warning, warning.text());
    }
    Daemon daemon(loaded.settings, std::move(trace_portal), std::move(hooks));
    if (const domain::Result<void> opened = daemon.open(); !opened) {
        runtime::log(runtime::Level::error, opened.error().detail);
        return 1;
    }
    return daemon.serve();
}

}  // namespace

int run(int argc, char** argv, AppHooks hooks) {
    const std::optional<Arguments> arguments = read_arguments(argc, argv);
    if (!arguments) return kUsage;
    if (arguments->help) {
        std::cout << usage();
        return 0;
    }
    if (arguments->version) {
        std::cout << "cabrokerd " CABROKER_VERSION "\n";
        return 0;
    }
    std::signal(SIGPIPE, SIG_IGN);
    // A file that may grow no further is an error of its write.
    std::signal(SIGXFSZ, SIG_IGN);
    // Secrets pass through this memory: no core file, no tracing by others of the same user.
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
#ifndef __SANITIZE_ADDRESS__  // LeakSanitizer traces its own process
    prctl(PR_SET_DUMPABLE, 0);
#endif
    try {
        if (!arguments->check_profile.empty()) return check_profile(arguments->check_profile);
        const std::string file = std::filesystem::absolute(arguments->config).string();
        if (arguments->check_config) {
            return check_config(config::load(file), arguments->trace_portal);
        }
        return start(file, arguments->trace_portal, std::move(hooks));
    } catch (const std::exception& error) {
        runtime::log(runtime::Level::error, "cannot go on", {{"why", error.what()}});
        return 1;
    }
}

}  // namespace cabroker::app
