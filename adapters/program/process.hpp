// One run of somebody else's program as the outside holds it: its pipes, its keeper, its end.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string>

#include "config/adapter_settings.hpp"
#include "domain/error.hpp"

namespace cabroker::adapters::program {

/// One thread: the loop's. Its end, and the end of the outside however that comes, is the end of
/// the program and of all that the program started.
class Process {
  public:
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    /// unreachable when no process can be made. That the program itself cannot be started shows as
    /// its end, and on its stderr.
    [[nodiscard]] static domain::Result<std::unique_ptr<Process>> start(
        const config::ProgramSettings& settings, const boost::asio::any_io_executor& loop);

    /// To be taken once.
    boost::asio::posix::stream_descriptor input;   ///< what we write, it reads
    boost::asio::posix::stream_descriptor output;  ///< what it writes on stdout
    boost::asio::posix::stream_descriptor errors;  ///< what it writes on stderr

    /// Kills the program and its children at once; does not wait.
    void kill();
    /// Kills and waits until nothing of it runs; how it ended, in words.
    [[nodiscard]] static boost::asio::awaitable<std::string> end(std::shared_ptr<Process> self);

  private:
    explicit Process(const boost::asio::any_io_executor& loop);
    int life_ = -1;
    pid_t keeper_ = -1;
};

}  // namespace cabroker::adapters::program
