#include "tests/transport/peer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <stdexcept>

namespace cabroker::transport {
namespace {

/// Reads one line before the moment given; nullopt at the end or when time is over.
std::optional<std::string> read_line(int from, std::chrono::steady_clock::time_point until) {
    std::string line;
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        pollfd waited{from, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&waited, 1, static_cast<int>(left.count())) <= 0)
            return std::nullopt;
        char c = 0;
        if (::read(from, &c, 1) != 1) return std::nullopt;
        if (c == '\n') return line;
        line += c;
    }
}

}  // namespace

Peer::Peer(const std::string& script) {
    std::string pattern = std::filesystem::temp_directory_path() / "cabroker-peer-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    std::array<int, 2> pipe{};
    std::array<int, 2> leash{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0 || ::pipe2(leash.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("no pipe");
    }
    const std::string path = std::string(CABROKER_PEERS) + "/" + script;
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (::getppid() != parent) ::_exit(1);
        ::signal(SIGPIPE, SIG_DFL);
        ::dup2(pipe[1], STDOUT_FILENO);
        ::dup2(leash[0], STDIN_FILENO);
        ::execl("/usr/bin/python3", "python3", path.c_str(), folder_.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(pipe[1]);
    ::close(leash[0]);
    out_ = pipe[0];
    leash_ = leash[1];
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (const std::optional<std::string> line = read_line(out_, until)) {
        if (*line == "ready") return;
        const std::size_t equals = line->find('=');
        if (equals != std::string::npos) {
            words_[line->substr(0, equals)] = line->substr(equals + 1);
        }
    }
    stop();
    throw std::runtime_error("the peer did not come up: " + script);
}

void Peer::stop() {
    if (pid_ <= 0) return;
    // Told, not killed: it may have servers of its own to end. Its end closes its standard output.
    ::kill(pid_, SIGTERM);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(15);
    while (read_line(out_, until)) {
    }
    if (std::chrono::steady_clock::now() >= until) ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    if (leash_ >= 0) ::close(std::exchange(leash_, -1));
}

Peer::~Peer() {
    stop();
    if (out_ >= 0) ::close(out_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

const std::string& Peer::operator[](const std::string& name) const { return words_.at(name); }

}  // namespace cabroker::transport
