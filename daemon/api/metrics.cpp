#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "daemon/api/handlers.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/request_counts.hpp"
#include "daemon/engine/change_hub.hpp"
#include "daemon/store/store.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::api {
namespace {

using prometheus::MetricFamily;
using Families = std::vector<MetricFamily>;
using Labels = std::vector<std::pair<std::string, std::string>>;

MetricFamily family(const char* name, const char* help, prometheus::MetricType type) {
    MetricFamily made;
    made.name = name;
    made.help = help;
    made.type = type;
    return made;
}

MetricFamily gauge(const char* name, const char* help) {
    return family(name, help, prometheus::MetricType::Gauge);
}

MetricFamily counter(const char* name, const char* help) {
    return family(name, help, prometheus::MetricType::Counter);
}

void sample(MetricFamily& to, double value, const Labels& labels = {}) {
    prometheus::ClientMetric metric;
    for (const auto& [name, text] : labels) {
        prometheus::ClientMetric::Label label;
        label.name = name;
        label.value = text;
        metric.label.push_back(std::move(label));
    }
    if (to.type == prometheus::MetricType::Counter) {
        metric.counter.value = value;
    } else {
        metric.gauge.value = value;
    }
    to.metric.push_back(std::move(metric));
}

template <class Number>
MetricFamily single(MetricFamily made, Number value) {
    sample(made, static_cast<double>(value));
    return made;
}

MetricFamily requests_family(const Counts& counts) {
    MetricFamily requests = gauge("cabroker_requests", "Requests in the store by state and kind.");
    for (const store::RequestCount& each : counts) {
        sample(requests, static_cast<double>(each.count),
               {{"state", std::string(domain::name_of(each.state))},
                {"kind", std::string(domain::name_of(each.kind))}});
    }
    return requests;
}

void add_server(const Api& api, Families& all) {
    MetricFamily http =
        counter("cabroker_http_responses_total", "Answers given, by method and status.");
    for (const HttpCounts::Entry& entry : api.counts.entries()) {
        sample(http, static_cast<double>(entry.count),
               {{"method", std::string(entry.method)}, {"status", std::to_string(entry.status)}});
    }
    all.push_back(std::move(http));
    all.push_back(single(gauge("cabroker_connections", "Open connections."), api.connections));
    all.push_back(single(counter("cabroker_connections_total", "Connections accepted."),
                         api.connections_accepted));
    all.push_back(
        single(counter("cabroker_timeouts_total", "Clients that were too slow."), api.timeouts));
    all.push_back(single(gauge("cabroker_waiting", "Clients that wait for a change."),
                         api.services.changes.waiting()));
    all.push_back(
        single(gauge("cabroker_tasks", "Coroutines running."), runtime::spawned_running()));
    all.push_back(single(counter("cabroker_tasks_failed_total", "Coroutines that threw."),
                         runtime::spawned_failed()));
}

void add_store(const Api& api, Families& all) {
    const store::StoreStats stats = api.services.store.stats();
    all.push_back(
        single(counter("cabroker_store_writes_total", "Changes committed."), stats.writes));
    all.push_back(single(counter("cabroker_store_commits_total", "Transactions."), stats.commits));
    all.push_back(
        single(gauge("cabroker_store_queued", "Changes waiting for the writer."), stats.queued));
    all.push_back(single(gauge("cabroker_store_healthy", "1 as long as the disk takes writes."),
                         api.services.store.healthy() ? 1 : 0));
}

void add_adapters(const Api& api, Families& all) {
    MetricFamily up = gauge("cabroker_adapter_up", "1 when the adapter can be asked.");
    MetricFamily paused = gauge("cabroker_adapter_paused", "1 when an admin paused it.");
    MetricFamily busy = gauge("cabroker_adapter_in_flight", "Steps under way.");
    for (const engine::AdapterStatus& adapter : api.services.adapters.adapters()) {
        const Labels labels{{"adapter", adapter.name}};
        sample(up, adapter.state == "up" ? 1 : 0, labels);
        sample(paused, adapter.paused ? 1 : 0, labels);
        sample(busy, static_cast<double>(adapter.in_flight), labels);
    }
    all.push_back(std::move(up));
    all.push_back(std::move(paused));
    all.push_back(std::move(busy));
}

}  // namespace

/// GET /metrics: Prometheus text format; labels come from fixed sets and the configuration only.
Answer get_metrics(Api& api, CallPtr) {
    const Result<Counts> counts = co_await count_requests(api);
    if (!counts) co_return problem(counts.error());
    Families all;
    all.push_back(requests_family(*counts));
    add_server(api, all);
    add_store(api, all);
    add_adapters(api, all);
    const prometheus::TextSerializer serializer;
    std::string text = serializer.prometheus::Serializer::Serialize(all);
    if (api.services.more_metrics) text += api.services.more_metrics();
    co_return Response(200, "text/plain; version=0.0.4; charset=utf-8", std::move(text));
}

}  // namespace cabroker::api
