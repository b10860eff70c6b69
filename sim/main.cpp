// cabroker-sim: reads the flags, starts the simulated world, ends on SIGTERM or SIGINT.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>

#include "runtime/log.hpp"
#include "sim/simulation.hpp"

namespace {

using cabroker::sim::SimOptions;

constexpr int kUsage = 2;

/// Adds an option that is a duration, such as 2h.
void add_duration(CLI::App& app, const std::string& name, cabroker::domain::Duration& target,
                  const std::string& help) {
    const auto take = [&target, name](const std::string& text) {
        const auto duration = cabroker::domain::parse_duration(text);
        if (!duration)
            throw CLI::ValidationError(name, "write a duration as 500ms, 30s, 5m, 2h or 7d");
        target = *duration;
    };
    app.add_option_function<std::string>(name, take, help)
        ->default_str(cabroker::domain::duration_text(target));
}

void add_world_options(CLI::App& app, SimOptions& options, std::string& dcv) {
    add_duration(app, "--code-ttl", options.sign_in.code_ttl, "life of an access code");
    add_duration(app, "--session-ttl", options.sign_in.session_ttl, "life of a signed-in session");
    app.add_option("--code-attempts", options.sign_in.code_attempts,
                   "wrong codes until a code is dead")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--login-limit", options.sign_in.login_limit,
                   "sign-ins per contact in 10 minutes, 0: no limit")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    add_duration(app, "--issue-delay", options.world.issue_delay,
                 "from submit or proven domain to issued");
    app.add_option("--dcv", dcv, "auto, or manual: a reissue waits for POST /orders/{id}/dcv")
        ->check(CLI::IsMember({"auto", "manual"}))
        ->capture_default_str();
    app.add_option("--orders", options.orders_file, "CSV of orders instead of the built-in ones");
}

void add_options(CLI::App& app, SimOptions& options, std::string& dcv, bool& exit_with_parent) {
    app.set_version_flag("--version", "cabroker-sim " CABROKER_VERSION);
    app.add_option("--state", options.state_dir, "folder for keys, CA files and ready.json")
        ->required();
    app.add_option("--control", options.control,
                   "Unix socket of the control API (STATE/control.sock)");
    app.add_option("--portal", options.portal, "address of the guest portal (HTTPS)")
        ->capture_default_str();
    app.add_option("--desk-portal", options.desk_portal, "address of the Certificate Desk (HTTPS)")
        ->capture_default_str();
    app.add_option("--services-api", options.services_api, "address of the Services API (HTTPS)")
        ->capture_default_str();
    app.add_option("--extra-portal", options.extra_portal, "address of the Counter (HTTPS)")
        ->capture_default_str();
    app.add_option("--api-limit", options.api_limit,
                   "requests per API key in 5 seconds, 0: no limit")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    app.add_option("--smtp", options.smtp, "address of the support desk's SMTP server")
        ->capture_default_str();
    app.add_option("--smtps", options.smtps, "address of the same with implicit TLS (off)");
    app.add_option("--smtp-user", options.desk.user, "user that must sign in before MAIL");
    app.add_option("--smtp-password", options.desk.password, "that user's password");
    app.add_option("--smtp-max-size", options.desk.max_size, "largest mail in octets")
        ->capture_default_str();
    app.add_option("--maildir", options.post.maildir, "Maildir that gets all outgoing mail");
    app.add_option("--relay", options.post.relay, "HOST:PORT that gets all outgoing mail by SMTP");
    app.add_option("--authserv-id", options.post.authserv_id,
                   "in Authentication-Results of outgoing mail")
        ->capture_default_str();
    app.add_option("--mail-from", options.post.from, "sender of outgoing mail")
        ->capture_default_str();
    app.add_flag("--exit-with-parent", exit_with_parent, "end when the starting process ends");
    add_world_options(app, options, dcv);
}

bool die_with_parent(pid_t parent) {
    if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return false;
    // The parent may have gone before the call.
    return ::getppid() == parent;
}

void allow_many_files() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(SimOptions options) {
    cabroker::sim::Simulation simulation(std::move(options));
    boost::asio::io_context context(1);
    boost::asio::signal_set signals(context, SIGTERM, SIGINT);
    signals.async_wait([&context](const boost::system::error_code& error, int) {
        if (!error) context.stop();
    });
    const auto started = simulation.start(context.get_executor());
    if (!started) {
        std::fprintf(stderr, "cabroker-sim: %s\n", started.error().detail.c_str());
        return 1;
    }
    std::fputs(started->c_str(), stdout);
    std::fflush(stdout);
    context.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) try {
    const pid_t parent = ::getppid();
    SimOptions options;
    std::string dcv = "auto";
    bool exit_with_parent = false;
    CLI::App app(
        "The simulated outside world of cabroker: guest portal, CA, mailbox, support desk.");
    add_options(app, options, dcv, exit_with_parent);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kUsage;
    }
    if (exit_with_parent && !die_with_parent(parent)) return 1;
    std::signal(SIGPIPE, SIG_IGN);
    allow_many_files();
    options.world.dcv_manual = dcv == "manual";
    return run(std::move(options));
} catch (const std::exception& error) {
    std::fprintf(stderr, "cabroker-sim: %s\n", error.what());
    return 1;
}
