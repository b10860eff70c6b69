// Waiting for a request: long polls, progress, questions on the terminal, and coming back after a
// restart of the daemon.
#pragma once

#include <optional>
#include <string>

#include "cli/command.hpp"
#include "cli/session.hpp"

namespace cabroker::cli {

struct WaitPlan {
    /// Nothing: no end.
    std::optional<domain::Duration> limit;
    /// Stop, with needs_person, as soon as a person is needed who cannot be asked here.
    bool stop_for_person = true;
    /// Ask for inputs on the terminal, when there is one.
    bool ask = true;
    /// Print every body seen on stdout.
    bool show_each = false;
};

struct Waited {
    /// The last body seen; empty when the wait was interrupted.
    std::string body;
    Exit code = Exit::ok;
};

/// `--wait` as given: none, without end, or a time; usage when the time is not one.
[[nodiscard]] OrExit<std::optional<WaitPlan>> wait_plan(Session& session,
                                                        const Arguments& arguments);

/// From a request's body until it settles, the time is over or a person is needed. Ctrl-C detaches.
[[nodiscard]] Waited follow(Session& session, Reply first, const WaitPlan& plan);

/// Shows a request's reply, after waiting for it when there is a plan.
[[nodiscard]] Exit finish(Session& session, Reply reply, const std::optional<WaitPlan>& plan);

/// The path of a request or of something below it.
[[nodiscard]] std::string request_path(std::string_view id, std::string_view below = {});

}  // namespace cabroker::cli
