#include "adapters/program/process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "adapters/program/keeper.hpp"

namespace cabroker::adapters::program {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

constexpr int kAboveStandard = 16;
constexpr auto kLookAgain = std::chrono::milliseconds(10);
constexpr int kPatience = 150;

// Descriptors that close themselves.
class Descriptor {
  public:
    explicit Descriptor(int number = -1) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) close(number_);
    }
    [[nodiscard]] int get() const { return number_; }
    int release() {
        const int number = number_;
        number_ = -1;
        return number;
    }

  private:
    int number_;
};

struct Pipe {
    Descriptor read;
    Descriptor write;
};

// Both ends above the standard ones, so that giving them their places overwrites none of them.
bool open_pipe(Pipe& pipe) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    const Descriptor read(ends[0]);
    const Descriptor write(ends[1]);
    pipe.read = Descriptor(fcntl(read.get(), F_DUPFD_CLOEXEC, kAboveStandard));
    pipe.write = Descriptor(fcntl(write.get(), F_DUPFD_CLOEXEC, kAboveStandard));
    return pipe.read.get() >= 0 && pipe.write.get() >= 0;
}

struct Pipes {
    Pipe input, output, errors, life;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

int spawn_keeper(const config::ProgramSettings& settings, const Pipes& pipes, pid_t& keeper) {
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipes.input.read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipes.output.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipes.errors.write.get(), STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipes.life.read.get(), kLifeDescriptor);
    posix_spawn_file_actions_addclosefrom_np(&actions, kLifeDescriptor + 1);
    std::vector<std::string> words{"cabroker-adapters", kKeepFlag,
                                   std::to_string(settings.memory_mib)};
    words.insert(words.end(), settings.command.begin(), settings.command.end());
    std::vector<std::string> variables{
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"};
    for (const auto& [name, value] : settings.environment) {
        variables.push_back(name + "=" + value);
    }
    std::vector<char*> arguments = pointers_to(words);
    std::vector<char*> environment = pointers_to(variables);
    const int failed = posix_spawn(&keeper, "/proc/self/exe", &actions, nullptr, arguments.data(),
                                   environment.data());
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

std::string end_in_words(int status) {
    if (WIFSIGNALED(status)) return "its keeper was killed";
    const int code = WEXITSTATUS(status);
    if (code == kNotStarted) return "it could not be started";
    if (code >= kKilled) return "it was ended by signal " + std::to_string(code - kKilled);
    return "it ended with " + std::to_string(code);
}

}  // namespace

Process::Process(const asio::any_io_executor& loop) : input(loop), output(loop), errors(loop) {}

Process::~Process() {
    kill();
    if (keeper_ > 0) waitpid(keeper_, nullptr, WNOHANG);
}

Result<std::unique_ptr<Process>> Process::start(const config::ProgramSettings& settings,
                                                const asio::any_io_executor& loop) {
    Pipes pipes;
    for (Pipe* pipe : {&pipes.input, &pipes.output, &pipes.errors, &pipes.life}) {
        if (!open_pipe(*pipe)) {
            return Error(ErrorCode::unreachable,
                         std::string("cannot make a pipe: ") + std::strerror(errno));
        }
    }
    std::unique_ptr<Process> made(new Process(loop));
    const int failed = spawn_keeper(settings, pipes, made->keeper_);
    if (failed != 0) {
        made->keeper_ = -1;
        return Error(ErrorCode::unreachable,
                     std::string("cannot make a process: ") + std::strerror(failed));
    }
    made->life_ = pipes.life.write.release();
    made->input.assign(pipes.input.write.release());
    made->output.assign(pipes.output.read.release());
    made->errors.assign(pipes.errors.read.release());
    return made;
}

void Process::kill() {
    if (life_ >= 0) close(life_);
    life_ = -1;
}

asio::awaitable<std::string> Process::end(std::shared_ptr<Process> self) {
    self->kill();
    asio::steady_timer timer(co_await asio::this_coro::executor);
    int status = 0;
    for (int tries = 0; self->keeper_ > 0; ++tries) {
        const pid_t ended = waitpid(self->keeper_, &status, WNOHANG);
        if (ended != 0) break;
        // A keeper that was stopped: the program dies with it.
        if (tries == kPatience) ::kill(self->keeper_, SIGKILL);
        timer.expires_after(kLookAgain);
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await timer.async_wait(token);
    }
    self->keeper_ = -1;
    co_return end_in_words(status);
}

}  // namespace cabroker::adapters::program
