// cabroker-adapters: the second process. With --link-fd it serves the core that spawned it and ends
// with it; otherwise it listens, and each link gets a process of its own, so that nothing of a lost
// link goes on.
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>

#include "adapters/host/host.hpp"
#include "adapters/program/keeper.hpp"
#include "config/load.hpp"
#include "runtime/log.hpp"
#include "runtime/spawn.hpp"
#include "runtime/systemd.hpp"
#include "transport/page.hpp"

namespace {

namespace asio = boost::asio;
namespace runtime = cabroker::runtime;
namespace host = cabroker::adapters::host;

constexpr int kUsage = 2;
constexpr std::string_view kSynopsis =
    "usage: cabroker-adapters [--socket PATH | --link-fd N | --check-profile FILE] [--version]\n"
    "                         [--help]\n";
constexpr std::string_view kHelp =
    "\n"
    "The second process of cabroker: it has the network and no data. cabrokerd starts it by "
    "itself\n"
    "(outside.mode: spawn); under systemd it takes its socket from cabroker-adapters.socket\n"
    "(outside.mode: connect).\n"
    "\n"
    "  --socket PATH  listen there; one link at a time is served\n"
    "  --link-fd N    serve the one link that is this descriptor, and end with it\n"
    "  --check-profile FILE  say everything that is wrong with a portal profile; exit 0 or 1\n"
    "  --version      print the version\n"
    "  --help, -h     print this\n"
    "  --keep ...     of use to cabroker-adapters alone: runs an adapter program, and ends with "
    "it\n";
/// How long a process may go on after its link was closed.
constexpr std::chrono::milliseconds kLastBreath{1'000};

struct Arguments {
    int link_fd = -1;
    std::string socket;
    std::string check_profile;
    bool help = false;
    bool version = false;
};

volatile std::sig_atomic_t ending = 0;
void on_signal(int) { ending = 1; }

std::optional<Arguments> cannot_use(std::string_view word) {
    std::cerr << "cabroker-adapters: cannot use the argument " << word << '\n';
    return std::nullopt;
}

std::optional<Arguments> read_arguments(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const bool has_value = i + 1 < argc;
        if (word == "--help" || word == "-h") {
            arguments.help = true;
        } else if (word == "--version") {
            arguments.version = true;
        } else if (word == "--link-fd" && has_value) {
            const std::string_view number = argv[++i];
            const auto read =
                std::from_chars(number.data(), number.data() + number.size(), arguments.link_fd);
            if (read.ec != std::errc{} || arguments.link_fd < 0) return cannot_use(number);
        } else if (word == "--socket" && has_value) {
            arguments.socket = argv[++i];
        } else if (word == "--check-profile" && has_value) {
            arguments.check_profile = argv[++i];
        } else {
            return cannot_use(word);
        }
    }
    return arguments;
}

int check_profile(const std::string& path) {
    const auto judge = [](const std::string& xpath) {
        const auto good = cabroker::transport::check_xpath(xpath);
        return good ? std::string() : good.error().detail;
    };
    const auto problems = cabroker::config::check_profile(path, judge);
    for (const auto& problem : problems) std::cout << problem.text() << '\n';
    return problems.empty() ? 0 : 1;
}

void die_with_parent() {
    const pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
}

int serve_link(int fd) {
    die_with_parent();
#ifndef __SANITIZE_ADDRESS__  // LeakSanitizer traces its own process
    prctl(PR_SET_DUMPABLE, 0);
#endif
    asio::io_context io(1);
    asio::local::stream_protocol::socket socket(io);
    boost::system::error_code error;
    socket.assign(asio::local::stream_protocol(), fd, error);
    if (error) {
        runtime::log(runtime::Level::error, "cannot use the link", {{"why", error.message()}});
        return 1;
    }
    host::HostOptions options;
    options.build = "cabroker-adapters " CABROKER_VERSION;
    options.make_adapter = [](const std::string& name, const std::string& settings,
                              const cabroker::adapters::Services& services) {
        return cabroker::adapters::make_adapter(name, settings, services);
    };
    bool failed = false;
    runtime::on_spawn_failure([&failed, &io](const std::string&) {
        failed = true;
        io.stop();
    });
    auto link = [](asio::io_context& loop, asio::local::stream_protocol::socket taken,
                   host::HostOptions given) -> asio::awaitable<void> {
        co_await host::serve(std::move(taken), std::move(given));
        loop.stop();
    };
    runtime::spawn(io.get_executor(), "link", link(io, std::move(socket), std::move(options)));
    io.run();
    // Steps that still run die here, and their connections with them. No destructor may wait for
    // them.
    _exit(failed ? 1 : 0);
}

int listen_at(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        std::cerr << "cabroker-adapters: cannot listen at " << path << ": the path is too long\n";
        return -1;
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket API's own type
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    // Only a socket that nobody serves any more is put away.
    std::error_code ignored;
    const bool is_socket = std::filesystem::is_socket(path, ignored);
    if (is_socket && connect(fd, where, sizeof address) != 0 && errno == ECONNREFUSED) {
        unlink(path.c_str());
    }
    const mode_t before = umask(0117);
    const int bound = bind(fd, where, sizeof address);
    umask(before);
    if (bound != 0 || listen(fd, 8) != 0) {
        std::cerr << "cabroker-adapters: cannot listen at " << path << ": " << std::strerror(errno)
                  << '\n';
        close(fd);
        return -1;
    }
    return fd;
}

// Waits on at most two descriptors, and for the signals that end the process, which are let in here
// only.
bool wait_on(std::array<pollfd, 2>& wanted, std::chrono::milliseconds time) {
    sigset_t none{};
    sigemptyset(&none);
    const timespec limit{time.count() / 1000, (time.count() % 1000) * 1'000'000};
    return ppoll(wanted.data(), wanted.size(), &limit, &none) > 0;
}

// Until it has ended, or a signal came; feeds the watchdog meanwhile. A child that does not end
// soon after the core hung up (it may be stopped) is killed: nothing of a lost link goes on.
void wait_for_child(pid_t child, int link, std::chrono::milliseconds interval) {
    const int ended = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    bool hung_up = false;
    while (ending == 0) {
        runtime::notify_systemd("WATCHDOG=1");
        std::array<pollfd, 2> wanted{pollfd{ended, POLLIN, 0}, pollfd{link, POLLRDHUP, 0}};
        if (hung_up) wanted[1].fd = -1;
        const bool woken = wait_on(wanted, hung_up ? std::min(interval, kLastBreath) : interval);
        if (woken && wanted[0].revents != 0) break;
        if (hung_up) break;
        hung_up = woken && wanted[1].revents != 0;
    }
    close(ended);
    kill(child, SIGKILL);  // not reaped yet, so the number is still its own
    waitpid(child, nullptr, 0);
}

void serve_in_child(int listener, int fd) {
    for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, SIG_DFL);
    sigset_t none{};
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    close(listener);
    _exit(serve_link(fd));
}

