// Every handler of the route table. Each answers one method of one route; what it may answer is in
// docs/openapi.yaml.
#pragma once

#include "daemon/api/api.hpp"

namespace cabroker::api {

using Answer = asio::awaitable<Response>;

// system.cpp
Answer get_healthz(Api& api, ApiCall call);
Answer get_readyz(Api& api, ApiCall call);
Answer get_version(Api& api, ApiCall call);
Answer get_health(Api& api, ApiCall call);
Answer get_whoami(Api& api, ApiCall call);
Answer get_openapi(Api& api, ApiCall call);
// stats.cpp
Answer get_stats(Api& api, ApiCall call);
Answer get_metrics(Api& api, ApiCall call);
// request_create.cpp
Answer post_request(Api& api, ApiCall call);
Answer post_route_preview(Api& api, ApiCall call);
// request_read.cpp
Answer get_requests(Api& api, ApiCall call);
Answer get_request(Api& api, ApiCall call);
// request_change.cpp
Answer patch_request(Api& api, ApiCall call);
Answer post_cancel(Api& api, ApiCall call);
Answer post_retry(Api& api, ApiCall call);
Answer post_approve(Api& api, ApiCall call);
Answer post_reject(Api& api, ApiCall call);
Answer post_comment(Api& api, ApiCall call);
Answer post_input(Api& api, ApiCall call);
// request_resolve.cpp
Answer post_resolve(Api& api, ApiCall call);
// request_record.cpp
Answer get_timeline(Api& api, ApiCall call);
Answer get_comments(Api& api, ApiCall call);
Answer get_messages(Api& api, ApiCall call);
Answer get_artifacts(Api& api, ApiCall call);
// documents.cpp
Answer get_message(Api& api, ApiCall call);
Answer get_message_raw(Api& api, ApiCall call);
Answer get_artifact_content(Api& api, ApiCall call);
// orders.cpp
Answer get_orders(Api& api, ApiCall call);
Answer post_order(Api& api, ApiCall call);
Answer get_order(Api& api, ApiCall call);
Answer patch_order(Api& api, ApiCall call);
// order_import.cpp
Answer post_order_import(Api& api, ApiCall call);
// csr.cpp
Answer post_csr_inspect(Api& api, ApiCall call);
// adapters.cpp
Answer get_adapters(Api& api, ApiCall call);
Answer get_adapter(Api& api, ApiCall call);
Answer post_adapter_pause(Api& api, ApiCall call);
Answer post_adapter_resume(Api& api, ApiCall call);
Answer post_adapter_check(Api& api, ApiCall call);
Answer get_adapter_sessions(Api& api, ApiCall call);
Answer get_routes(Api& api, ApiCall call);
// events.cpp
Answer get_events(Api& api, ApiCall call);

}  // namespace cabroker::api
