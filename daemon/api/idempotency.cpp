#include "daemon/api/idempotency.hpp"

#include <boost/json.hpp>

#include "daemon/api/problem.hpp"
#include "daemon/api/upload.hpp"
#include "daemon/store/store.hpp"
#include "domain/secret.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;
using domain::ErrorCode;

std::string headers_text(const Response& answer) {
    bj::object headers;
    headers["Content-Type"] = answer.content_type;
    for (const auto& [name, value] : answer.headers) headers[name] = value;
    return bj::serialize(headers);
}

store::IdempotencyRow row_of(const IdempotencyScope& scope, const Response& answer,
                             domain::Time at) {
    store::IdempotencyRow row;
    row.key = scope.scope;
    row.body_hmac = scope.body_hmac;
    row.status = answer.status;
    row.headers = headers_text(answer);
    row.body = answer.body;
    row.created_at = at;
    return row;
}

Response replay(const store::IdempotencyRow& row) {
    Response response(row.status);
    response.body = row.body;
    const bj::value headers = bj::parse(row.headers);
    for (const auto& entry : headers.as_object()) {
        const std::string name(entry.key().data(), entry.key().size());
        std::string value(entry.value().as_string().data(), entry.value().as_string().size());
        if (name == "Content-Type") {
            response.content_type = std::move(value);
        } else {
            response.set(name, std::move(value));
        }
    }
    response.set("Idempotent-Replayed", "true");
    return response;
}

}  // namespace

RunningKey::RunningKey(Api& api, std::string scope) : api_(api), scope_(std::move(scope)) {
    api_.running_keys.insert(scope_);
}

RunningKey::~RunningKey() { api_.running_keys.erase(scope_); }

asio::awaitable<IdempotencyScope> scope_of(Api& api, const ApiCall& call) {
    // No part can hold a line feed, so the joined text has one reading.
    const std::string user = call.caller.person.asserted.value_or("");
    std::string scope = std::to_string(call.caller.peer.uid) + '\n' + user + '\n' + call.method +
                        '\n' + call.path + '\n' + call.idempotency_key;
    if (!call.upload) {
        std::string joined = call.raw_query + '\n' + call.body;
        std::string digest = api.services.hmac(joined);
        domain::wipe(joined);
        co_return IdempotencyScope(std::move(scope), std::move(digest));
    }
    auto digest = std::make_shared<std::string>();
    std::function<void()> work = [digest, upload = call.upload, query = call.raw_query,
                                  hmac = api.services.hmac] {
        *digest = hmac(query + '\n' + hmac(upload->view()));
    };
    co_await in_pool(api.services.pool, std::move(work));
    co_return IdempotencyScope(std::move(scope), std::move(*digest));
}

std::unique_ptr<Response> answer_of_before(const Api& api, const IdempotencyScope& scope) {
    const std::optional<store::IdempotencyRow> row =
        api.services.store.reader().idempotency().find(scope.scope);
    if (row && row->body_hmac == scope.body_hmac) return std::make_unique<Response>(replay(*row));
    if (row) {
        return std::make_unique<Response>(
            problem(ErrorCode::idempotency_key_reused,
                    "cannot use this Idempotency-Key again: the first call had another body"));
    }
    if (api.running_keys.contains(scope.scope)) {
        return std::make_unique<Response>(
            problem(ErrorCode::idempotency_in_progress,
                    "cannot answer yet: the first call with this Idempotency-Key still runs"));
    }
    return nullptr;
}

Result<void> remember_in(store::Tx& tx, const IdempotencyScope& scope, const Response& answer,
                         domain::Time at) {
    return tx.idempotency().insert(row_of(scope, answer, at));
}

engine::Also also_remember(const Api& api, const ApiCall& call,
                           std::function<Response(const domain::Request&)> answer) {
    if (!call.idempotency) return {};
    return [scope = *call.idempotency, at = api.now(), make = std::move(answer)](
               store::Tx& tx, const domain::Request& request) -> domain::Result<void> {
        return remember_in(tx, scope, make(request), at);
    };
}

asio::awaitable<Result<void>> remember(Api& api, IdempotencyScope scope, const Response& answer) {
    store::Change<int> change =
        [row = row_of(scope, answer, api.now())](store::Tx& tx) -> domain::Result<int> {
        if (domain::Result<void> kept = tx.idempotency().insert(row); !kept) return kept.error();
        return 0;
    };
    const Result<int> written = co_await api.services.store.write(std::move(change));
    if (!written) co_return written.error();
    co_return Result<void>();
}

}  // namespace cabroker::api
