// The host as a child process: started with one end of a socket pair as descriptor 3, ended and
// reaped.
#pragma once

#include <sys/types.h>

#include <string>

#include "domain/error.hpp"

namespace cabroker::link {

struct HostProcess {
    pid_t pid = -1;
    int socket = -1;  ///< our end; the caller owns it
};

/// Where a program is: a path as it is, a name beside this program, else the name for PATH.
[[nodiscard]] std::string find_program(const std::string& program);

/// Starts `program`, found by find_program() and PATH, with a clean environment.
[[nodiscard]] domain::Result<HostProcess> start_host(const std::string& program);

/// True when the child has ended and was reaped. Does not block.
[[nodiscard]] bool reap_host(pid_t pid);
void kill_host(pid_t pid);

}  // namespace cabroker::link