// One link at a time: the next is taken when the last one's process has ended.
int listen_and_fork(int listener) {
    sigset_t ends{};
    sigemptyset(&ends);
    for (const int signal : {SIGTERM, SIGINT}) {
        sigaddset(&ends, signal);
        struct sigaction action {};
        action.sa_handler = on_signal;
        sigaction(signal, &action, nullptr);
    }
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    runtime::notify_systemd("READY=1");
    const auto watchdog = runtime::watchdog_interval();
    const auto interval = std::chrono::milliseconds(watchdog ? watchdog->count() / 1000 : 60'000);
    while (ending == 0) {
        runtime::notify_systemd("WATCHDOG=1");
        std::array<pollfd, 2> wanted{pollfd{listener, POLLIN, 0}, pollfd{-1, 0, 0}};
        if (!wait_on(wanted, interval)) continue;
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        const pid_t child = fork();
        if (child == 0) serve_in_child(listener, fd);
        if (child > 0) wait_for_child(child, fd, interval);
        close(fd);
    }
    runtime::notify_systemd("STOPPING=1");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::strcmp(argv[1], cabroker::adapters::program::kKeepFlag) == 0) {
        cabroker::adapters::program::keep(argv + 2);
    }
    // Secrets pass through this memory: no core file.
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    const std::optional<Arguments> arguments = read_arguments(argc, argv);
    if (!arguments) {
        std::cerr << kSynopsis << "see cabroker-adapters --help\n";
        return kUsage;
    }
    if (arguments->help) {
        std::cout << kSynopsis << kHelp;
        return 0;
    }
    if (arguments->version) {
        std::cout << "cabroker-adapters " CABROKER_VERSION "\n";
        return 0;
    }
    if (!arguments->check_profile.empty()) return check_profile(arguments->check_profile);
    std::signal(SIGPIPE, SIG_IGN);
    if (arguments->link_fd >= 0) return serve_link(arguments->link_fd);
    const std::vector<int> passed = runtime::sockets_from_systemd();
    const int listener = passed.empty() && !arguments->socket.empty()
                             ? listen_at(arguments->socket)
                             : (passed.empty() ? -1 : passed.front());
    if (listener < 0) {
        std::cerr << "cabroker-adapters: nothing to serve: give --socket PATH, or let cabrokerd or "
                     "systemd start it\n";
        return kUsage;
    }
    return listen_and_fork(listener);
}
