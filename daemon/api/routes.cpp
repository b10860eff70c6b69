// The route table. What is not in here answers 404 and is absent from docs/openapi.yaml.
#include <array>

#include "daemon/api/handlers.hpp"
#include "daemon/api/router.hpp"

namespace cabroker::api {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 13> kRequestFilters{
    "state", "kind",  "brand",         "supplier", "adapter", "order",     "external_ref",
    "label", "limit", "created_after", "q",        "sort",    "page_token"};
constexpr std::array<std::string_view, 11> kOrderFilters{
    "brand", "supplier", "status", "common_name", "supplier_order_id", "platform_order_id",
    "label", "q",        "sort",   "limit",       "page_token"};
constexpr std::array<std::string_view, 2> kWait{"wait", "for"};
constexpr std::array<std::string_view, 2> kPage{"limit", "page_token"};
constexpr std::array<std::string_view, 2> kImport{"dry_run", "map*"};
constexpr std::array<std::string_view, 4> kEvents{"after", "limit", "request", "type"};

constexpr Access kViewer = Access::viewer;
constexpr Access kOperator = Access::operator_;
constexpr Access kApprover = Access::approver;
constexpr Access kAdmin = Access::admin;
constexpr BodyKind kNone = BodyKind::none;
constexpr BodyKind kJson = BodyKind::json;

constexpr std::array kRoutes{
    Route{"GET", "/v1/requests/{id}", kViewer, kNone, Names(kWait), get_request},
    Route{"POST", "/v1/requests", kOperator, kJson, {}, post_request},
    Route{"GET", "/v1/requests", kViewer, kNone, Names(kRequestFilters), get_requests},
    Route{"PATCH", "/v1/requests/{id}", kOperator, kJson, {}, patch_request},
    Route{"POST", "/v1/requests/{id}/cancel", kOperator, kJson, {}, post_cancel},
    Route{"POST", "/v1/requests/{id}/retry", kOperator, kJson, {}, post_retry},
    Route{"POST", "/v1/requests/{id}/approve", kApprover, kJson, {}, post_approve},
    Route{"POST", "/v1/requests/{id}/reject", kApprover, kJson, {}, post_reject},
    Route{"POST", "/v1/requests/{id}/resolve", kOperator, kJson, {}, post_resolve},
    Route{"POST", "/v1/requests/{id}/inputs", kOperator, kJson, {}, post_input},
    Route{"POST", "/v1/requests/{id}/comments", kOperator, kJson, {}, post_comment},
    Route{"GET", "/v1/requests/{id}/comments", kViewer, kNone, Names(kPage), get_comments},
    Route{"GET", "/v1/requests/{id}/timeline", kViewer, kNone, Names(kPage), get_timeline},
    Route{"GET", "/v1/requests/{id}/messages", kViewer, kNone, Names(kPage), get_messages},
    Route{"GET", "/v1/requests/{id}/artifacts", kViewer, kNone, Names(kPage), get_artifacts},
    Route{"GET", "/v1/messages/{id}", kViewer, kNone, {}, get_message},
    Route{"GET", "/v1/messages/{id}/raw", kViewer, kNone, {}, get_message_raw},
    Route{"GET", "/v1/artifacts/{id}/content", kViewer, kNone, {}, get_artifact_content},
    Route{"GET", "/v1/orders", kViewer, kNone, Names(kOrderFilters), get_orders},
    Route{"POST", "/v1/orders", kOperator, kJson, {}, post_order},
    Route{"POST", "/v1/orders/import", kOperator, BodyKind::csv, Names(kImport), post_order_import},
    Route{"GET", "/v1/orders/{id}", kViewer, kNone, {}, get_order},
    Route{"PATCH", "/v1/orders/{id}", kOperator, kJson, {}, patch_order},
    Route{"POST", "/v1/route-preview", kViewer, kJson, {}, post_route_preview},
    Route{"POST", "/v1/csr/inspect", kViewer, kJson, {}, post_csr_inspect},
    Route{"GET", "/v1/adapters", kViewer, kNone, Names(kPage), get_adapters},
    Route{"GET", "/v1/adapters/{name}", kViewer, kNone, {}, get_adapter},
    Route{"POST", "/v1/adapters/{name}/pause", kAdmin, kJson, {}, post_adapter_pause},
    Route{"POST", "/v1/adapters/{name}/resume", kAdmin, kJson, {}, post_adapter_resume},
    Route{"POST", "/v1/adapters/{name}/check", kOperator, kJson, {}, post_adapter_check},
    Route{"GET", "/v1/adapters/{name}/sessions", kOperator, kNone, Names(kPage),
          get_adapter_sessions},
    Route{"GET", "/v1/routes", kViewer, kNone, Names(kPage), get_routes},
    Route{"GET", "/v1/events", kViewer, kNone, Names(kEvents), get_events},
    Route{"GET", "/v1/version", Access::open, kNone, {}, get_version},
    Route{"GET", "/v1/health", kViewer, kNone, {}, get_health},
    Route{"GET", "/v1/whoami", Access::known, kNone, {}, get_whoami},
    Route{"GET", "/v1/stats", kViewer, kNone, {}, get_stats},
    Route{"GET", "/v1/openapi.json", kViewer, kNone, {}, get_openapi},
    Route{"GET", "/healthz", Access::open, kNone, {}, get_healthz},
    Route{"GET", "/readyz", Access::known, kNone, {}, get_readyz},
    Route{"GET", "/metrics", Access::metrics, kNone, {}, get_metrics},
};

}  // namespace

std::span<const Route> routes() { return kRoutes; }

}  // namespace cabroker::api
