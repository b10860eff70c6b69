#include "daemon/api/dispatch.hpp"

#include "daemon/api/idempotency.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/store/store.hpp"
#include "runtime/log.hpp"

namespace cabroker::api {
namespace {

asio::awaitable<Response> run_once(Api& api, const Route& route, CallPtr call) {
    IdempotencyScope scope = co_await scope_of(api, *call);
    if (std::unique_ptr<Response> before = answer_of_before(api, scope))
        co_return std::move(*before);

    const RunningKey running(api, scope.scope);
    call->idempotency.emplace(scope);
    Response answer = co_await route.handler(api, std::move(call));
    const bool succeeded = !answer.problem && answer.status < 300;
    if (!succeeded || answer.remembered) co_return answer;
    const Result<void> kept = co_await remember(api, std::move(scope), answer);
    if (!kept) co_return problem(kept.error());
    co_return answer;
}

}  // namespace

asio::awaitable<Response> dispatch(Api& api, const Route& route, CallPtr&& call) {
    if (call->idempotency_key.empty() || call->method != "POST")
        return route.handler(api, std::move(call));
    return run_once(api, route, std::move(call));
}

Response answer_of_thrown(const Api& api, const Route& route, const std::string& request_id,
                          const std::exception& thrown) {
    runtime::log(runtime::Level::error, "a handler threw",
                 {{"route", std::string(route.pattern)},
                  {"request_id", request_id},
                  {"why", thrown.what()}});
    if (!api.services.store.healthy())
        return problem(domain::ErrorCode::store_failed, "cannot reach the store");
    return problem(domain::ErrorCode::internal, "cannot serve this request: see the daemon's log");
}

}  // namespace cabroker::api
