// How many requests there are by state and kind: for stats and metrics.
#pragma once

#include "daemon/api/api.hpp"
#include "daemon/store/request_table.hpp"

namespace cabroker::api {

using Counts = std::vector<store::RequestCount>;

/// Counted in the pool.
[[nodiscard]] asio::awaitable<Result<Counts>> count_requests(Api& api);

}  // namespace cabroker::api
