// `wait=` and `for=`: how long a reader waits, and for what.
#pragma once

#include <optional>
#include <string>

#include "daemon/api/api.hpp"

namespace cabroker::api {

struct WaitFor {
    enum class What { settled, needs_input, change };
    domain::Duration at_most{};
    What what = What::settled;
};

inline constexpr std::chrono::seconds kLongestWait{120};

/// nullopt without `wait`. bad_parameter: `wait` is no integer with ms, s or m, is above 120 s, or
/// `for` is not known or stands alone.
[[nodiscard]] Result<std::optional<WaitFor>> read_wait(const ApiCall& call);

struct Waited {
    domain::Request request;
    bool satisfied = false;
    /// The daemon drains: it answered before the time.
    bool draining = false;

    Waited() = default;
};

/// How long somebody who waits may be gone before that is noticed.
inline constexpr std::chrono::seconds kLookForClient{1};

/// Until the request is as asked, the time is over, the client is gone, or the daemon drains. Looks
/// at the call's `if_none_match` and `client_gone`.
[[nodiscard]] asio::awaitable<Waited> wait_for(Api& api, const ApiCall& call,
                                               domain::Request request, WaitFor what);

}  // namespace cabroker::api
