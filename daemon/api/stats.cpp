#include <boost/json.hpp>

#include "daemon/api/handlers.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/representation.hpp"
#include "daemon/api/request_counts.hpp"
#include "daemon/engine/change_hub.hpp"
#include "daemon/store/store.hpp"
#include "json/time_text.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;

std::int64_t seconds_up(const Api& api) {
    return std::chrono::duration_cast<std::chrono::seconds>(api.now() - api.started_at).count();
}

bj::object requests_json(const Counts& counts) {
    bj::object by_state;
    for (const auto& word : domain::words<domain::State>())
        by_state[bj::string_view(word.name.data(), word.name.size())] = 0;
    bj::object by_kind;
    for (const auto& word : domain::words<domain::Kind>())
        by_kind[bj::string_view(word.name.data(), word.name.size())] = 0;
    std::int64_t total = 0;
    for (const store::RequestCount& each : counts) {
        const std::string state(domain::name_of(each.state));
        const std::string kind(domain::name_of(each.kind));
        by_state[state] = by_state[state].as_int64() + each.count;
        by_kind[kind] = by_kind[kind].as_int64() + each.count;
        total += each.count;
    }
    bj::object body;
    body["total"] = total;
    body["by_state"] = std::move(by_state);
    body["by_kind"] = std::move(by_kind);
    return body;
}

}  // namespace

asio::awaitable<Result<Counts>> count_requests(Api& api) {
    store::Scan<Counts> scan = [](const store::Reader& reader) -> domain::Result<Counts> {
        return reader.requests().counts();
    };
    co_return co_await api.services.store.scan(std::move(scan));
}

/// GET /v1/stats: what there is and how busy the daemon is.
Answer get_stats(Api& api, CallPtr) {
    const Result<Counts> counts = co_await count_requests(api);
    if (!counts) co_return problem(counts.error());
    const store::StoreStats stats = api.services.store.stats();
    bj::object written;
    written["writes"] = stats.writes;
    written["commits"] = stats.commits;
    written["refused"] = stats.refused;
    written["checkpoints"] = stats.checkpoints;
    written["queued"] = stats.queued;
    bj::object body;
    body["started_at"] = json::time_text(api.started_at);
    body["uptime_seconds"] = seconds_up(api);
    body["requests"] = requests_json(*counts);
    body["connections"] = api.connections;
    body["waiting"] = api.services.changes.waiting();
    body["event_cursor"] = api.services.store.reader().events().last_seq();
    body["store"] = std::move(written);
    co_return object_response(200, body);
}

}  // namespace cabroker::api
