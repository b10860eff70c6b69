// Every handler of the route table. Each answers one method of one route; what it may answer is in
// docs/openapi.yaml. The call is theirs: what they give back early is not in memory while they
// wait.
#pragma once

#include "daemon/api/api.hpp"

namespace cabroker::api {

using Answer = asio::awaitable<Response>;

// system.cpp
Answer get_healthz(Api& api, CallPtr call);
Answer get_readyz(Api& api, CallPtr call);
Answer get_version(Api& api, CallPtr call);
Answer get_health(Api& api, CallPtr call);
Answer get_whoami(Api& api, CallPtr call);
Answer get_openapi(Api& api, CallPtr call);
// stats.cpp
Answer get_stats(Api& api, CallPtr call);
Answer get_metrics(Api& api, CallPtr call);
// request_create.cpp
Answer post_request(Api& api, CallPtr call);
Answer post_route_preview(Api& api, CallPtr call);
// request_read.cpp
Answer get_requests(Api& api, CallPtr call);
Answer get_request(Api& api, CallPtr call);
// request_change.cpp
Answer patch_request(Api& api, CallPtr call);
Answer post_cancel(Api& api, CallPtr call);
Answer post_retry(Api& api, CallPtr call);
Answer post_approve(Api& api, CallPtr call);
Answer post_reject(Api& api, CallPtr call);
Answer post_comment(Api& api, CallPtr call);
Answer post_input(Api& api, CallPtr call);
// request_resolve.cpp
Answer post_resolve(Api& api, CallPtr call);
// request_record.cpp
Answer get_timeline(Api& api, CallPtr call);
Answer get_comments(Api& api, CallPtr call);
Answer get_messages(Api& api, CallPtr call);
Answer get_artifacts(Api& api, CallPtr call);
// documents.cpp
Answer get_message(Api& api, CallPtr call);
Answer get_message_raw(Api& api, CallPtr call);
Answer get_artifact_content(Api& api, CallPtr call);
// orders.cpp
Answer get_orders(Api& api, CallPtr call);
Answer post_order(Api& api, CallPtr call);
Answer get_order(Api& api, CallPtr call);
Answer patch_order(Api& api, CallPtr call);
// order_import.cpp
Answer post_order_import(Api& api, CallPtr call);
// csr.cpp
Answer post_csr_inspect(Api& api, CallPtr call);
// adapters.cpp
Answer get_adapters(Api& api, CallPtr call);
Answer get_adapter(Api& api, CallPtr call);
Answer post_adapter_pause(Api& api, CallPtr call);
Answer post_adapter_resume(Api& api, CallPtr call);
Answer post_adapter_check(Api& api, CallPtr call);
Answer get_adapter_sessions(Api& api, CallPtr call);
Answer get_routes(Api& api, CallPtr call);
// events.cpp
Answer get_events(Api& api, CallPtr call);

}  // namespace cabroker::api
