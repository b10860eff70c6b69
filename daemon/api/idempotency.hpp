// Idempotency-Key: the first answer again for the same call, in the same transaction as what the
// call did. Only answers that succeeded are remembered.
#pragma once

#include <functional>

#include "daemon/api/api.hpp"
#include "daemon/engine/request_service.hpp"

namespace cabroker::api {

/// Holds a scope as "running" for as long as it lives.
class RunningKey {
  public:
    RunningKey(Api& api, std::string scope);
    RunningKey(const RunningKey&) = delete;
    RunningKey& operator=(const RunningKey&) = delete;
    ~RunningKey();

  private:
    Api& api_;
    std::string scope_;
};

/// Scope and body hash of a call that has a key. Large uploads are hashed in the pool.
[[nodiscard]] asio::awaitable<IdempotencyScope> scope_of(Api& api, const ApiCall& call);

/// The answer that was given before, or a problem (other body, first call still running), or
/// nullptr when the call is new.
[[nodiscard]] std::unique_ptr<Response> answer_of_before(const Api& api,
                                                         const IdempotencyScope& scope);

/// Writes an answer under the scope. For use inside the change that the call makes.
[[nodiscard]] Result<void> remember_in(store::Tx& tx, const IdempotencyScope& scope,
                                       const Response& answer, domain::Time at);

/// The `Also` of an engine call: remembers what `answer` makes of the request as the action left
/// it. Empty when the call has no key. `answer` runs on the writer's thread.
[[nodiscard]] engine::Also also_remember(const Api& api, const ApiCall& call,
                                         std::function<Response(const domain::Request&)> answer);

/// In a transaction of its own, for calls that changed nothing or whose change is idempotent by
/// itself.
[[nodiscard]] asio::awaitable<Result<void>> remember(Api& api, IdempotencyScope scope,
                                                     const Response& answer);

}  // namespace cabroker::api
