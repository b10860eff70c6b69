// Runs a handler with what belongs around every call: idempotency keys, and an answer when it
// throws.
#pragma once

#include <exception>

#include "daemon/api/router.hpp"

namespace cabroker::api {

/// The answer's problem, if any, is not rendered yet. May throw when it is called as well as when
/// it is awaited.
[[nodiscard]] asio::awaitable<Response> dispatch(Api& api, const Route& route, CallPtr&& call);

/// What the client is told then; the log is told why.
[[nodiscard]] Response answer_of_thrown(const Api& api, const Route& route,
                                        const std::string& request_id,
                                        const std::exception& thrown);

}  // namespace cabroker::api
