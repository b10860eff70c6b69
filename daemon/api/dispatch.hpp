// Runs a handler with what belongs around every call: idempotency keys, and a net for exceptions.
#pragma once

#include "daemon/api/router.hpp"

namespace cabroker::api {

/// Never throws; uses `call` up, but its request_id. The answer's problem, if any, is not rendered
/// yet.
[[nodiscard]] asio::awaitable<Response> dispatch(Api& api, const Route& route, ApiCall& call);

}  // namespace cabroker::api
